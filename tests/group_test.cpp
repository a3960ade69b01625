// SPDX-License-Identifier: MIT
// Groups: G-1 to G-9, G-13, G-15, M-12, R-GROUP.
#include "support/engines.hpp"
#include "support/patience.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <algorithm>
#include <array>
#include <ios>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Group : public engine_test {
  protected:
    std::vector<int> order;

    auto note(int number) {
        return [this, number](result<> outcome) { order.push_back(outcome ? number : -number); };
    }
};

TEST_P(Group, DeliversAnErrorOfNoSystemAsSuch) {  // G-7
    auto io = make_context();
    std::error_code delivered;
    group all(*io, {}, [&](result<> outcome) { delivered = outcome.error(); });
    all.result(std::error_code(1, std::iostream_category()));  // 1 is EPERM of the system's
    io->flush();
    EXPECT_EQ(delivered, std::errc::state_not_recoverable);
    bool succeeded = false;
    group fine(*io, {}, [&](result<> outcome) { succeeded = outcome.has_value(); });
    fine.result(std::error_code(0, std::iostream_category()));
    io->flush();
    EXPECT_TRUE(succeeded) << "which is none";
}

TEST_P(Group, WithoutMembersEndsAtTheNextPollNotAtCreation) {  // G-1, G-3, T-06
    auto io = make_context();
    group empty(*io, {}, note(1));
    EXPECT_TRUE(order.empty());
    EXPECT_EQ(io->statistics().outstanding, 1U);
    EXPECT_EQ(io->statistics().pending, 1U);
    io->poll();
    EXPECT_EQ(order, (std::vector<int>{1}));
    EXPECT_TRUE(empty.done());
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Group, NeedsNoThread) {  // R-GROUP [V]
    auto io = make_queueing_context();
    group empty(*io, {}, note(1));
    io->poll();
    EXPECT_EQ(order, (std::vector<int>{1}));
}

TEST_P(Group, MayBeFilledUntilTheNextPoll) {  // G-3
    auto io = make_context();
    group all(*io, {}, note(9));
    request member = io->submit(busy(0s), note(1));
    EXPECT_TRUE(all.add(member));
    all.add(nop(), note(2));
    EXPECT_EQ(all.size(), 2U);
    io->flush();
    ASSERT_EQ(order.size(), 3U);
    EXPECT_EQ(order.back(), 9);
}

TEST_P(Group, CallsBackAfterItsMembersInTheSamePoll) {  // G-4, M-12
    auto io = make_context();
    group all(*io, {}, note(9));
    all.add(nop(), note(1));
    all.add(nop(), note(2));
    io->poll();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 9}));
}

TEST_P(Group, WhenWaitingIsNotCountedButItsMembersAre) {  // G-2
    auto io = make_queueing_context();
    group all(*io);
    all.add(busy(0s));
    all.add(busy(0s));
    EXPECT_EQ(io->statistics().outstanding, 3U);
    io->poll();
    EXPECT_EQ(io->statistics().outstanding, 2U);
    EXPECT_EQ(io->statistics().pending, 0U);
    io->flush();
}

TEST_P(Group, TakesMembersFromMembersCallbacks) {  // G-3
    auto io = make_context();
    group all(*io, {}, note(9));
    all.add(nop(), [&](result<>) {
        order.push_back(1);
        all.add(busy(0s), [&](result<>) {
            order.push_back(2);
            all.add(nop(), note(3));
        });
    });
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 9}));
}

TEST_P(Group, TakesAMemberThatIsPending) {  // G-5 [V]
    auto io = make_context();
    group all(*io, {}, note(9));
    request member = io->submit(nop(), note(1));
    EXPECT_TRUE(all.add(member));
    EXPECT_EQ(all.size(), 1U);
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{1, 9}));
}

TEST_P(Group, IgnoresAMemberThatIsDone) {  // G-5
    auto io = make_context();
    request done = io->submit(nop(), note(1));
    io->poll();
    group all(*io, {}, note(9));
    EXPECT_TRUE(all.add(done));
    EXPECT_EQ(all.size(), 0U);
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{1, 9}));
}

TEST_P(Group, LetsACancelledMemberPassThrough) {  // G-5 [V], T-06
    auto io = make_queueing_context();
    group all(*io, {}, note(9));
    request cancelled = io->submit(busy(0s), note(1));
    cancelled.cancel();
    EXPECT_TRUE(all.add(cancelled));
    request forgotten = all.add(busy(0s), note(2));
    all.add(busy(0s), note(3));
    forgotten.forget();
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{-1, 3, 9}));
}

TEST_P(Group, RefusesAMemberTwice) {  // G-6: upstream never finishes
    auto io = make_context();
    group all(*io, {}, note(9));
    group other(*io, {}, note(8));
    request member = all.add(busy(0s), note(1));
    EXPECT_EQ(all.add(member).error().value(), EEXIST);
    EXPECT_EQ(other.add(member).error().value(), EEXIST);
    EXPECT_EQ(all.size(), 1U);
    io->flush();
    EXPECT_TRUE(all.done());
    EXPECT_TRUE(other.done());
    EXPECT_EQ(order, (std::vector<int>{8, 1, 9}));
}

TEST_P(Group, RefusesCycles) {  // G-5
    auto io = make_context();
    group outer(*io, {}, note(3));
    group middle(*io, {}, note(2));
    group inner(*io, {}, note(1));
    EXPECT_EQ(outer.add(outer).error().value(), ELOOP);
    EXPECT_TRUE(outer.add(middle));
    EXPECT_TRUE(middle.add(inner));
    EXPECT_EQ(inner.add(outer).error().value(), ELOOP);
    EXPECT_FALSE(inner.add(middle));
    EXPECT_FALSE(middle.add(middle));
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_P(Group, RefusesMembersOnceItHasEnded) {  // G-5
    auto io = make_context();
    auto waiting = io->submit(busy(200ms), note(1));  // longer than all this takes
    group all(*io, {}, [&](result<>) {
        EXPECT_EQ(all.add(waiting).error().value(), EINVAL) << "its callback is running";
        order.push_back(9);
    });
    io->poll();
    EXPECT_EQ(all.add(waiting).error().value(), EINVAL);
    EXPECT_EQ(all.add(request()).error().value(), EINVAL);
    all.add(busy(0s), note(2));  // never runs
    all.add(nop(), note(3));
    io->flush();
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<int>{-3, -2, 1, 9}));
}

TEST_P(Group, RefusesMembersOfAnotherContext) {
    auto io = make_context();
    auto elsewhere = make_context();
    group all(*io, {}, note(9));
    request foreign = elsewhere->submit(nop(), note(1));
    group foreign_group(*elsewhere);
    EXPECT_EQ(all.add(foreign).error().value(), EINVAL);
    EXPECT_EQ(all.add(foreign_group).error().value(), EINVAL);
    io->flush();
    elsewhere->flush();
    EXPECT_EQ(order, (std::vector<int>{9, 1}));
}

TEST_P(Group, DeliversSuccessUnlessItWasGivenAResult) {  // G-7, G-13
    auto io = make_context();
    result<> first = error(EINVAL);
    result<> second;
    result<> third = error(EINVAL);
    group plain(*io, {}, [&](result<> outcome) { first = outcome; });
    group failing(*io, {}, [&](result<> outcome) { second = outcome; });
    group cleared(*io, {}, [&](result<> outcome) { third = outcome; });
    plain.add(stat("/nonexistent"));  // a member's failure is not the group's
    failing.result(std::make_error_code(std::errc::no_space_on_device));
    failing.result(std::make_error_code(std::errc::file_exists));
    cleared.result(std::make_error_code(std::errc::file_exists));
    cleared.result({});
    io->flush();
    EXPECT_TRUE(first);
    EXPECT_EQ(second.error(), std::errc::file_exists) << "the last call counts";
    EXPECT_TRUE(third);
}

TEST_P(Group, TakesItsResultFromAMembersCallback) {  // G-7
    auto io = make_context();
    result<> got;
    group all(*io, {}, [&](result<> outcome) { got = outcome; });
    all.add(stat("/nonexistent"), [&](result<file_status> status) { all.result(status.error()); });
    io->flush();
    EXPECT_EQ(got.error(), std::errc::no_such_file_or_directory);
}

TEST_P(Group, CancelCallsEverybodyBackWithCanceled) {
    auto io = make_queueing_context();
    group all(*io, {}, note(9));
    group inner(*io, {}, note(8));
    EXPECT_TRUE(all.add(inner));
    all.add(busy(0s), note(1));
    inner.add(busy(0s), note(2));
    io->poll();
    all.cancel();
    all.cancel();
    EXPECT_TRUE(order.empty()) << "never inside cancel (M-2)";
    io->poll();
    EXPECT_TRUE(std::find(order.begin(), order.end(), -1) < std::find(order.begin(), order.end(), -9));
    EXPECT_TRUE(std::find(order.begin(), order.end(), -2) < std::find(order.begin(), order.end(), -8));
    EXPECT_EQ(order.size(), 4U);
    EXPECT_EQ(order.back(), -9);
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Group, ForgetCallsNobodyBackButItsParent) {  // G-8
    auto io = make_queueing_context();
    group parent(*io, {}, note(7));
    group all(*io, {}, note(9));
    group inner(*io, {}, note(8));
    EXPECT_TRUE(parent.add(all));
    EXPECT_TRUE(all.add(inner));
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    all.add(busy(0s), [owned = std::move(owned)](result<>) { ADD_FAILURE(); });
    request member = inner.add(busy(0s), note(2));
    all.result(std::make_error_code(std::errc::file_exists));
    all.forget();
    EXPECT_FALSE(watched.expired()) << "destroyed in poll";
    EXPECT_FALSE(member.callback<result<>>([](result<>) { ADD_FAILURE(); })) << "forgotten, too";
    io->flush();
    EXPECT_TRUE(watched.expired());
    EXPECT_EQ(order, (std::vector<int>{7})) << "a parent ends normally";
    EXPECT_TRUE(all.done());
}

TEST_P(Group, MayBeForgottenInAMembersCallback) {  // G-8 [V]
    auto io = make_queueing_context();
    group all(*io, {}, note(9));
    all.add(busy(0s), [&](result<>) {
        order.push_back(1);
        all.forget();
    });
    all.add(busy(0s), note(2));
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{1}));
    EXPECT_TRUE(all.done());
}

TEST_P(Group, CancelMembersLetsItEndNormally) {  // G-9
    auto io = make_queueing_context();
    group all(*io, {}, note(9));
    all.add(busy(0s), note(1));
    all.add(busy(0s), note(2));
    all.cancel_members();
    all.add(call([] {}), note(3));  // allowed while it has not ended
    io->flush();
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<int>{-2, -1, 3, 9}));
}

TEST_P(Group, CancelledMembersCallsNeverBegin) {
    auto io = make_queueing_context();
    temporary_tree tree;
    const std::string kept = tree.write("kept");
    group all(*io, {}, note(9));
    all.add(unlink(kept), note(1));
    all.cancel();
    io->flush();
    EXPECT_TRUE(exists(kept));
    EXPECT_EQ(order, (std::vector<int>{-1, -9}));
}

TEST_P(Group, NestedEndInnerFirstInOneCascade) {  // G-4
    auto io = make_context();
    group outer(*io, {}, note(3));
    group middle(*io, {}, note(2));
    group inner(*io, {}, note(1));
    EXPECT_TRUE(outer.add(middle));
    EXPECT_TRUE(middle.add(inner));
    inner.add(nop(), note(7));
    io->poll();
    EXPECT_EQ(order, (std::vector<int>{7, 1, 2, 3}));
}

TEST_P(Group, NestsAHundredThousandDeep) {  // G-4: iteratively
    auto io = make_context();
    const int deep = 100'000;
    int ended = 0;
    std::vector<group> all;
    all.reserve(deep);
    for (int i = 0; i < deep; ++i) {
        all.emplace_back(*io, group_options{}, [&](result<>) { ++ended; });
        // Innermost first into its parent, so that looking for cycles is quick.
        if (all.size() == 1) continue;
        ASSERT_TRUE(all.back().add(*(all.end() - 2)));
    }
    all.front().add(busy(0s));
    io->flush();
    EXPECT_EQ(ended, deep);
}

TEST_P(Group, OfAHundredThousandIsCancelledAtOnce) {
    auto io = make_queueing_context();
    int canceled = 0;
    result<> ended;
    group all(*io, {}, [&](result<> outcome) { ended = outcome; });
    for (int i = 0; i < 100'000; ++i)
        all.add(busy(0s),
                [&](result<> outcome) { canceled += outcome.error() == std::errc::operation_canceled; });
    io->poll();
    all.cancel();
    io->poll();
    EXPECT_EQ(canceled, 100'000);
    EXPECT_EQ(ended.error(), std::errc::operation_canceled);
}

TEST_P(Group, ReleasesItsMembersAfterItsOwnCallback) {  // M-12
    auto io = make_context();
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    bool alive = false;
    group all(*io, {}, [&](result<>) { alive = !watched.expired(); });
    all.add(nop(), [owned = std::move(owned)](result<>) {});
    io->poll();
    EXPECT_TRUE(alive) << "the last member's resources outlive the group's callback";
    EXPECT_TRUE(watched.expired());
}

TEST_P(Group, EndsThoughAMembersCallbackThrows) {  // G-15
    auto io = make_context();
    group outer(*io, {}, note(8));
    group all(*io, {}, note(9));
    EXPECT_TRUE(outer.add(all));
    all.add(nop(), [](result<>) { throw std::runtime_error("the member's"); });
    try {
        io->flush();
        FAIL() << "did not throw";
    } catch (const std::runtime_error& thrown) {
        EXPECT_STREQ(thrown.what(), "the member's");
    }
    EXPECT_EQ(order, (std::vector<int>{9, 8})) << "in the same cascade";
    io->flush();
}

TEST_P(Group, FirstExceptionOfACascadeIsTheOneThatLeaves) {  // G-15, 4.2: upstream loses its text
    auto io = make_context();
    group all(*io, {}, [](result<>) { throw std::logic_error("the group's"); });
    all.add(nop(), [](result<>) { throw std::runtime_error("the member's"); });
    EXPECT_THROW(io->poll(), std::runtime_error);
    EXPECT_TRUE(all.done());
    EXPECT_NO_THROW(io->flush());
}

TEST_P(Group, HandlesDestructionForgetsIt) {
    auto io = make_queueing_context();
    {
        group all(*io, {}, note(9));
        all.add(busy(0s), note(1));
    }
    io->flush();
    EXPECT_TRUE(order.empty());
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Group, HandlesDestructionForgetsTheGroupsInItToo) {
    auto io = make_queueing_context();
    const auto owned = std::make_shared<int>();
    group inner(*io, {}, [owned](result<>) { ADD_FAILURE(); });
    {
        group outer(*io, {}, note(9));
        group middle(*io, {}, note(8));
        EXPECT_TRUE(outer.add(middle));
        EXPECT_TRUE(middle.add(inner));
        outer.add(busy(0s), note(1));
        inner.add(call([] { ADD_FAILURE() << "was made"; }), [owned](result<>) { ADD_FAILURE(); });
        inner.feed([owned, fed = 0](group& into) mutable {
            EXPECT_LT(fed, 1) << "more than it had room for";
            if (fed++ == 0) into.add(busy(0s), [owned](result<>) { ADD_FAILURE(); });
        });
        io->poll();
        EXPECT_EQ(io->statistics().ready, 3U);
    }
    io->flush();
    EXPECT_TRUE(order.empty());
    EXPECT_TRUE(inner.done());
    EXPECT_EQ(owned.use_count(), 1);
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Group, DetachedGoesOnWithoutItsHandle) {
    auto io = make_queueing_context();
    request left;
    {
        group all(*io, {}, note(9));
        all.add(busy(0s), note(1));
        left = all.detach();
    }
    EXPECT_FALSE(left.done());
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{1, 9}));
    EXPECT_TRUE(left.done());
}

TEST_P(Group, HandleMayBeDestroyedInItsOwnCallbacks) {
    auto io = make_context();
    std::unique_ptr<group> held;
    held = std::make_unique<group>(*io, group_options{}, [&](result<>) {
        order.push_back(9);
        held.reset();
    });
    held->add(nop(), note(1));
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{1, 9}));

    held = std::make_unique<group>(*io, group_options{}, note(99));
    held->add(nop(), [&](result<>) { held.reset(); });
    held->add(busy(0s), note(98));
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{1, 9}));
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

/// What polls as it is destroyed. It is large, so that the block that it is in comes from no cache, and the
/// address sanitizer sees what is done to that afterwards.
struct polls {
    explicit polls(context& in) : io(&in) {}
    polls(polls&& other) noexcept : io(std::exchange(other.io, nullptr)) {}
    polls(const polls&) = delete;
    polls& operator=(const polls&) = delete;
    ~polls() {
        if (!io) return;
        io->poll();
        io->poll();
    }
    context* io;
    std::array<char, 1000> large = {};
};

task<> holding(polls held) {
    const auto done = co_await busy(1s);
    static_cast<void>(done);
    static_cast<void>(held);
}

TEST_P(Group, MembersMayPollAsTheyAreDestroyed) {
    for (const unsigned variant : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U}) {
        const bool begun = variant & 1U;
        const bool with_context = variant & 2U;
        const bool fed = variant & 4U;  // whose feeder polls first, and so begins the others
        std::optional<engine_context> io(make_queueing_context());
        context& in = **io;
        std::optional<group> all(std::in_place, in, group_options{}, note(9));
        group inner(in);
        // Who polls while the context ends gets what is there.
        const auto uncalled = [with_context] { EXPECT_TRUE(with_context); };
        const auto receive = [large = std::array<char, 1000>(), uncalled](auto&&...) {
            static_cast<void>(large);
            uncalled();
        };
        EXPECT_TRUE(all->add(inner));
        for (group* each : {&*all, &inner}) {
            each->add(busy(1s), [held = polls(in), uncalled](result<>) { uncalled(); });
            each->add(holding(polls(in)), [held = polls(in), uncalled] { uncalled(); });
            each->add(holding(polls(in)), receive);
            each->add(awaiting(busy(1s)), receive);
            if (!fed) continue;
            each->feed([held = polls(in), left = 1](group& into) mutable {
                if (left-- > 0) into.add(holding(polls(*held.io)));
            });
        }
        if (begun) in.poll();
        static_cast<void>(inner.detach());
        if (with_context) {
            static_cast<void>(all->detach());
            io.reset();
        } else {
            all.reset();
            EXPECT_TRUE(in.flush());
        }
    }
    EXPECT_TRUE(order.empty());
}

TEST_P(Group, CancellingRunsNobodysCode) {
    for (const bool by_shutdown : {false, true}) {
        auto io = make_queueing_context();
        group all(*io, {}, note(9));
        {
            const std::array<char, 1000> large = {};
            group inner(*io, {.limit = 1}, [large, this](result<>) {
                static_cast<void>(large);
                order.push_back(8);
            });
            EXPECT_TRUE(all.add(inner));
            inner.feed([held = polls(*io), fed = 0](group& into) mutable {
                if (fed++ == 0) into.add(nop());
            });
            static_cast<void>(inner.detach());
        }
        all.add(busy(1s), note(1));
        if (by_shutdown) {
            io->poll({.requests = 1, .time = {}});
            io->shutdown();
        } else {
            all.cancel();
            EXPECT_TRUE(order.empty());
            io->flush();
        }
        EXPECT_EQ(order.size(), 3U);
        order.clear();
    }
}

TEST_P(Group, MoveAssignmentForgetsTheOldOne) {
    auto io = make_queueing_context();
    group one(*io, {}, note(1));
    one.add(busy(0s), note(2));
    group two(*io, {}, note(3));
    two.add(busy(0s), note(4));
    one = std::move(two);
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{4, 3}));
}

TEST_P(Group, CallbackCanBeReplaced) {  // G-14
    auto io = make_context();
    group all(*io, {}, note(1));
    EXPECT_TRUE(all.handle().callback<result<>>(note(2)));
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{2}));
}

TEST_P(Group, PriorityCanBeChanged) {  // group::handle is "for priority"
    auto io = make_context();
    group all(*io, {.priority = 0}, note(1));
    group other(*io, {.priority = 0}, note(2));
    all.handle().priority(-2);
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{2, 1}));
}

TEST_P(Group, WithoutCallbackEnds) {
    auto io = make_context();
    group all(*io);
    all.add(busy(0s), note(1));
    io->flush();
    EXPECT_TRUE(all.done());
    EXPECT_EQ(order, (std::vector<int>{1}));
}

TEST_P(Group, TakesTasksAsMembers) {
    auto io = make_context();
    struct tasks {
        static task<result<>> sleeping() {
            auto slept = co_await busy(0s);
            co_return slept;
        }
    };
    group all(*io, {}, note(9));
    all.add(tasks::sleeping(), note(1));
    EXPECT_EQ(all.size(), 1U);
    io->flush();
    EXPECT_EQ(order, (std::vector<int>{1, 9}));
}

TEST_P(Group, IsAwaitedByATask) {
    auto io = make_context();
    struct tasks {
        static task<result<>> awaiting_group(context& io, std::vector<int>& order) {
            group all(io);
            for (int i = 0; i < 3; ++i)
                all.add(busy(0s), [&order](result<>) { order.push_back(1); });
            all.result(std::make_error_code(std::errc::file_exists));
            auto ended = co_await all;
            order.push_back(2);
            auto again = co_await all;  // ended already: at once
            EXPECT_EQ(again, ended);
            co_return ended;
        }
    };
    EXPECT_EQ(io->run(tasks::awaiting_group(*io, order)).error(), std::errc::file_exists);
    EXPECT_EQ(order, (std::vector<int>{1, 1, 1, 2}));
}

TEST_P(Group, IsCancelledWithTheTaskThatAwaitsIt) {
    auto io = make_queueing_context();
    struct tasks {
        static task<result<>> awaiting_group(context& io, std::vector<int>& order) {
            group all(io);
            all.add(busy(0s), [&order](result<> outcome) { order.push_back(outcome ? 1 : -1); });
            auto ended = co_await all;
            co_return ended;
        }
    };
    request started = io->submit(tasks::awaiting_group(*io, order), [&](result<> outcome) {
        EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
        order.push_back(-9);
    });
    io->poll();
    started.cancel();
    io->poll();
    EXPECT_EQ(order, (std::vector<int>{-1, -9}));
}

TEST_P(Group, AwaitedByTwoTasksResumesBoth) {  // never a silent hang
    auto io = make_context();
    group all(*io);
    all.add(busy(0s));
    struct tasks {
        static task<> awaiting_group(group& all, int& resumed) {
            auto ended = co_await all;
            EXPECT_TRUE(ended);
            ++resumed;
        }
    };
    int resumed = 0;
    io->submit(tasks::awaiting_group(all, resumed), [] {});
    io->submit(tasks::awaiting_group(all, resumed), [] {});
    io->flush(long_enough());
    EXPECT_EQ(resumed, 2);
}

/// A task that lets go of the handle it was given, and notes what becomes of it.
struct letting_go {
    std::optional<group>& handle;
    std::vector<int>& seen;

    struct witness {
        std::vector<int>& seen;
        ~witness() { seen.push_back(-1); }
    };

    static task<> directly(letting_go self) {
        witness frame(self.seen);
        self.handle.reset();
        self.seen.push_back(1);
        auto given_up = co_await busy(0s);
        self.seen.push_back(given_up ? 0 : given_up.error().value());
    }
    static task<> in_a_child(letting_go self) {
        co_await directly(self);
        self.seen.push_back(2);
    }
    static task<> in_a_request_of_its_own(letting_go self) {
        const options watched{.deadline = 1h};
        co_await directly(self).with(watched);
        self.seen.push_back(2);
    }
    static task<> in_a_group(context& io, letting_go self) {
        witness frame(self.seen);
        group inner(io);
        inner.add(directly(self), [] {});
        auto ended = co_await inner;
        self.seen.push_back(ended ? 0 : ended.error().value());
    }
    static task<> in_a_poll(context& io, letting_go self) {
        witness frame(self.seen);
        io.submit(nop(), [&handle = self.handle](result<>) { handle.reset(); });
        while (self.handle) {
            io.wait();
            io.poll();
        }
        self.seen.push_back(1);
        auto given_up = co_await busy(0s);
        self.seen.push_back(given_up ? 0 : given_up.error().value());
    }
};

TEST_P(Group, ItsHandleMayGoInACoroutineOfAMember) {
    auto io = make_context();
    std::optional<group> all;
    std::vector<int> seen;
    const letting_go given{all, seen};
    const std::vector<int> as_child = {1, ECANCELED, -1, 2};
    const auto play = [&](task<> member) {
        seen.clear();
        all.emplace(*io);
        all->add(std::move(member), [] { ADD_FAILURE() << "called back, though the handle is gone"; });
        all->add(busy(0s));
        io->flush();
        EXPECT_FALSE(all);
        return seen;
    };
    EXPECT_EQ(play(letting_go::directly(given)), (std::vector{1, ECANCELED, -1}));
    EXPECT_EQ(play(letting_go::in_a_child(given)), as_child);
    EXPECT_EQ(play(letting_go::in_a_request_of_its_own(given)), as_child);
    EXPECT_EQ(play(letting_go::in_a_poll(*io, given)), (std::vector{1, ECANCELED, -1}));
    EXPECT_EQ(play(letting_go::in_a_group(*io, given)), (std::vector{1, ECANCELED, -1, ECANCELED, -1}));
}

/// A group whose member owns the object that the group is in.
struct session : std::enable_shared_from_this<session> {
    explicit session(context& io, int& ended) : tasks(io), ended_(ended) {}
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session() { ++ended_; }

    static task<> run(std::shared_ptr<session> self) {
        auto ended = co_await busy(0s);
        static_cast<void>(ended);
        static_cast<void>(self);
    }

    group tasks;

  private:
    int& ended_;
};

TEST_P(Group, MayBeOwnedByItsMembers) {
    int ended = 0;
    for (const bool is_destroyed : {true, false}) {
        auto io = make_queueing_context();
        for (int i = 0; i < 3; ++i) {
            auto made = std::make_shared<session>(*io, ended);
            made->tasks.add(session::run(made));
        }
        io->poll();
        EXPECT_EQ(ended, is_destroyed ? 0 : 3);
        if (!is_destroyed) io->flush();
    }
    EXPECT_EQ(ended, 6);
}

AIO_ON_EVERY_ENGINE(Group);

}  // namespace
}  // namespace aio::test
