// SPDX-License-Identifier: MIT
// Memory that is not to be had: the n-th allocation of any use of any operation fails, n = 0 until none does
// any more; and nothing is allocated to deliver.
#include "support/allocations.hpp"
#include "support/operations.hpp"

#include <cstdio>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace aio::test {
namespace {

class AllocationFailure : public operation_test {
  protected:
    static void TearDownTestSuite() { std::printf("allocation failures: %zu\n", all_failures); }

    /// One use of the operation whose allocation `n` fails, or all from there on; false if it makes no more
    /// than `n`. In a thread of its own, where no cache has memory left from before.
    bool meets(way how, int n, lasting lasts) {
        bool met = false;
        std::thread([&] { met = meets_here(how, n, lasts); }).join();
        return met;
    }

    static inline std::size_t all_failures = 0;

  private:
    bool meets_here(way how, int n, lasting lasts) {
        SCOPED_TRACE(std::string(name_of(how)) + ", allocation " + std::to_string(n) + ", " + name_of(lasts));
        scene at(in_memory());
        const std::string before = at.look();
        auto io = make_context();
        std::optional<result<std::size_t>> outcome;  // none: it could not be started
        bool happened = false;
        {
            const failing_allocation fails(n, lasts);
            try {
                outcome = operation.good(how, *io, at);
            } catch (const std::bad_alloc&) {
            }
            happened = fails.happened();
        }
        if (happened) ++all_failures;
        EXPECT_TRUE(happened || (outcome && *outcome));
        if (outcome && !*outcome) {
            EXPECT_EQ(outcome->error().value(), ENOMEM) << outcome->error().message();
        }
        // R-OPEN: there may be no memory for the handle, after the file was made.
        if ((!outcome || !*outcome) && std::string_view(operation.name) != "open_creating") {
            EXPECT_EQ(at.look(), before);
        }
        EXPECT_TRUE(io->run(nop()));
        const statistics now = io->statistics();
        EXPECT_EQ(now.outstanding + now.ready + now.running + now.pending + now.abandoned, 0U);
        return happened;
    }
};

TEST_P(AllocationFailure, IsReportedOrSurvived) {
    for (way how : all_ways)
        for (lasting lasts : all_lastings)
            for (int n = 0; meets(how, n, lasts); ++n)
                ASSERT_LT(n, 1000);
}

/// A result that is there arrives without a byte of memory: in poll nothing is allocated for it, nor for the
/// group that it ends.
TEST_P(AllocationFailure, NeverMeetsADelivery) {
    for (int round = 0; round < 2; ++round) {
        scene at(in_memory());
        auto io = make_context();
        EXPECT_TRUE(io->run(busy({})));  // the thread is there that a ring may hand it to
        int arrived = 0;
        bool ended = false;
        std::optional<group> all;
        const request started = operation.submit(*io, at, {}, [&](result<>) { ended = !all, ++arrived; });
        if (round == 1 &&
            std::get<0>(GetParam()).has_threads) {  // a simulation makes calls in poll, and notes them
            all.emplace(*io, group_options{}, [&](result<>) { ended = true; });
            EXPECT_TRUE(all->add(started));
        }
        while (!ended && operation.row) {
            io->wait();
            // Of a worker that is still making the call nothing is meant.
            const failing_allocation fails(0, lasting::from_then_on, threads::this_one);
            io->poll();
            EXPECT_FALSE(fails.happened());
        }
        io->flush();
        EXPECT_EQ(arrived, 1);
    }
}

/// From the moment that it is accepted there is no memory any more, for no thread: not to hand it over, nor
/// for its result, nor for the group or the task that waits for it. Only what has to be kept needs some.
TEST_P(AllocationFailure, NeverMeetsWhatWasAccepted) {
    const std::set<std::string_view> keeps_something = {
        "load",           "make_directories", "mkdtemp", "mkstemp",  "open",           "open_creating",
        "open_directory", "pathsync",         "readdir", "realpath", "realpath_below", "scandir"};
    for (way how : {way::callback, way::coroutine, way::group}) {
        SCOPED_TRACE(name_of(how));
        scene at(in_memory());
        auto io = make_context();
        std::optional<failing_allocation> fails;
        when_accepted = [&] { fails.emplace(0, lasting::from_then_on); };
        const result<std::size_t> outcome = operation.good(how, *io, at);
        when_accepted = [] {};
        ASSERT_TRUE(fails);
        fails.reset();
        if (outcome) continue;
        EXPECT_EQ(outcome.error(), std::errc::not_enough_memory);
        // A function that a task awaits is accepted when the task gets there.
        const bool is_begun_later = how == way::coroutine && operation.name == std::string_view("closing");
        EXPECT_TRUE(keeps_something.contains(operation.name) || is_begun_later);
    }
}

AIO_WITH_EVERY_OPERATION(AllocationFailure);

}  // namespace
}  // namespace aio::test
