// SPDX-License-Identifier: MIT
// Deadlines: of operations, functions, tasks; of poll's relatives in poll_test.
#include "support/child.hpp"
#include "support/engines.hpp"
#include "support/gate.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Deadline : public engine_test {};

TEST_P(Deadline, InThePastEndsItTimedOutInEveryWayOfUse) {
    for (way how : all_ways) {
        for (deadline past : {deadline(0s), deadline(-5s), deadline(clock::time_point())}) {
            SCOPED_TRACE(name_of(how));
            auto io = make_queueing_context();
            auto outcome = use(how, *io, busy(0s).with({.deadline = past}));
            EXPECT_EQ(outcome.error(), std::errc::timed_out);
        }
    }
}

TEST_P(Deadline, InThePastKeepsARequestFromRunning) {
    auto io = make_context();
    bool has_run = false;
    std::error_code outcome;
    io->submit(call([&] { has_run = true; }).with({.deadline = 0s}), [&](const result<>& given) {
        if (!given) outcome = given.error();
    });
    std::this_thread::sleep_for(20ms);  // for a thread that must not begin
    io->flush();
    EXPECT_EQ(outcome, std::errc::timed_out);
    EXPECT_FALSE(has_run);
}

TEST_P(Deadline, MayBeLongerThanTheClockCanSay) {
    constexpr clock::time_point never = clock::time_point::max();
    static_assert(deadline(std::chrono::hours::max()).from(clock::time_point(1s)) == never);
    static_assert(deadline(std::chrono::seconds::max()).from(clock::time_point(1s)) == never);
    static_assert(deadline(std::chrono::hours::min()).from(clock::time_point(1s)) < clock::time_point(0s));
    auto io = make_context();
    EXPECT_TRUE(io->run(busy(0s).with({.deadline = std::chrono::hours::max()})));
}

TEST_P(Deadline, EndsARequestThatTakesTooLong) {
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        auto io = make_context();
        auto outcome = use(how, *io, busy(200ms).with({.deadline = 3ms}));
        EXPECT_EQ(outcome.error(), std::errc::timed_out);
        EXPECT_EQ(outcome.error().value(), ETIMEDOUT);
    }
}

TEST_P(Deadline, OfAQueuedRequestKeepsItFromRunning) {
    temporary_tree tree;
    const std::string kept = tree.write("kept");
    auto io = make_queueing_context();
    auto outcome = result<>();
    io->submit(unlink(kept).with({.deadline = 0s}), [&](result<> given) { outcome = given; });
    io->poll();
    EXPECT_EQ(outcome.error(), std::errc::timed_out);
    EXPECT_TRUE(exists(kept));
}

TEST_P(Deadline, ThatIsNotReachedChangesNothing) {
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        auto io = make_context();
        EXPECT_TRUE(use(how, *io, busy(0s).with({.deadline = 1h})));
        EXPECT_TRUE(use(how, *io, busy(0s).with({.deadline = std::chrono::nanoseconds::max()})));
        EXPECT_TRUE(use(how, *io, busy(0s).with({.deadline = clock::time_point::max()})));
        EXPECT_TRUE(use(how, *io, busy(0s).with({.deadline = std::chrono::hours(1'000'000)})));
    }
}

TEST_P(Deadline, EachRequestHasItsOwn) {
    auto io = make_context();
    int late = 0;
    int punctual = 0;
    for (int i = 0; i < 20; ++i) {
        auto receive = [&](result<> outcome) { ++(outcome ? punctual : late); };
        io->submit(busy(i % 2 ? 100ms : 0ms).with({.priority = i % 2 ? 0 : 4, .deadline = i % 2 ? 5ms : 10s}),
                   receive);
    }
    io->flush();
    EXPECT_EQ(late, 10);
    EXPECT_EQ(punctual, 10);
}

TEST_P(Deadline, AndCancelGiveOneOutcomeTheFirst) {
    auto io = make_queueing_context();
    int delivered = 0;
    request started = io->submit(busy(0s).with({.deadline = 1h}), [&](result<> outcome) {
        ++delivered;
        EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
    });
    started.cancel();
    io->flush();
    EXPECT_EQ(delivered, 1);
}

TEST_P(Deadline, OfAGroupMemberLetsTheGroupEnd) {
    auto io = make_context();
    bool ended = false;
    group all(*io, {}, [&](result<> outcome) {
        EXPECT_TRUE(outcome);
        ended = true;
    });
    all.add(busy(200ms).with({.deadline = 2ms}),
            [](result<> outcome) { EXPECT_EQ(outcome.error(), std::errc::timed_out); });
    io->flush();
    EXPECT_TRUE(ended);
}

AIO_ON_EVERY_ENGINE(Deadline);

using DeadlineOfThreads = leak_checked;

TEST_F(DeadlineOfThreads, MakesTheDescriptorReadable) {  // a loop that only watches fd() learns of it
    context io;
    gate closed;
    result<> outcome;
    io.submit(closed.work().with({.deadline = 5ms}), [&](result<> given) { outcome = given; });
    io.poll();
    while (outcome) {
        ASSERT_TRUE(becomes_readable(io.fd()));
        io.poll();
    }
    EXPECT_EQ(outcome.error(), std::errc::timed_out);
    EXPECT_TRUE(eventually([&] { return io.poll(), !is_readable(io.fd()); })) << "served, so no longer due";
}

TEST_F(DeadlineOfThreads, PassingInAPollThatGoesOnIsServedInIt) {  // C-DEADLINE
    context io;
    gate closed;
    int delivered = 0;
    int before = -1;
    const auto due = clock::now() + 5ms;
    io.submit(closed.work().with({.priority = highest_priority, .deadline = due}), [&](result<> outcome) {
        EXPECT_EQ(outcome.error(), std::errc::timed_out);
        before = delivered;
    });
    for (int i = 0; i < 1000; ++i)
        io.submit(nop(), [&](result<>) {
            ++delivered;
            std::this_thread::sleep_until(due);
        });
    io.poll();
    EXPECT_EQ(delivered, 1000);
    EXPECT_GE(before, 0);
    EXPECT_LT(before, 100);
}

TEST_F(DeadlineOfThreads, SetByAnotherThreadWakesASleepingPoller) {
    context io;
    gate closed;
    io.submit(closed.work(), [](result<>) {});
    int late = 0;
    std::thread other([&] {
        closed.await_entered();
        io.submit(closed.work().with({.deadline = 5ms}), [&](result<> outcome) { late += !outcome; });
    });
    while (!late) {
        io.wait();
        io.poll();
    }
    other.join();
    closed.open();
    io.flush();
    EXPECT_EQ(late, 1);
}

TEST_F(DeadlineOfThreads, GivesUpARunningFunctionAndDestroysWhatItReturns) {
    context io;
    gate closed;
    auto owned = std::make_shared<int>(7);
    std::weak_ptr<int> watched = owned;
    result<std::shared_ptr<int>> outcome;
    io.submit(closed.work(std::move(owned)).with({.deadline = 5ms}),
              [&](auto&& given) { outcome = std::move(given); });
    io.flush();
    EXPECT_EQ(outcome.error(), std::errc::timed_out);
    EXPECT_EQ(io.statistics().abandoned, 1U);
    EXPECT_EQ(io.statistics().outstanding, 0U);
    EXPECT_FALSE(watched.expired());
    closed.open();
    EXPECT_TRUE(eventually([&] { return watched.expired(); }));
}

TEST_F(DeadlineOfThreads, PassingWhileAFunctionReturnsGivesOneOutcome) {  // for ASan and TSan
    context io;
    int delivered = 0;
    for (int i = 0; i < 300; ++i) {
        auto work = [] {
            const auto end = clock::now() + 200us;
            while (clock::now() < end) {
            }
            return std::string(100, 'x');
        };
        io.submit(call(work).with({.deadline = 200us}), [&](result<std::string> text) {
            ++delivered;
            if (text) {
                EXPECT_EQ(text->size(), 100U);
            } else {
                EXPECT_EQ(text.error(), std::errc::timed_out);
            }
        });
        io.flush();
    }
    EXPECT_EQ(delivered, 300);
}

TEST_F(DeadlineOfThreads, PassingInsideSubmitLeaksNothing) {  // nop is made by whoever submits it
    context io;
    std::atomic<bool> submitted{false};
    int outcomes = 0;
    std::vector<request> handles;
    std::thread other([&] {
        for (int i = 0; i < 50'000; ++i)
            handles.push_back(io.submit(nop().with({.deadline = 1us}), [&](result<>) { ++outcomes; }));
        submitted = true;
    });
    while (!submitted)
        io.poll();
    other.join();
    EXPECT_TRUE(io.flush());
    EXPECT_EQ(outcomes, 50'000);
    for (const request& each : handles)
        ASSERT_EQ(each.block()->references, 1U) << "somebody still holds it";
}

TEST_F(DeadlineOfThreads, NeverGivesUpTheCallersBuffer) {  // safety.md: not before the kernel is done with it
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    context io;
    std::array<std::byte, 8> buffer{};
    int delivered = 0;
    io.submit(read(ends[0], std::span<std::byte>(buffer)).with({.deadline = 2ms}),
              [&](result<std::size_t> got) {
                  ++delivered;
                  EXPECT_EQ(got.value(), 2U);
              });
    ASSERT_TRUE(eventually([&] { return io.statistics().running == 1; }));
    EXPECT_FALSE(io.flush(20ms));
    EXPECT_EQ(delivered, 0);
    ASSERT_EQ(::write(ends[1], "ab", 2), 2);
    EXPECT_TRUE(io.flush());
    EXPECT_EQ(delivered, 1);
    ::close(ends[0]);
    ::close(ends[1]);
}

}  // namespace
}  // namespace aio::test
