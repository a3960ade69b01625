// SPDX-License-Identifier: MIT
// Feeders and limits: G-10 to G-12, M-7, B-1, T-07.
#include "support/engines.hpp"

#include <aio/aio.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Feeder : public engine_test {
  protected:
    int fed = 0;        // how often the feeder was called
    int ended = 0;      // members
    bool over = false;  // the group
    int expected = 0;   // its error

    auto on_end() {
        return [this](result<> outcome) {
            EXPECT_EQ(outcome ? 0 : outcome.error().value(), expected);
            over = true;
        };
    }
    auto on_member() {
        return [this](result<>) {
            EXPECT_FALSE(over);
            ++ended;
        };
    }
    /// Adds `each` members at a time, `all` in all.
    auto adding(int each, int all) {
        return [this, each, left = all](group& to) mutable {
            ++fed;
            for (int i = 0; i < each && left; ++i, --left)
                to.add(busy(0s), on_member());
        };
    }
};

TEST_P(Feeder, RunsAtOnceUpToTheLimit) {  // G-10, T-07
    auto io = make_queueing_context();
    group all(*io, {.limit = 5}, on_end());
    all.feed(adding(1, 10));
    EXPECT_EQ(fed, 5);
    EXPECT_EQ(all.size(), 5U);
    EXPECT_EQ(ended, 0);
    io->flush();
    EXPECT_EQ(fed, 11) << "ten that added one, one that added none";
    EXPECT_EQ(ended, 10);
    EXPECT_TRUE(over);
}

/// Whoever lists a directory in the feeder, say. The polls inside find the group without members.
TEST_P(Feeder, MayPoll) {  // M-13, G-11
    for (const bool is_detached : {false, true}) {
        auto io = make_context();
        fed = ended = 0;
        over = false;
        group all(*io, {.limit = 1}, on_end());
        all.feed([&](group& to) {
            if (++fed > 3) return;
            EXPECT_TRUE(io->run(nop()));
            to.add(busy(0s), on_member());
            if (fed == 2) {  // meanwhile the member ends
                EXPECT_TRUE(io->run(busy(2ms)));
            }
        });
        if (is_detached) all.detach();
        io->flush();
        EXPECT_EQ(ended, 3);
        EXPECT_TRUE(over);
    }
}

TEST_P(Feeder, MayPollAndAddNothing) {
    auto io = make_context();
    group all(*io, {.limit = 2}, on_end());
    all.feed([&](group&) { EXPECT_TRUE(io->run(nop())); });
    EXPECT_FALSE(over) << "called inside feed";
    io->flush();
    EXPECT_TRUE(over);
    EXPECT_TRUE(all.done());
    group more(*io, {}, on_end());
    over = false;
    more.feed([&](group&) { EXPECT_TRUE(io->run(nop())); });
    more.add(nop(), on_member());  // it is not over yet
    io->flush();
    EXPECT_EQ(ended, 1);
    EXPECT_TRUE(over);
}

TEST_P(Feeder, KeepsTheLimitAfterEveryMember) {  // G-11
    auto io = make_queueing_context();
    group all(*io, {.limit = 3}, on_end());
    int left = 20;
    all.feed([&](group& to) {
        if (!left) return;
        --left;
        to.add(busy(0s), [&](result<>) {
            ++ended;
            EXPECT_LE(all.size(), 3U);
        });
        EXPECT_LE(to.size(), 3U);
    });
    io->poll();  // the group waits now
    int rounds = 0;
    while (left) {
        io->wait();  // one call
        io->poll();
        EXPECT_EQ(all.size(), 3U);
        EXPECT_EQ(ended, ++rounds);
    }
    io->flush();
    EXPECT_EQ(ended, 20);
}

TEST_P(Feeder, SetsTheLimitToTwoIfThereIsNone) {  // G-10
    auto io = make_queueing_context();
    group all(*io, {}, on_end());
    EXPECT_EQ(all.limit(), 0U) << "G-13";
    all.feed(adding(1, 5));
    EXPECT_EQ(all.limit(), 2U);
    EXPECT_EQ(all.size(), 2U);
    io->flush();
    EXPECT_EQ(ended, 5);
}

TEST_P(Feeder, MayAddSeveralAtATime) {  // G-10 [V]: the limit is not enforced on add; 9 in 4 calls
    auto io = make_queueing_context();
    group all(*io, {.limit = 2}, on_end());
    all.feed(adding(3, 9));
    EXPECT_EQ(all.size(), 3U);
    EXPECT_EQ(fed, 1);
    io->flush();
    EXPECT_EQ(fed, 4);
    EXPECT_EQ(ended, 9);
}

TEST_P(Feeder, ThatAddsNothingEndsTheFeeding) {  // G-10, B-1
    auto io = make_context();
    group all(*io, {.limit = 4}, on_end());
    all.feed([&](group&) { ++fed; });
    EXPECT_EQ(fed, 1);
    all.add(busy(0s), on_member());
    io->flush();
    EXPECT_EQ(fed, 1) << "not asked again";
    EXPECT_TRUE(over);
}

TEST_P(Feeder, ThatAddsToAnotherGroupAddsNothing) {  // B-1: by a flag of this group, not by sizes or counts
    auto io = make_context();
    group other(*io);
    group all(*io, {}, on_end());
    all.feed([&](group&) {
        ++fed;
        other.add(busy(0s));
    });
    EXPECT_EQ(fed, 1);
    io->flush();
    EXPECT_TRUE(over);
}

TEST_P(Feeder, ThatAddsADoneRequestAddsNothing) {  // B-1
    auto io = make_context();
    request done = io->submit(nop());
    io->poll();
    group all(*io, {}, on_end());
    all.feed([&](group& to) {
        ++fed;
        EXPECT_TRUE(to.add(done));
    });
    EXPECT_EQ(fed, 1);
    io->flush();
    EXPECT_TRUE(over);
}

TEST_P(Feeder,
       WhoseMemberIsDoneInlineIsAskedAgain) {  // B-1: "added something" although the size did not stay
    auto io = make_context();
    group all(*io, {.limit = 1}, on_end());
    int left = 1000;
    all.feed([&](group& to) {
        ++fed;
        if (left-- > 0) to.add(nop(), on_member());
    });
    io->flush();
    EXPECT_EQ(ended, 1000);
    EXPECT_EQ(fed, 1001);
}

TEST_P(Feeder, RaisedLimitFeedsAtOnce) {  // G-12 [V]
    auto io = make_queueing_context();
    group all(*io, {}, on_end());
    all.feed(adding(1, 100));
    EXPECT_EQ(fed, 2);
    all.limit(6);
    EXPECT_EQ(fed, 6);
    EXPECT_EQ(all.size(), 6U);
    all.limit(1);
    EXPECT_EQ(fed, 6) << "a lower limit takes nobody out";
    io->wait();
    io->poll();
    EXPECT_EQ(fed, 6);
    io->flush();
    EXPECT_EQ(ended, 100);
}

TEST_P(Feeder, LimitOfZeroPauses) {  // G-12
    auto io = make_queueing_context();
    group all(*io, {.limit = 2}, on_end());
    request keep = all.add(busy(0s).with({.priority = -4}), on_member());
    all.feed(adding(1, 10));
    EXPECT_EQ(fed, 1);
    all.limit(0);
    io->poll();
    io->wait();
    io->poll();
    EXPECT_EQ(fed, 1);
    EXPECT_FALSE(over);
    all.limit(2);
    EXPECT_EQ(fed, 2) << "resumed while a member was alive";
    io->flush();
    EXPECT_EQ(ended, 11);
}

TEST_P(Feeder, PausedGroupWhoseMembersEndEnds) {  // G-12: the documented trap
    auto io = make_context();
    group all(*io, {.limit = 2}, on_end());
    all.feed(adding(1, 10));
    all.limit(0);
    io->flush();
    EXPECT_EQ(ended, 2);
    EXPECT_TRUE(over);
    all.limit(5);
    EXPECT_EQ(fed, 2) << "the rest of the feed is discarded";
}

TEST_P(Feeder, CanBeTakenAway) {  // G-10: feed() with no callback
    auto io = make_context();
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    group all(*io, {}, on_end());
    all.feed([this, owned = std::move(owned)](group& to) { to.add(busy(0s), on_member()); });
    all.stop_feeding();
    EXPECT_TRUE(watched.expired());
    io->flush();
    EXPECT_EQ(ended, 2);
    EXPECT_TRUE(over);
}

TEST_P(Feeder, CanBeReplaced) {  // G-10
    auto io = make_queueing_context();
    group all(*io, {.limit = 2}, on_end());
    all.feed(adding(1, 100));
    EXPECT_EQ(fed, 2);
    int second = 0;
    all.feed([&](group&) { ++second; });
    EXPECT_EQ(second, 0) << "at the limit";
    io->flush();
    EXPECT_EQ(second, 1);
    EXPECT_EQ(ended, 2);
    EXPECT_EQ(fed, 2);
}

TEST_P(Feeder, CanReplaceAndStopItself) {
    auto io = make_context();
    group all(*io, {}, on_end());
    all.feed([&](group& to) {
        ++fed;
        to.add(busy(0s), on_member());
        to.feed([this](group& same) {
            fed += 100;
            same.add(busy(0s), on_member());
            same.stop_feeding();
        });
    });
    io->flush();
    EXPECT_EQ(fed, 101);
    EXPECT_EQ(ended, 2);
    EXPECT_TRUE(over);
}

TEST_P(Feeder, CanChangeTheLimitFromInside) {
    auto io = make_queueing_context();
    group all(*io, {.limit = 1}, on_end());
    int left = 5;
    all.feed([&](group& to) {
        ++fed;
        if (!left) return;
        --left;
        to.limit(3);
        to.add(busy(0s), on_member());
    });
    EXPECT_EQ(all.size(), 3U);
    io->flush();
    EXPECT_EQ(ended, 5);
}

TEST_P(Feeder, ThatThrowsIsSwallowedAndTheGroupKeepsWhatItHas) {  // M-7
    auto io = make_context();
    expected = ENOTRECOVERABLE;  // so that nobody takes a part for all
    group all(*io, {.limit = 3}, on_end());
    EXPECT_NO_THROW(all.feed([&](group& to) {
        if (++fed == 2) throw std::runtime_error("feeder");
        to.add(busy(0s), on_member());
    }));
    EXPECT_EQ(fed, 2);
    EXPECT_NO_THROW(io->flush());
    EXPECT_EQ(fed, 2) << "it is not asked again";
    EXPECT_EQ(ended, 1);
    EXPECT_TRUE(over);
}

TEST_P(Feeder, ThatHasNoMemoryIsTheGroupsErrorUnlessItHasOne) {  // M-7
    auto io = make_context();
    for (const int before : {0, EIO}) {
        group all(*io, {.limit = 1}, on_end());
        if (before) all.result(error(before).error());
        all.feed([](group&) { throw std::bad_alloc(); });
        expected = before ? before : ENOMEM;
        over = false;
        io->flush();
        EXPECT_TRUE(over);
    }
}

TEST_P(Feeder, ThatThrowsAfterAddingEndsTheFeedingInPollToo) {  // M-7
    auto io = make_context();
    expected = ENOTRECOVERABLE;
    group all(*io, {.limit = 1}, on_end());
    all.feed([&](group& to) {
        to.add(busy(0s), on_member());
        if (++fed == 3) throw 1;
    });
    EXPECT_NO_THROW(io->flush());
    EXPECT_EQ(fed, 3);
    EXPECT_EQ(ended, 3);
    EXPECT_TRUE(over);
}

TEST_P(Feeder, GoesOnThoughAMembersCallbackThrows) {  // M-6, G-15
    auto io = make_context();
    group all(*io, {.limit = 1}, on_end());
    int left = 3;
    all.feed([&](group& to) {
        if (left-- > 0)
            to.add(nop(), [&](result<>) {
                ++ended;
                throw ended;
            });
    });
    for (int i = 1; i <= 3; ++i)
        EXPECT_THROW(io->flush(), int);
    io->flush();
    EXPECT_EQ(ended, 3);
    EXPECT_TRUE(over);
}

TEST_P(Feeder, NeverRunsAgainAfterCancel) {  // G-8, G-9
    for (int how = 0; how < 3; ++how) {
        auto io = make_queueing_context();
        fed = 0;
        group all(*io, {.limit = 2});
        all.feed(adding(1, 100));
        EXPECT_EQ(fed, 2);
        if (how == 0) all.cancel();
        if (how == 1) all.forget();
        if (how == 2) all.cancel_members();
        all.limit(50);
        io->flush();
        EXPECT_EQ(fed, 2);
        EXPECT_TRUE(all.done());
    }
}

TEST_P(Feeder, MayCancelItsGroupFromInside) {
    for (int how = 0; how < 3; ++how) {
        auto io = make_context();
        group all(*io, {.limit = 10});
        int calls = 0;
        all.feed([&](group& to) {
            to.add(busy(0s));
            if (++calls < 3) return;
            if (how == 0) all.cancel();
            if (how == 1) all.forget();
            if (how == 2) all.cancel_members();
        });
        EXPECT_EQ(calls, 3);
        io->flush();
        EXPECT_EQ(calls, 3);
        EXPECT_TRUE(all.done());
    }
}

TEST_P(Feeder, FeedsAMillionWithoutQueueingThem) {  // G-11
    auto io = make_context();
    const int many = GetParam().has_threads ? 100'000 : 10'000;
    std::size_t most = 0;
    int left = many;
    group all(*io, {.limit = 64}, on_end());
    all.feed([&](group& to) {
        if (left-- <= 0) return;
        to.add(busy(0s), on_member());
        most = std::max(most, io->statistics().outstanding);
    });
    io->flush();
    EXPECT_EQ(ended, many);
    EXPECT_LE(most, 65U);
}

TEST_P(Feeder, IsDestroyedWithItsGroup) {
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    auto io = make_queueing_context();
    {
        group all(*io);
        all.feed([owned = std::move(owned)](group& to) { to.add(busy(0s)); });
    }
    io->flush();
    EXPECT_TRUE(watched.expired());
}

TEST_P(Feeder, OnAGroupThatHasEndedDoesNotRun) {
    auto io = make_context();
    group all(*io);
    io->poll();
    all.feed([&](group&) { ++fed; });
    all.limit(4);
    EXPECT_EQ(fed, 0);
}

AIO_ON_EVERY_ENGINE(Feeder);

}  // namespace
}  // namespace aio::test
