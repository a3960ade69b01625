// SPDX-License-Identifier: MIT
// What every adapter keeps, whatever its loop. A test of a loop describes it (see `a_loop`) and instantiates
// AnyLoop with it.
#pragma once

#include <aio/aio.hpp>
#include <aio/loop/attachment.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <concepts>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>

namespace aio::test {

using namespace std::chrono_literals;

/// Called by a timer; true if it is to be called again.
using tick = std::function<bool()>;

template <class Loop>
concept a_loop =
    std::default_initializable<Loop> &&
    requires(Loop loop, context& io, const poll_budget& budget, std::chrono::milliseconds period, tick call) {
        requires std::derived_from<typename Loop::adapter, aio::loop::attachment>;
        { Loop::ends_by_itself } -> std::convertible_to<bool>;       // when nothing is outstanding
        { Loop::belongs_to_a_thread } -> std::convertible_to<bool>;  // the one that made it
        { Loop::may_be_destroyed_first } -> std::convertible_to<bool>;
        { loop.attach(io, budget) } -> std::same_as<std::unique_ptr<typename Loop::adapter>>;
        loop.run();   // until stop(), or it ends by itself
        loop.stop();  // from inside
        // loop.turn(), if it has one: one round of it, also in a callback.
        loop.every(period, call);
    };

/// One loop, contexts and adapters.
template <a_loop Loop>
class AnyLoop : public testing::Test {
  protected:
    auto attach(context& io, const poll_budget& budget = aio::loop::default_budget) {
        return loop->attach(io, budget);
    }

    /// Runs the loop until `done()`, at most half a minute.
    void run_until(std::function<bool()> done) {
        auto stop = clock::now() + 30s;
        loop->every(1ms, [this, done, stop] {
            bool late = clock::now() > stop;
            EXPECT_FALSE(late) << "the loop does not come to it";
            if (!done() && !late) return true;
            loop->stop();
            return false;
        });
        loop->run();
    }
    /// Runs it for a while.
    void run_for(std::chrono::milliseconds time) {
        auto stop = clock::now() + time;
        run_until([stop] { return clock::now() >= stop; });
    }

    std::optional<Loop> loop{std::in_place};
};

TYPED_TEST_SUITE_P(AnyLoop);

inline std::chrono::nanoseconds processor_time() {
    timespec used = {};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

TYPED_TEST_P(AnyLoop, DeliversWhatWasSubmittedBeforeAndAfterAttaching) {
    context io;
    int arrived = 0;
    auto count = [&](result<file_status> status) { arrived += status && status->is_directory(); };
    io.submit(aio::stat("/"), count);
    auto files = this->attach(io);
    io.submit(aio::stat("/"), count);
    this->run_until([&] { return arrived == 2; });
    io.submit(aio::stat("/"), count);
    this->run_until([&] { return arrived == 3; });
    EXPECT_EQ(arrived, 3);
}

TYPED_TEST_P(AnyLoop, DeliversWhatWaitedForLong) {  // a loop that polls late
    context io;
    auto files = this->attach(io);
    int arrived = 0;
    for (int i = 0; i < 10; ++i)
        io.submit(aio::busy(0s), [&](result<>) { ++arrived; });
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(arrived, 0);
    this->run_until([&] { return arrived == 10; });
}

TYPED_TEST_P(AnyLoop, DeliversWhatOtherThreadsSubmit) {  // L-1
    context io;
    auto files = this->attach(io);
    std::atomic<int> arrived = 0;
    std::thread other([&] {
        for (int i = 0; i < 100; ++i) {
            io.submit(aio::stat("/"), [&](result<file_status>) { ++arrived; });
            if (i % 10 == 0) std::this_thread::sleep_for(1ms);
        }
    });
    this->run_until([&] { return arrived == 100; });
    other.join();
}

TYPED_TEST_P(AnyLoop, LosesNoWakeUpWithTheSmallestBudget) {  // L-1, L-2
    context io;
    auto files = this->attach(io, {.requests = 1, .time = {}});
    int arrived = 0;
    for (int i = 0; i < 1000; ++i) {
        auto count = [&](result<>) { ++arrived; };
        if (i % 2)
            io.submit(aio::nop(), count);
        else
            io.submit(aio::busy(0s), count);
    }
    this->run_until([&] { return arrived == 1000; });
    EXPECT_EQ(arrived, 1000);
}

TYPED_TEST_P(AnyLoop, TimersTickWhileAHundredThousandResultsAreDelivered) {  // L-2
    context io;
    auto files = this->attach(io);
    int arrived = 0;
    int ticks = 0;
    for (int i = 0; i < 100'000; ++i)
        io.submit(aio::nop(), [&](result<>) {
            for (auto end = clock::now() + 1us; clock::now() < end;) {
            }
            ++arrived;
        });
    this->loop->every(1ms, [&] { return ++ticks, arrived < 100'000; });
    this->run_until([&] { return arrived == 100'000; });
    EXPECT_EQ(arrived, 100'000);
    this->run_for(5ms);    // the ticking ends
    EXPECT_GT(ticks, 20);  // all at once, it would be one or two; with a millisecond each, a hundred
}

TYPED_TEST_P(AnyLoop, TimersTickWhileAHundredThousandCallsAreMade) {  // L-2
    context io;
    auto files = this->attach(io);
    int submitted = 0;
    int arrived = 0;
    int ticks = 0;
    bool ended = false;
    group all(io, {.limit = 256}, [&](result<>) { ended = true; });
    all.feed([&](group& more) {
        if (submitted == 100'000) return;
        ++submitted;
        more.add(aio::access("/", F_OK), [&](result<>) { ++arrived; });
    });
    this->loop->every(1ms, [&] { return ++ticks, !ended; });
    this->run_until([&] { return ended; });
    this->run_for(5ms);
    EXPECT_EQ(arrived, 100'000);
    EXPECT_GT(ticks, 5);
}

TYPED_TEST_P(AnyLoop, WakesUpForDeadlines) {  // C-DEADLINE
    context io;
    auto files = this->attach(io);
    std::error_code error;
    io.submit(aio::busy(10s).with({.deadline = 30ms}), [&](result<> slept) { error = slept.error(); });
    this->run_until([&] { return bool(error); });
    EXPECT_EQ(error, std::errc::timed_out);
}

TYPED_TEST_P(AnyLoop, GoesOnInALoopThatACallbackRuns) {  // L-11
    if constexpr (requires { this->loop->turn(); }) {
        context io;
        auto files = this->attach(io);
        int arrived = 0;
        std::error_code late;
        const auto inside = [&](result<>) {
            const auto run_inside = [&](auto done) {
                const auto stop = clock::now() + 30s;
                while (!done() && clock::now() < stop)
                    this->loop->turn();
                EXPECT_TRUE(done()) << "the inner loop does not come to it";
            };
            io.submit(aio::call([] {}), [&](result<>) { ++arrived; });
            run_inside([&] { return arrived == 1; });
            std::thread other([&] { io.submit(aio::busy(1ms), [&](result<>) { ++arrived; }); });
            run_inside([&] { return arrived == 2; });
            other.join();
            io.submit(aio::busy(10s).with({.deadline = 10ms}), [&](result<> slept) { late = slept.error(); });
            run_inside([&] { return bool(late); });
            io.submit(aio::busy(300ms), [&](result<>) { ++arrived; });
            const auto before = processor_time();
            run_inside([&] { return arrived == 3; });
            EXPECT_LT(processor_time() - before, 150ms) << "it spins";
            io.submit(aio::busy(1ms), [&](result<>) { ++arrived; });
        };
        this->loop->every(1ms, [&] { return arrived < 8; });
        io.submit(aio::nop(), inside);
        this->run_until([&] { return arrived == 4; });
        EXPECT_EQ(late, std::errc::timed_out);
        arrived = 0;
        late.clear();
        io.submit(aio::nop(), inside);
        EXPECT_TRUE(io.flush()) << "a poll of the program's own";
        EXPECT_EQ(arrived, 4);
        EXPECT_EQ(late, std::errc::timed_out);
        arrived = 8;
        this->run_for(10ms);
    }
}

TYPED_TEST_P(AnyLoop, SleepsWhileThereIsNothingToDo) {  // L-1: polls nothing in vain
    context io;
    auto files = this->attach(io);
    int arrived = 0;
    io.submit(aio::nop(), [&](result<>) { ++arrived; });
    this->run_until([&] { return arrived == 1; });
    io.submit(aio::busy(400ms), [&](result<>) { ++arrived; });
    auto before = processor_time();
    this->run_for(300ms);  // three hundred ticks of a timer
    EXPECT_LT(processor_time() - before, 150ms);
    EXPECT_EQ(arrived, 1);
    this->run_until([&] { return arrived == 2; });
}

TYPED_TEST_P(AnyLoop, EndsWhenNothingIsOutstanding) {  // L-4
    if constexpr (!TypeParam::ends_by_itself) return;
    context io;
    auto files = this->attach(io);
    this->loop->run();  // nothing was ever submitted
    int arrived = 0;
    for (int round = 1; round <= 3; ++round) {
        io.submit(aio::busy(5ms), [&](result<>) { io.submit(aio::busy(5ms), [&](result<>) { ++arrived; }); });
        this->loop->run();
        EXPECT_EQ(arrived, round);
    }
    io.submit(aio::busy(1ms), [&](result<>) { ++arrived; });
    io.flush();  // somebody else's poll
    this->loop->run();
    EXPECT_EQ(arrived, 4);
}

TYPED_TEST_P(AnyLoop, StaysForWhatACallbackOfTheLoopSubmits) {  // L-4
    if constexpr (!TypeParam::ends_by_itself) return;
    context io;
    auto files = this->attach(io);
    int arrived = 0;
    int ticks = 0;
    this->loop->every(1ms, [&] {
        if (++ticks < 10) return true;  // by now the adapter has let the loop go
        io.submit(aio::busy(20ms), [&](result<>) { ++arrived; });
        return false;
    });
    this->loop->run();
    EXPECT_EQ(arrived, 1);
}

TYPED_TEST_P(AnyLoop, StaysForWhatAnotherThreadSubmits) {  // L-4
    if constexpr (!TypeParam::ends_by_itself) return;
    context io;
    auto files = this->attach(io);
    std::atomic<int> arrived = 0;
    std::atomic<bool> submitted = false;
    std::thread other([&] {
        std::this_thread::sleep_for(20ms);  // by now the adapter has let the loop go
        io.submit(aio::busy(50ms), [&](result<>) { ++arrived; });
        submitted = true;
    });
    int after = 0;
    this->loop->every(1ms, [&] { return !submitted || ++after < 20; });
    this->loop->run();
    EXPECT_EQ(arrived, 1);
    other.join();
}

TYPED_TEST_P(AnyLoop, MayBeRunOnAnotherThread) {  // L-6
    if constexpr (TypeParam::belongs_to_a_thread) return;
    context io;
    auto files = this->attach(io);
    std::atomic<int> arrived = 0;
    std::thread other([&] { this->run_until([&] { return arrived == 200; }); });
    for (int i = 0; i < 200; ++i)
        io.submit(aio::stat("/"), [&](result<file_status>) { ++arrived; });
    other.join();
    EXPECT_EQ(arrived, 200);
}

TYPED_TEST_P(AnyLoop, ServesTwoContexts) {
    context one;
    context two;
    auto first = this->attach(one);
    auto second = this->attach(two);
    int arrived[2] = {};
    for (int i = 0; i < 100; ++i) {
        one.submit(aio::stat("/"), [&](result<file_status>) { ++arrived[0]; });
        two.submit(aio::stat("/"), [&](result<file_status>) { ++arrived[1]; });
    }
    this->run_until([&] { return arrived[0] == 100 && arrived[1] == 100; });
    first.reset();  // the other goes on
    two.submit(aio::stat("/"), [&](result<file_status>) { ++arrived[1]; });
    this->run_until([&] { return arrived[1] == 101; });
    EXPECT_EQ(arrived[0], 100);
}

TYPED_TEST_P(AnyLoop, RefusesAContextThatIsAttached) {  // L-3
    context io;
    auto files = this->attach(io);
    try {
        auto again = this->attach(io);
        FAIL() << "attached twice";
    } catch (const std::system_error& thrown) {
        EXPECT_EQ(thrown.code(), std::errc::device_or_resource_busy);
    }
    int arrived = 0;
    io.submit(aio::nop(), [&](result<>) { ++arrived; });
    this->run_until([&] { return arrived == 1; });  // the first was not harmed
    files.reset();
    files = this->attach(io);
    io.submit(aio::nop(), [&](result<>) { ++arrived; });
    this->run_until([&] { return arrived == 2; });
}

TYPED_TEST_P(AnyLoop, RefusesADescriptorThatSomebodyClosed) {  // L-3
    context io;
    ::close(io.fd());
    try {
        auto files = this->attach(io);
        FAIL() << "attached";
    } catch (const std::system_error& thrown) {
        EXPECT_EQ(thrown.code(), std::errc::bad_file_descriptor);
    }
}

TYPED_TEST_P(AnyLoop, MayBeDestroyedBeforeContextAndLoop) {  // L-5
    context io;
    auto files = this->attach(io);
    int arrived = 0;
    io.submit(aio::nop(), [&](result<>) { ++arrived; });
    io.submit(aio::busy(20ms), [&](result<>) { ++arrived; });
    files.reset();
    this->run_for(50ms);
    EXPECT_EQ(arrived, 0);
    if (TypeParam::ends_by_itself) this->loop->run();  // does not wait for what nobody watches
    files = this->attach(io);
    this->run_until([&] { return arrived == 2; });
}

TYPED_TEST_P(AnyLoop, MayOutliveItsContext) {  // L-5
    std::optional<context> io(std::in_place);
    auto files = this->attach(*io);
    int arrived = 0;
    io->submit(aio::busy(10ms), [&](result<>) { ++arrived; });
    io->submit(aio::nop(), [&](result<>) { ++arrived; });
    io.reset();
    EXPECT_FALSE(files->attached());
    EXPECT_FALSE(files->busy());
    auto before = processor_time();
    this->run_for(100ms);
    EXPECT_LT(processor_time() - before, 80ms);
    EXPECT_EQ(arrived, 0);
    if (TypeParam::ends_by_itself) this->loop->run();
    files.reset();
    this->run_for(5ms);
}

TYPED_TEST_P(AnyLoop, MayOutliveAnIdleContext) {  // whose loop it has let go
    std::optional<context> io(std::in_place);
    auto files = this->attach(*io);
    this->run_for(5ms);
    io.reset();
    this->run_for(5ms);
    if (TypeParam::ends_by_itself) this->loop->run();
}

TYPED_TEST_P(AnyLoop, LetsTheLoopGoFirst) {  // L-5
    if constexpr (!TypeParam::may_be_destroyed_first) return;
    for (bool context_first : {true, false}) {
        std::optional<context> io(std::in_place);
        this->loop.emplace();
        auto files = this->attach(*io);
        int arrived = 0;
        io->submit(aio::nop(), [&](result<>) { ++arrived; });
        this->run_until([&] { return arrived == 1; });
        io->submit(aio::nop(), [&](result<>) { ++arrived; });
        this->loop.reset();
        io->submit(aio::nop(), [&](result<>) { ++arrived; });
        io->flush();
        EXPECT_EQ(arrived, 3);
        if (context_first) io.reset();
        files.reset();
    }
}

TYPED_TEST_P(AnyLoop, LetsACallbackDestroyIt) {  // L-5
    context io;
    auto files = this->attach(io, {.requests = 1, .time = {}});
    int arrived = 0;
    io.submit(aio::nop(), [&](result<>) {
        ++arrived;
        files.reset();
    });
    io.submit(aio::nop(), [&](result<>) { ++arrived; });
    this->run_until([&] { return arrived == 1; });
    this->run_for(5ms);
    EXPECT_EQ(arrived, 1);
    files = this->attach(io);
    this->run_until([&] { return arrived == 2; });
}

TYPED_TEST_P(AnyLoop, LetsACallbackReplaceIt) {  // L-5
    context io;
    auto files = this->attach(io);
    int arrived = 0;
    for (int i = 0; i < 3; ++i) {
        io.submit(aio::nop(), [&](result<>) {
            ++arrived;
            files.reset();
            files = this->attach(io);
        });
        io.submit(aio::busy(1ms), [&](result<>) { ++arrived; });
    }
    this->run_until([&] { return arrived == 6; });
}

TYPED_TEST_P(AnyLoop, LetsANestedPollDestroyIt) {
    context io;
    auto files = this->attach(io);
    int arrived = 0;
    io.submit(aio::nop(), [&](result<>) {
        ++arrived;
        io.submit(aio::nop(), [&](result<>) {
            ++arrived;
            files.reset();
        });
        io.poll();
        EXPECT_FALSE(files);
    });
    this->run_until([&] { return arrived == 2; });
    this->run_for(5ms);
}

TYPED_TEST_P(AnyLoop,
             IsNotHarmedByADuplicateThatIsClosed) {  // a duplicate shows the same, and is its owner's
    context io;
    int duplicate = ::fcntl(io.fd(), F_DUPFD_CLOEXEC, 0);
    auto files = this->attach(io);
    int arrived = 0;
    io.submit(aio::stat("/"), [&](result<file_status>) { ++arrived; });
    ::close(duplicate);
    this->run_until([&] { return arrived == 1; });
    io.submit(aio::stat("/"), [&](result<file_status>) { ++arrived; });
    this->run_until([&] { return arrived == 2; });
}

REGISTER_TYPED_TEST_SUITE_P(AnyLoop, DeliversWhatWasSubmittedBeforeAndAfterAttaching,
                            DeliversWhatWaitedForLong, DeliversWhatOtherThreadsSubmit,
                            LosesNoWakeUpWithTheSmallestBudget,
                            TimersTickWhileAHundredThousandResultsAreDelivered,
                            TimersTickWhileAHundredThousandCallsAreMade, WakesUpForDeadlines,
                            GoesOnInALoopThatACallbackRuns, SleepsWhileThereIsNothingToDo,
                            EndsWhenNothingIsOutstanding, StaysForWhatACallbackOfTheLoopSubmits,
                            StaysForWhatAnotherThreadSubmits, MayBeRunOnAnotherThread, ServesTwoContexts,
                            RefusesAContextThatIsAttached, RefusesADescriptorThatSomebodyClosed,
                            MayBeDestroyedBeforeContextAndLoop, MayOutliveItsContext, MayOutliveAnIdleContext,
                            LetsTheLoopGoFirst, LetsACallbackDestroyIt, LetsACallbackReplaceIt,
                            LetsANestedPollDestroyIt, IsNotHarmedByADuplicateThatIsClosed);

}  // namespace aio::test
