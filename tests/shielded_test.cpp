// SPDX-License-Identifier: MIT
// Shielded work: A-5. Nothing that contains it cancels it, nor shutdown before its deadline.
#include "support/engines.hpp"
#include "support/gate.hpp"

#include <aio/aio.hpp>

#include <system_error>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

const options shield{.shielded = true};

/// What takes too long: a call that waits, or, where there is no thread for it, virtual time.
task<result<>> stuck(const gate& closed, bool has_threads) {
    auto ended = has_threads ? co_await closed.work() : co_await busy(1h);
    co_return ended;
}

class Shielded : public engine_test {
  protected:
    /// What came, in the order of asking: 0 or an errno.
    std::vector<int> seen;

    auto note() {
        return [this](result<> outcome) { seen.push_back(code(outcome)); };
    }
    static int code(const result<>& outcome) { return outcome ? 0 : outcome.error().value(); }

    static task<> note_two(std::vector<int>& seen) {
        auto one = co_await busy(0s);
        seen.push_back(code(one));
        auto [two, three] = co_await when_all(busy(0s), call([] {}));
        seen.push_back(code(two));
        seen.push_back(code(three));
    }
};

TEST_P(Shielded, AreNotCancelledWithTheOthersOfWhenAll) {
    auto io = make_queueing_context();
    struct tasks {
        static task<> both(std::vector<int>& seen) {
            auto [kept, given_up] = co_await when_all(busy(0s).with(shield), busy(0s));
            seen = {code(kept), code(given_up)};
        }
    };
    request started = io->submit(tasks::both(seen), [] {});
    io->poll();
    started.cancel();
    io->flush();
    EXPECT_EQ(seen, (std::vector{0, ECANCELED}));
}

TEST_P(Shielded, AreNotCancelledWithTheOthersOfAVector) {
    auto io = make_queueing_context();
    struct tasks {
        static task<> waiting(std::vector<int>& seen, bool any) {
            std::vector<operation<>> works;
            works.push_back(busy(0s));
            works.push_back(busy(0s).with(shield));
            works.push_back(busy(0s));
            if (any) {
                auto first = co_await when_any(std::move(works));
                for (const result<>& each : first.outcomes)
                    seen.push_back(code(each));
            } else {
                auto all = co_await when_all(std::move(works));
                for (const result<>& each : all)
                    seen.push_back(code(each));
            }
        }
    };
    for (const bool any : {false, true}) {
        seen.clear();
        request task = io->submit(tasks::waiting(seen, any), [] {});
        io->poll();
        task.cancel();
        io->flush();
        EXPECT_EQ(seen, (std::vector<int>{ECANCELED, 0, ECANCELED}));
    }
}

TEST_P(Shielded, AreNotCancelledByTheFirstOfWhenAny) {
    auto io = make_queueing_context();
    struct tasks {
        static task<> race(std::vector<int>& seen) {
            const options first{.priority = highest_priority};
            auto [index, all] = co_await when_any(busy(0s).with(shield), busy(0s), nop().with(first));
            EXPECT_EQ(index, 2U);
            seen = {code(std::get<0>(all)), code(std::get<1>(all)), code(std::get<2>(all))};
        }
    };
    io->submit(tasks::race(seen), [] {});
    io->flush();
    EXPECT_EQ(seen, (std::vector{0, ECANCELED, 0}));
}

TEST_P(Shielded, AreNotCancelledWithTheirGroup) {
    auto io = make_queueing_context();
    group all(*io);
    all.add(busy(0s).with(shield), note());
    request own = all.add(busy(0s).with(shield), note());
    all.add(busy(0s), [&](result<> outcome) { EXPECT_EQ(code(outcome), ECANCELED); });
    all.cancel();
    own.cancel();
    io->flush();
    EXPECT_EQ(seen, (std::vector{ECANCELED, 0})) << "or not by their own handle either";
}

TEST_P(Shielded, OutliveShutdown) {
    auto io = make_queueing_context();
    io->submit(busy(0s).with(shield), note());
    io->submit(busy(0s), [&](result<> outcome) { EXPECT_EQ(code(outcome), ECANCELED); });
    io->submit(note_two(seen).with(shield), [] {});
    const shutdown_report report = io->shutdown();
    EXPECT_EQ(report.outstanding, 3U);
    EXPECT_EQ(report.abandoned, 0U);
    EXPECT_EQ(seen, (std::vector{0, 0, 0, 0}));
}

TEST_P(Shielded, OutliveShutdownWhileTheyRun) {
    auto io = make_context();
    io->submit(busy(20ms).with(shield), note());
    io->submit(busy(20ms), [&](result<> outcome) { EXPECT_EQ(code(outcome), ECANCELED); });
    io->poll();
    io->shutdown();
    EXPECT_EQ(seen, (std::vector{0}));
}

TEST_P(Shielded, ProtectWhatTheyAwait) {
    for (const deadline& until : {deadline(), deadline(1h)}) {  // in its place; as a request of its own
        auto io = make_queueing_context();
        seen.clear();
        struct tasks {
            static task<> cleaning(std::vector<int>& seen, deadline until) {
                auto stopped = co_await busy(0s);
                EXPECT_EQ(code(stopped), ECANCELED);
                const options how{.deadline = until, .shielded = true};
                co_await note_two(seen).with(how);
                auto after = co_await busy(0s);
                EXPECT_EQ(code(after), ECANCELED) << "what is not shielded stays cancelled";
            }
        };
        io->submit(tasks::cleaning(seen, until), [] {});
        io->poll();
        io->shutdown();
        EXPECT_EQ(seen, (std::vector{0, 0, 0}));
    }
}

TEST_P(Shielded, AreGivenUpAtTheirOwnDeadline) {
    const gate closed;
    auto io = make_context();
    struct tasks {
        static task<> cleaning(task<result<>> one, task<result<>> two, std::vector<int>& seen) {
            const options how{.deadline = 10ms, .shielded = true};
            co_await late(std::move(one), std::move(two), seen).with(how);
        }
        static task<> late(task<result<>> one, task<result<>> two, std::vector<int>& seen) {
            auto [first, second] = co_await when_all(std::move(one), std::move(two));
            seen = {code(first), code(second)};
        }
    };
    const bool threads = GetParam().has_threads;
    io->submit(tasks::cleaning(stuck(closed, threads), stuck(closed, threads), seen), [] {});
    io->flush();
    EXPECT_EQ(seen, (std::vector{ETIMEDOUT, ETIMEDOUT}));
}

TEST_P(Shielded, AreGivenUpAtShutdownsDeadline) {
    const gate closed;
    auto io = make_context();
    struct tasks {
        static task<> cleaning(task<result<>> first, std::vector<int>& seen) {
            auto given_up = co_await std::move(first);
            seen.push_back(code(given_up));
            auto refused = co_await busy(0s);
            seen.push_back(code(refused));
        }
    };
    io->submit(tasks::cleaning(stuck(closed, GetParam().has_threads), seen).with(shield), [] {});
    io->poll();
    io->shutdown(10ms);
    io->flush();
    EXPECT_EQ(seen, (std::vector{ETIMEDOUT, ETIMEDOUT}));
}

AIO_ON_EVERY_ENGINE(Shielded);

}  // namespace
}  // namespace aio::test
