// SPDX-License-Identifier: MIT
// Everything at once, from several threads: exactly one outcome each, nothing leaks. For the sanitizers above
// all.
#include "support/engines.hpp"
#include "support/leaks.hpp"
#include "support/patience.hpp"
#include "support/storm.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Stress : public testing::WithParamInterface<std::uint32_t>, public leak_checked {};

TEST_P(Stress, FourThreadsStartCancelAndMove) {
    const std::uint32_t seed = GetParam() ? GetParam() : std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    temporary_tree tree;
    const std::string path = tree.write("file");
    context io;
    std::vector<std::unique_ptr<storm>> storms;
    for (std::uint32_t t = 0; t < 4; ++t)
        storms.push_back(std::make_unique<storm>(io, seed * 4 + t, path));
    std::atomic<int> at_work{3};
    std::vector<std::thread> others;
    for (std::size_t t = 1; t < 4; ++t)
        others.emplace_back([&, t] {
            for (int i = 0; i < 2000; ++i)
                storms[t]->step(false);
            --at_work;
        });
    for (int i = 0; i < 2000 || at_work; ++i)
        storms[0]->step(true);
    for (std::thread& each : others)
        each.join();
    io.threads({});
    ASSERT_TRUE(io.flush(long_enough())) << "outstanding " << io.statistics().outstanding << ", ready "
                                         << io.statistics().ready << ", running " << io.statistics().running;
    for (auto& each : storms)
        EXPECT_EQ(each->delivered(), each->expected());
    EXPECT_EQ(io.statistics().outstanding, 0U);
    EXPECT_EQ(io.statistics().ready, 0U);
}

TEST_P(Stress, ContextIsDestroyedInTheMiddle) {
    const std::uint32_t seed = GetParam() ? GetParam() : std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    temporary_tree tree;
    const std::string path = tree.write("file");
    for (std::uint32_t round = 0; round < 30; ++round) {
        auto io = std::make_unique<context>();
        storm some(*io, seed * 100 + round, path);
        for (std::uint32_t i = 0; i < 50 + 10 * round; ++i)
            some.step(true);
        if (round % 3 == 0) io->shutdown(round % 2 ? deadline() : deadline(1ms));
        io.reset();
        EXPECT_LE(some.delivered(), some.expected());
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Stress, testing::Values(1U, 2U, 3U, 0U),
                         [](const testing::TestParamInfo<std::uint32_t>& of) {
                             return of.param ? "Fixed" + std::to_string(of.param) : std::string("Random");
                         });

class CancelStorm : public engine_test {};

TEST_P(CancelStorm, HitsEveryStateAndEachOutcomeArrivesOnce) {
    const std::uint32_t seed = 7;
    std::mt19937 dice(seed);
    auto io = make_context();
    for (int round = 0; round < 50; ++round) {
        std::vector<request> started;
        std::vector<int> arrived(200);
        std::vector<bool> forgotten(200);
        for (std::size_t i = 0; i < arrived.size(); ++i) {
            auto receive = [&arrived, i](const auto&) { ++arrived[i]; };
            if (i % 3 == 0)
                started.push_back(io->submit(busy(std::chrono::microseconds(dice() % 50)), receive));
            if (i % 3 == 1) started.push_back(io->submit(open("/", O_RDONLY | O_DIRECTORY), receive));
            if (i % 3 == 2) started.push_back(io->submit(awaiting(stat("/")), receive));
        }
        for (int k = 0; k < 400; ++k) {
            const std::size_t i = dice() % started.size();
            if (dice() % 3) {
                started[i].cancel();
            } else if (!started[i].done()) {
                started[i].forget();
                forgotten[i] = true;
            }
            if (dice() % 8 == 0) io->poll({.requests = 5, .time = {}});
        }
        ASSERT_TRUE(io->flush());
        for (std::size_t i = 0; i < arrived.size(); ++i)
            ASSERT_EQ(arrived[i], forgotten[i] ? 0 : 1) << i;
    }
}

/// What the thread that made a context submits and cancels while another begins to poll.
TEST_P(CancelStorm, WhileAnotherThreadBeginsToPoll) {
    if (!GetParam().has_threads) return;  // its calls are made by who polls
    temporary_tree tree;
    const aio::file f(::open(tree.write("file").c_str(), O_RDWR | O_CLOEXEC));
    for (int round = 0; round < 100; ++round) {
        auto io = make_context();
        int arrived = 0;
        auto receive = [&](const auto&) { ++arrived; };
        std::vector<request> started;
        started.push_back(io->submit(awaiting(busy(1ms)), receive));
        started.push_back(io->submit(fsync(f), receive));
        std::atomic<bool> begins{false};
        std::atomic<bool> submitted{false};
        std::thread loop([&] {
            begins = true;
            while (!submitted)
                io->poll();
            EXPECT_TRUE(io->flush(long_enough()));
        });
        while (!begins)
            std::this_thread::yield();
        for (int i = 0; i < 5; ++i) {
            started.push_back(io->submit(fsync(f), receive));
            started.push_back(io->submit(read(f, 100, 0), receive));
            started[static_cast<std::size_t>(i)].cancel();
        }
        submitted = true;
        loop.join();
        ASSERT_EQ(arrived, static_cast<int>(started.size()));
    }
}

AIO_ON_EVERY_ENGINE(CancelStorm);

}  // namespace
}  // namespace aio::test
