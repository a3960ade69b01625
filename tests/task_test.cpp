// SPDX-License-Identifier: MIT
// Tasks: every shape of coroutine that a sample may show (kernel-facts.md B1 to B6), cancellation,
// exceptions.
#include "support/engines.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>

#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Task : public engine_test {};

/// What has a name is awaited by std::move only.
template <class Work>
concept awaits_lvalues = requires(Work& work) { work.operator co_await(); };
static_assert(!awaits_lvalues<operation<>> && !awaits_lvalues<task<>> && awaits_lvalues<group>);

task<int> number(int value) {
    co_return value;
}

task<result<int>> slept(int value) {
    auto done = co_await busy(0s);
    if (!done) co_return std::unexpected(done.error());
    co_return value;
}

TEST_P(Task, DoesNothingUntilItIsStarted) {
    bool began = false;
    struct tasks {
        static task<> noting(bool& began) {
            began = true;
            co_return;
        }
    };
    {
        task<> dropped = tasks::noting(began);
    }
    EXPECT_FALSE(began);
    auto io = make_context();
    io->submit(tasks::noting(began), [] {});
    EXPECT_FALSE(began) << "M-2: runs in poll only";
    io->poll();
    EXPECT_TRUE(began);
}

TEST_P(Task, GivesItsValueInEveryWayOfUse) {
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        auto io = make_context();
        EXPECT_EQ(use(how, *io, number(3)), 3);
        EXPECT_EQ(use(how, *io, slept(4)).value(), 4);
    }
}

TEST_P(Task, WithoutAFrameTakesOptionsAndIsWantOfMemory) {
    auto io = make_context();
    EXPECT_EQ(io->run(task<result<int>>().with({.priority = 3})).error(), std::errc::not_enough_memory);
    EXPECT_THROW(static_cast<void>(io->run(task<int>().with({.priority = 3}))), std::bad_alloc);
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Task, ThatWasMovedFromSaysSo) {
    auto io = make_context();
    auto first = slept(4);
    auto second = std::move(first);
    EXPECT_EQ(io->run(std::move(first)).error(), std::errc::invalid_argument);  // NOLINT: on purpose
    EXPECT_EQ(io->run(std::move(second)).value(), 4);
    EXPECT_EQ(io->run(std::move(second)).error(), std::errc::invalid_argument);  // NOLINT: on purpose
    struct tasks {
        static task<int> twice() {
            auto once = number(3);
            const int first = co_await std::move(once);
            const int second = co_await std::move(once);  // NOLINT: on purpose
            co_return first + second;
        }
    };
    EXPECT_THROW(static_cast<void>(io->run(tasks::twice())), std::logic_error);
}

TEST_P(Task, OfNothingCallsBackWithNothing) {
    auto io = make_context();
    struct tasks {
        static task<> nothing() {
            auto done = co_await busy(0s);
            EXPECT_TRUE(done);
        }
    };
    int calls = 0;
    io->submit(tasks::nothing(), [&] { ++calls; });
    group all(*io);
    all.add(tasks::nothing(), [&] { ++calls; });
    static_cast<void>(io->run(tasks::nothing()));
    io->flush();
    EXPECT_EQ(calls, 2);
}

TEST_P(Task, AwaitsOthersAMillionTimesOnAConstantStack) {  // B5: symmetric transfer overflows the stack there
    auto io = make_context();
    struct tasks {
        static task<long> sum(int count) {
            long total = 0;
            for (int i = 0; i < count; ++i) {
                int one = co_await number(1);
                total += one;
            }
            co_return total;
        }
        static task<int> depth(int left) {
            if (!left) co_return 0;
            int below = co_await depth(left - 1);
            co_return below + 1;
        }
    };
    EXPECT_EQ(io->run(tasks::sum(1'000'000)), 1'000'000);
    EXPECT_EQ(io->run(tasks::depth(50'000)), 50'000);
}

TEST_P(Task, AwaitsWithoutLocals) {  // B1, in the form that the guide shows
    auto io = make_context();
    struct tasks {
        static task<bool> exists(std::string path) {
            auto found = co_await stat(path);
            if (!found) co_return false;
            co_return true;
        }
        static task<int> count(int to) {
            int n = 0;
            for (;;) {
                auto done = co_await busy(0s);
                if (!done || ++n == to) break;
            }
            co_return n;
        }
    };
    EXPECT_TRUE(io->run(tasks::exists("/")));
    EXPECT_FALSE(io->run(tasks::exists("/nonexistent")));
    EXPECT_EQ(io->run(tasks::count(10)), 10);
}

TEST_P(Task, TakesOptionsWrittenInPlace) {  // B2: {.priority = …, .stop = token} inside co_await
    auto io = make_context();
    struct tasks {
        static task<bool> with_options() {
            std::stop_source source;
            auto first = co_await busy(0s).with({.priority = 4, .deadline = 1h, .stop = source.get_token()});
            auto second = co_await stat(std::string("/") + "nonexistent").with({.priority = -4});
            source.request_stop();
            auto third = co_await busy(0s).with({.stop = source.get_token()});
            co_return first && !second && third.error() == std::errc::operation_canceled;
        }
    };
    EXPECT_TRUE(io->run(tasks::with_options()));
}

TEST_P(Task,
       TakesStringTemporariesInTheExpression) {  // B3's correct form, and borrowing from the full expression
    temporary_tree tree;
    tree.write("a-long-name-that-does-not-fit-a-small-string", "text");
    auto io = make_context();
    struct tasks {
        static task<std::string> first_bytes(std::string root) {
            auto opened = co_await open(
                root + "/" + std::string("a-long-name-that-does-not-fit-a-small-string"), O_RDONLY);
            if (!opened) co_return opened.error().message();
            auto text = co_await read(*opened, 100);
            if (!text) co_return text.error().message();
            auto closed = co_await close(std::move(*opened));
            co_return closed ? *text : closed.error().message();
        }
    };
    EXPECT_EQ(io->run(tasks::first_bytes(tree.root().string())), "text");
}

TEST_P(Task, AwaitsAUsersFunctionThatCaptures) {  // B2: the lambda is named, not written inside co_await
    auto io = make_context();
    struct tasks {
        static task<std::string> doubled(std::string text) {
            auto work = [copy = text] { return copy + copy; };
            auto twice = co_await call(std::move(work));
            co_return twice.value();
        }
    };
    EXPECT_EQ(io->run(tasks::doubled("a text longer than any small string buffer ")),
              "a text longer than any small string buffer a text longer than any small string buffer ");
}

TEST_P(Task, TakesMoveOnlyParametersAndValues) {
    auto io = make_context();
    struct tasks {
        static task<std::unique_ptr<int>> passing(std::unique_ptr<int> p) {
            auto done = co_await busy(0s);
            EXPECT_TRUE(done);
            co_return std::move(p);
        }
        static task<int> outer(std::unique_ptr<int> p) {
            auto back = co_await passing(std::move(p));
            co_return *back;
        }
    };
    EXPECT_EQ(io->run(tasks::outer(std::make_unique<int>(6))), 6);
}

TEST_P(Task, ThrowsWhatItsChildThrew) {
    auto io = make_context();
    struct tasks {
        static task<int> throwing(bool first_sleep) {
            if (first_sleep) {
                auto done = co_await busy(0s);
                EXPECT_TRUE(done);
            }
            throw std::runtime_error("child");
        }
        static task<std::string> catching(bool first_sleep) {
            std::string what;
            try {
                int never = co_await throwing(first_sleep);
                what = std::to_string(never);
            } catch (const std::runtime_error& thrown) {
                what = thrown.what();
            }
            auto done = co_await busy(0s);
            co_return done ? what : "?";
        }
        static task<int> passing() {
            int never = co_await throwing(true);
            co_return never;
        }
    };
    EXPECT_EQ(io->run(tasks::catching(false)), "child");
    EXPECT_EQ(io->run(tasks::catching(true)), "child");
    EXPECT_THROW(static_cast<void>(io->run(tasks::passing())), std::runtime_error);
    EXPECT_TRUE(io->flush());
}

TEST_P(Task, ThrowsWhatAChildOfNothingOrWithADeadlineThrew) {
    auto io = make_context();
    struct tasks {
        static task<> throwing(bool first_sleep) {
            if (first_sleep) {
                auto done = co_await busy(0s);
                EXPECT_TRUE(done);
            }
            throw std::runtime_error("child");
        }
        static task<std::string> catching(bool first_sleep, bool watched) {
            const options how = watched ? options{.deadline = 1h} : options();
            try {
                co_await throwing(first_sleep).with(how);
            } catch (const std::runtime_error& thrown) {
                co_return thrown.what();
            }
            co_return "nothing";
        }
    };
    for (const bool first_sleep : {false, true})
        for (const bool watched : {false, true})
            EXPECT_EQ(io->run(tasks::catching(first_sleep, watched)), "child");
    EXPECT_TRUE(io->flush());
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Task, SubmittedThrowsOutOfPoll) {  // M-6
    auto io = make_context();
    struct tasks {
        static task<int> throwing() {
            auto done = co_await busy(0s);
            if (done) throw std::runtime_error("task");
            co_return 0;
        }
    };
    bool called = false;
    io->submit(tasks::throwing(), [&](int) { called = true; });
    EXPECT_THROW(io->flush(), std::runtime_error);
    EXPECT_FALSE(called);
    EXPECT_TRUE(io->flush());
    EXPECT_EQ(io->statistics().outstanding, 0U);
    io->submit(tasks::throwing());
    EXPECT_THROW(io->flush(), std::runtime_error) << "also without a callback: no exception is lost";
    request forgotten = io->submit(tasks::throwing());
    forgotten.forget();
    EXPECT_NO_THROW(io->flush());
}

TEST_P(Task, CancelledPassesItOnToWhatItAwaits) {
    auto io = make_queueing_context();
    std::vector<std::string> seen;
    struct tasks {
        static task<result<>> inner(std::vector<std::string>& seen) {
            auto first = co_await busy(0s);
            seen.push_back(first ? "ok" : first.error().message());
            auto later = co_await busy(0s);
            seen.push_back(later ? "ok" : later.error().message());
            // A named variable: kernel-facts.md B2.
            options cleaning_up{.shielded = true};
            auto shielded = co_await busy(0s).with(cleaning_up);
            seen.push_back(shielded ? "ok" : shielded.error().message());
            co_return later;
        }
        static task<result<>> outer(std::vector<std::string>& seen) {
            auto ended = co_await inner(seen);
            co_return ended;
        }
    };
    result<> outcome;
    request started = io->submit(tasks::outer(seen), [&](result<> given) { outcome = given; });
    io->poll();
    started.cancel();
    started.cancel();
    EXPECT_TRUE(seen.empty()) << "M-2: goes on in poll only";
    io->flush();
    const std::string canceled = std::make_error_code(std::errc::operation_canceled).message();
    EXPECT_EQ(seen, (std::vector<std::string>{canceled, canceled, "ok"}));
    EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
}

TEST_P(Task, CancelledBeforeItBeganSeesItAtItsFirstWait) {
    auto io = make_context();
    bool began = false;
    struct tasks {
        static task<result<>> noting(bool& began) {
            began = true;
            auto done = co_await busy(0s);
            co_return done;
        }
    };
    result<> outcome;
    request started = io->submit(tasks::noting(began), [&](result<> given) { outcome = given; });
    started.cancel();
    io->flush();
    EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
}

TEST_P(Task, ForgottenIsDestroyedUncalled) {
    auto io = make_queueing_context();
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    struct tasks {
        static task<> holding(std::shared_ptr<int> owned) {
            auto done = co_await busy(0s);
            static_cast<void>(done);
            static_cast<void>(owned);
        }
    };
    request started = io->submit(tasks::holding(std::move(owned)), [] { ADD_FAILURE(); });
    io->poll();
    started.forget();
    io->flush();
    EXPECT_TRUE(watched.expired());
}

TEST_P(Task, WithADeadlineEndsItsWaitInTime) {
    auto io = make_context();
    struct tasks {
        static task<result<>> waiting() {
            auto done = co_await busy(300ms);
            co_return done;
        }
        static task<result<>> outer() {
            auto inner = co_await waiting().with({.deadline = 5ms});
            EXPECT_FALSE(inner);
            auto after = co_await busy(0s);  // the parent is not cancelled
            EXPECT_TRUE(after);
            co_return inner;
        }
    };
    EXPECT_EQ(io->run(tasks::waiting().with({.deadline = 5ms})).error(), std::errc::timed_out);
    EXPECT_EQ(io->run(tasks::outer()).error(), std::errc::timed_out);
}

TEST_P(Task, WithAStopTokenIsCancelledByIt) {
    auto io = make_context();
    struct tasks {
        static task<result<>> waiting() {
            auto done = co_await busy(300ms);
            co_return done;
        }
        static task<result<>> outer(std::stop_token token) {
            auto inner = co_await waiting().with({.stop = token});
            co_return inner;
        }
    };
    std::stop_source source;
    result<> first;
    result<> second;
    task<result<>> stored = tasks::waiting().with({.stop = source.get_token()});  // which it keeps
    io->submit(std::move(stored), [&](result<> given) { first = given; });
    io->submit(tasks::outer(source.get_token()), [&](result<> given) { second = given; });
    io->poll();
    source.request_stop();
    EXPECT_TRUE(first) << "not inside request_stop";
    io->flush();
    EXPECT_EQ(first.error(), std::errc::operation_canceled);
    EXPECT_EQ(second.error(), std::errc::operation_canceled);
}

TEST_P(Task, InFlightIsDestroyedWithItsContext) {
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    struct tasks {
        static task<> inner(std::shared_ptr<int> owned) {
            for (;;) {
                auto ignored = co_await busy(1ms);
                static_cast<void>(ignored);
                static_cast<void>(owned);
            }
        }
        static task<> outer(std::shared_ptr<int> owned) {
            co_await inner(std::move(owned));
            ADD_FAILURE() << "went on";
        }
    };
    {
        auto io = make_context();
        for (int i = 0; i < 3; ++i)
            io->submit(tasks::outer(owned), [] { ADD_FAILURE(); });
        io->poll();
        io->submit(tasks::outer(owned), [] { ADD_FAILURE(); });  // never begun
        owned.reset();
        EXPECT_FALSE(watched.expired());
    }
    EXPECT_TRUE(watched.expired());
}

TEST_P(Task, ThatFallsOffItsEndIsAnError) {  // B6: g++ does not diagnose it
    auto io = make_context();
    struct tasks {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
        static task<result<int>> falling(bool off) {
            auto done = co_await busy(0s);
            if (!off) co_return done ? 1 : 0;
        }
#pragma GCC diagnostic pop
    };
    EXPECT_EQ(io->run(tasks::falling(false)).value(), 1);
#if !defined(__clang__)  // clang makes it a trap
    EXPECT_EQ(io->run(tasks::falling(true)).error(), std::errc::state_not_recoverable);
#endif
}

TEST_P(Task, GivenUpByItsParentBeforeItBeganOrAfterItEnded) {
    struct tasks {
        static task<> child(context& io, std::shared_ptr<int> owned, bool& began) {
            began = true;
            io.submit(nop().with({.priority = 4}), [](result<>) {});  // is delivered before its own end
            auto done = co_await nop();
            static_cast<void>(done);
            static_cast<void>(owned);
        }
        static task<> parent(context& io, std::shared_ptr<int> owned, int priority, bool& began) {
            const options watched{.priority = priority, .deadline = 1h};  // a request of its own
            co_await child(io, owned, began).with(watched);
            ADD_FAILURE() << "went on";
        }
    };
    for (const bool begins : {false, true}) {
        const auto owned = std::make_shared<int>();
        bool began = false;
        {
            auto io = make_context();
            io->submit(tasks::parent(*io, owned, begins ? 0 : -4, began), [] { ADD_FAILURE(); });
            if (!begins) io->submit(nop(), [](result<>) {});
            EXPECT_EQ(io->poll({.requests = 1}).delivered, 1U);
            EXPECT_EQ(began, begins);
            EXPECT_GT(owned.use_count(), 1);
        }
        EXPECT_EQ(owned.use_count(), 1);
        EXPECT_EQ(began, begins);
    }
}

TEST_P(Task, MayStartOthersFromInside) {
    auto io = make_context();
    int ended = 0;
    struct tasks {
        static task<> leaf(int& ended) {
            auto done = co_await busy(0s);
            ended += done.has_value();
        }
        static task<> spawning(context& io, int& ended) {
            for (int i = 0; i < 10; ++i)
                io.submit(leaf(ended), [] {});
            auto done = co_await busy(0s);
            ended += done.has_value();
        }
    };
    io->submit(tasks::spawning(*io, ended), [] {});
    io->flush();
    EXPECT_EQ(ended, 11);
}

TEST_P(Task, CancelsItselfWithoutHarm) {  // C-CANCEL: cancelling self inside the own callback
    auto io = make_context();
    request self;
    struct tasks {
        static task<result<>> suicidal(request& self) {
            self.cancel();
            auto done = co_await busy(0s);
            co_return done;
        }
    };
    result<> outcome;
    self = io->submit(tasks::suicidal(self), [&](result<> given) { outcome = given; });
    io->flush();
    EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
}

AIO_ON_EVERY_ENGINE(Task);

}  // namespace
}  // namespace aio::test
