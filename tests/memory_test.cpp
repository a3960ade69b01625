// SPDX-License-Identifier: MIT
// What requests cost: C-MEM and issue 2's million.
#include "support/allocations.hpp"
#include "support/engines.hpp"
#include "support/leaks.hpp"

#include <aio/aio.hpp>

#include <ctime>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Memory : public leak_checked {
  protected:
    static constexpr std::size_t million = 1'000'000;
    const std::string path = "/usr/share/doc/a-path-of-forty-characters";  // cut to 40

    /// Seconds of CPU that cancelling `many` queued requests takes, with their delivery.
    double cost_of_cancelling(std::size_t many) {
        context io({.threads = {.max = 0}});
        std::size_t canceled = 0;
        std::vector<request> queued;
        queued.reserve(many);
        for (std::size_t i = 0; i < many; ++i)
            queued.push_back(
                io.submit(stat(path), [&](const result<file_status>& outcome) { canceled += !outcome; }));
        const std::clock_t before = std::clock();
        for (request& each : queued)
            each.cancel();
        io.poll();
        const std::clock_t after = std::clock();
        EXPECT_EQ(canceled, many);
        return static_cast<double>(after - before) / CLOCKS_PER_SEC;
    }
};

TEST_F(Memory, OfAMillionQueuedStatsIsAtMost256BytesEach) {
    const std::string forty = path.substr(0, 40);
    context io({.threads = {.max = 0}});
    // Blocks may come from this thread's cache: what it can hold is there before.
    io.submit(stat(forty), [](const result<file_status>&) {});
    const std::size_t before = allocated_bytes();
    for (std::size_t i = 0; i < million; ++i)
        io.submit(stat(forty), [](const result<file_status>&) {});
    const double each = static_cast<double>(allocated_bytes() - before) / million;
    RecordProperty("bytes_each", std::to_string(each));
    EXPECT_LE(each, 256.01);  // what is allocated once counts, too
    EXPECT_EQ(io.statistics().ready, million + 1);
}

TEST_F(Memory, OfQueuedRequestsIsGivenBack) {
    const std::size_t before = allocated_bytes();
    {
        context io({.threads = {.max = 0}});
        for (std::size_t i = 0; i < 100'000; ++i)
            io.submit(stat(path), [](const result<file_status>&) {});
    }
    EXPECT_LE(allocated_bytes(), before + 1'000'000) << "but for a bounded cache";
}

TEST_F(Memory,
       CancellingAllIsLinear) {  // ten times as many may take 70 times as long; quadratic would be 100
    cost_of_cancelling(10'000);
    const double few = std::min(cost_of_cancelling(100'000), cost_of_cancelling(100'000));
    const double many = cost_of_cancelling(million);
    EXPECT_LT(many, 70 * few + 0.05);
}

TEST_F(Memory, DestroyingAMillionQueuedIsQuick) {
    const auto began = clock::now();
    {
        context io({.threads = {.max = 0}});
        for (std::size_t i = 0; i < million; ++i)
            io.submit(busy(0s));
    }
    EXPECT_LT(clock::now() - began, 30s);
}

TEST_F(Memory, ACachedBlockServesTheNextRequest) {  // no allocation in the steady state
    context io;
    auto round = [&] {
        for (int i = 0; i < 10; ++i)
            io.submit(nop(), [](result<>) {});
        io.poll();
    };
    round();
    const std::size_t before = allocated_bytes();
    for (int i = 0; i < 1000; ++i)
        round();
    EXPECT_EQ(allocated_bytes(), before);
    failing_allocation next(0);
    EXPECT_NO_THROW(round());
    EXPECT_FALSE(next.happened());
}

class OutOfMemory : public engine_test {};

TEST_P(OutOfMemory, SubmitThrowsAndNothingWasStarted) {
    const std::string path(300, 'x');
    for (int n = 0;; ++n) {
        auto io = make_queueing_context();
        int delivered = 0;
        bool failed = false;
        {
            failing_allocation fails(n);
            try {
                io->submit(stat(path).with({.deadline = 1h}),
                           [&, large = std::array<char, 3000>()](const result<file_status>& outcome) {
                               ++delivered;
                               EXPECT_FALSE(outcome);
                               static_cast<void>(large);
                           });
            } catch (const std::bad_alloc&) {
                EXPECT_EQ(io->statistics().outstanding, 0U);
                failed = true;
            }
            if (!failed && !fails.happened()) n = -2;
        }
        EXPECT_TRUE(io->flush());
        EXPECT_EQ(delivered, failed ? 0 : 1);
        if (n < 0) break;
        ASSERT_LT(n, 1000);
    }
}

TEST_P(OutOfMemory, InATaskIsTheOutcomeOfWhatCouldNotBeStarted) {
    struct tasks {
        static task<result<file_status>> inner(const std::string& path) {
            auto status = co_await stat(path);
            co_return status;
        }
        static task<result<file_status>> outer(const std::string& path) {
            auto status = co_await inner(path);
            co_return status;
        }
    };
    std::string path = "/";  // its block is too large for the cache; frames may be elided by the compiler
    while (path.size() < 2000)
        path += "./";
    int failures = 0;
    for (int n = 0;; ++n) {
        auto io = make_context({.threads = {.max = 0}});
        bool happened = false;
        {
            failing_allocation fails(n);
            try {
                auto status = io->run(tasks::outer(path));
                if (!status) {
                    EXPECT_EQ(status.error().value(), ENOMEM);
                    ++failures;
                }
            } catch (const std::bad_alloc&) {
                ++failures;
            }
            happened = fails.happened();
        }
        EXPECT_TRUE(io->flush());
        EXPECT_EQ(io->statistics().outstanding, 0U);
        if (!happened) break;
        ASSERT_LT(n, 1000);
    }
    EXPECT_GE(failures, 1);
}

TEST_P(OutOfMemory, NeverLosesARequestOfAGroup) {
    for (int n = 0;; ++n) {
        auto io = make_queueing_context();
        int delivered = 0;
        int started = 0;
        bool ended = false;
        bool happened = false;
        {
            failing_allocation fails(n);
            try {
                group all(*io, {}, [&](result<>) { ended = true; });
                for (int i = 0; i < 3; ++i) {
                    all.add(busy(0s), [&, large = std::array<char, 4000>()](result<>) {
                        ++delivered;
                        static_cast<void>(large);
                    });
                    ++started;
                }
                all.detach();
            } catch (const std::bad_alloc&) {
                started = 0;  // the group's destructor forgot them
            }
            happened = fails.happened();
        }
        EXPECT_TRUE(io->flush());
        EXPECT_EQ(delivered, started);
        EXPECT_EQ(ended, started == 3);
        if (!happened) break;
        ASSERT_LT(n, 1000);
    }
}

TEST_P(OutOfMemory, ContextCreationReportsIt) {
    for (int n = 0;; ++n) {
        failing_allocation fails(n);
        auto io = context::create();
        if (io && !fails.happened()) break;
        if (!io) {
            EXPECT_EQ(io.error().value(), ENOMEM);
        }
        ASSERT_LT(n, 1000);
    }
}

AIO_ON_EVERY_ENGINE(OutOfMemory);

}  // namespace
}  // namespace aio::test
