// SPDX-License-Identifier: MIT
// Order: strict priorities, first in first out within one (C-PRI, C-NICE, M-10).
#include "support/child.hpp"
#include "support/engines.hpp"
#include "support/gate.hpp"

#include <aio/call.hpp>
#include <aio/group.hpp>
#include <aio/waiting.hpp>

#include <algorithm>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Priority : public engine_test {
  public:
    /// Calls made one after the other, by a context that queues: the order in which they were made.
    std::vector<int> made;
    std::vector<int> delivered;

    auto note(int number) {
        return call([this, number] { made.push_back(number); });
    }
    auto receive(int number) {
        return [this, number](result<>) { delivered.push_back(number); };
    }
};

TEST_P(Priority, HigherRunsFirstAndFirstInFirstOutWithinOne) {  // C-PRI
    auto io = make_queueing_context();
    for (int round = 0; round < 2; ++round)
        for (int priority = lowest_priority; priority <= highest_priority; ++priority)
            io->submit(note(10 * priority + round).with({.priority = priority}), [](result<>) {});
    io->flush();
    std::vector<int> expected;
    for (int priority = highest_priority; priority >= lowest_priority; --priority)
        for (int round = 0; round < 2; ++round)
            expected.push_back(10 * priority + round);
    EXPECT_EQ(made, expected);
}

TEST_P(Priority, HigherResultsAreDeliveredFirst) {  // M-10: nops are done at once, so all are pending
    auto io = make_context();
    for (int round = 0; round < 2; ++round)
        for (int priority : {0, -4, 4, 2, -1})
            io->submit(nop().with({.priority = priority}), receive(10 * priority + round));
    EXPECT_EQ(io->statistics().pending, 10U);
    io->poll();
    EXPECT_EQ(delivered, (std::vector<int>{40, 41, 20, 21, 0, 1, -10, -9, -40, -39}));
}

TEST_P(Priority, OfWhatArrivesDuringAPollCounts) {  // M-10
    auto io = make_context();
    io->submit(nop(), [&](result<>) {
        delivered.push_back(1);
        io->submit(nop().with({.priority = 4}), receive(2));
    });
    io->submit(nop(), receive(3));
    io->poll();
    EXPECT_EQ(delivered, (std::vector<int>{1, 2, 3}));
}

TEST_P(Priority, IsClamped) {  // C-PRI
    auto io = make_context();
    EXPECT_EQ(io->submit(nop().with({.priority = 5})).priority(), 4);
    EXPECT_EQ(io->submit(nop().with({.priority = 999})).priority(), 4);
    EXPECT_EQ(io->submit(nop().with({.priority = -5})).priority(), -4);
    EXPECT_EQ(io->submit(nop().with({.priority = -2'000'000'000})).priority(), -4);
    io->priority(17);
    EXPECT_EQ(io->priority(), 4);
    io->flush();
}

TEST_P(Priority, OfTheContextIsTheDefault) {  // C-PRI: per context here, not per next request
    auto io = make_context({.priority = 3});
    EXPECT_EQ(io->priority(), 3);
    EXPECT_EQ(io->submit(nop()).priority(), 3);
    EXPECT_EQ(io->submit(nop().with({.priority = -1})).priority(), -1);
    io->priority(-2);
    EXPECT_EQ(io->submit(nop()).priority(), -2);
    group all(*io);
    EXPECT_EQ(all.handle().priority(), -2);
    io->flush();
}

TEST_P(Priority, NiceLowersItCumulatively) {  // C-NICE
    auto io = make_context({.priority = 4});
    io->nice(20);
    EXPECT_EQ(io->priority(), -4);
    io->nice(-1);
    EXPECT_EQ(io->priority(), -3);
    io->nice(std::numeric_limits<int>::min());
    EXPECT_EQ(io->priority(), 4);
    io->nice(std::numeric_limits<int>::max());
    EXPECT_EQ(io->priority(), -4);
}

TEST_P(Priority, OfAQueuedRequestCanBeChanged) {
    auto io = make_queueing_context();
    request first = io->submit(note(1), receive(1));
    request second = io->submit(note(2), receive(2));
    request third = io->submit(note(3), receive(3));
    EXPECT_TRUE(third.priority(100));
    EXPECT_EQ(third.priority(), 4);
    EXPECT_TRUE(first.priority(-1));
    io->flush();
    EXPECT_EQ(made, (std::vector<int>{3, 2, 1}));
    EXPECT_FALSE(second.priority(2)) << "done";
}

TEST_P(Priority, AnotherThreadChangesThatOfWhatIsQueuedAlone) {
    auto io = make_queueing_context();
    io->submit(note(1), receive(1));
    request queued = io->submit(note(2), receive(2));
    request pending = io->submit(nop(), receive(3));
    group waiting(*io, {}, receive(4));
    request member = waiting.add(nop(), receive(5));
    std::thread([&] {
        EXPECT_TRUE(queued.priority(4));
        EXPECT_FALSE(pending.priority(-4)) << "it is the poller's";
        EXPECT_FALSE(waiting.handle().priority(-4));
    }).join();
    EXPECT_EQ(pending.priority(), 0);
    io->flush();
    EXPECT_EQ(made, (std::vector<int>{2, 1}));
    EXPECT_EQ(delivered, (std::vector<int>{3, 5, 4, 2, 1}));
}

TEST_P(Priority, ChangedToTheSameGoesBehindItsEquals) {
    auto io = make_queueing_context();
    request first = io->submit(note(1), receive(1));
    io->submit(note(2), receive(2));
    EXPECT_TRUE(first.priority(0));
    io->flush();
    EXPECT_EQ(made, (std::vector<int>{2, 1}));
}

TEST_P(Priority, OfAResultThatWaitsForPollCanBeChanged) {
    auto io = make_context();
    io->submit(nop(), receive(1));
    request second = io->submit(nop(), receive(2));
    EXPECT_TRUE(second.priority(4));
    io->poll();
    EXPECT_EQ(delivered, (std::vector<int>{2, 1}));
}

TEST_P(Priority, OfAGroupIsThatOfItsDelivery) {  // R-GROUP [V]: not inherited by members
    auto io = make_context();
    group all(*io, {.priority = -4}, receive(1));
    request member = all.add(nop(), receive(2));
    EXPECT_EQ(member.priority(), 0);
    io->submit(nop(), receive(3));
    io->flush();
    EXPECT_EQ(delivered, (std::vector<int>{2, 3, 1}));
}

TEST_P(Priority, LowStarvesWhileHigherWaits) {  // strict, no aging
    auto io = make_queueing_context();
    io->submit(note(-1).with({.priority = -1}), receive(-1));
    for (int i = 0; i < 100; ++i)
        io->submit(note(i), receive(i));
    io->flush();
    EXPECT_EQ(made.back(), -1);
}

TEST_P(Priority, OfATaskIsInheritedByWhatItAwaits) {
    auto io = make_queueing_context();
    auto awaiting = [](Priority* self, int number, int own) -> task<> {
        // A named variable: kernel-facts.md B2.
        options how;
        if (own != 100) how.priority = own;
        auto done = co_await self->note(number).with(how);
        EXPECT_TRUE(done);
    };
    io->submit(awaiting(this, 1, 100).with({.priority = -3}), [] {});
    io->submit(awaiting(this, 2, 100), [] {});
    io->submit(awaiting(this, 3, 100).with({.priority = 2}), [] {});
    io->submit(awaiting(this, 4, -4).with({.priority = 4}), [] {});
    io->flush();
    EXPECT_EQ(made, (std::vector<int>{3, 2, 1, 4}));
}

TEST_P(Priority, ChangedOutsideAPollLeavesTheDescriptorAwake) {
    if (!GetParam().has_threads) return;  // what is pushed wakes the poller at once
    auto io = make_context();
    gate closed;
    request running = io->submit(closed.work());
    closed.await_entered();
    for (int round = 0; round < 20; ++round) {
        std::size_t left = 1000;
        for (std::size_t i = left; i > 0; --i)
            io->submit(call([] {}), [&](const auto&) { --left; });
        while (left) {
            // Takes over what arrives, of which the poller is to be told only later.
            for (statistics now = io->statistics(); now.ready || now.running > 1; now = io->statistics())
                for (int i = 0; i < 100; ++i)
                    EXPECT_FALSE(running.priority(1)) << "it runs";
            ASSERT_TRUE(becomes_readable(io->fd()));
            io->poll();
        }
    }
    closed.open();
    io->flush();
}

AIO_ON_EVERY_ENGINE(Priority);

}  // namespace
}  // namespace aio::test
