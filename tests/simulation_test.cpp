// SPDX-License-Identifier: MIT
// What a simulation promises. What it is used for is in simulation_seeds_test.cpp.
#include <aio/aio.hpp>
#include <aio/simulation.hpp>

#include "support/child.hpp"
#include "support/leaks.hpp"
#include "support/temporary.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {

namespace {

using namespace std::chrono_literals;

class Simulation : public leak_checked {};

int errno_of(const result<>& outcome) {
    return outcome ? 0 : outcome.error().value();
}

/// Twenty calls at once, and the order in which they are delivered.
std::vector<int> order_of_twenty(simulation& world) {
    context io({.simulation = &world});
    std::vector<int> order;
    for (int i = 0; i < 20; ++i)
        io.submit(call([i] { return i; }), [&](result<int> value) { order.push_back(*value); });
    io.flush();
    return order;
}

TEST_F(Simulation, TheSameSeedGivesTheSameTrace) {
    simulation first({.seed = 42, .faults = {.thread_failure = 0.2}});
    simulation second({.seed = 42, .faults = {.thread_failure = 0.2}});
    EXPECT_EQ(order_of_twenty(first), order_of_twenty(second));
    EXPECT_EQ(first.trace(), second.trace());
    EXPECT_EQ(first.digest(), second.digest());
    EXPECT_EQ(first.elapsed(), second.elapsed());
}

/// The same with every compiler and library: what fails here breaks the seeds in people's bug reports.
TEST_F(Simulation, ASeedMeansTheSameEverywhere) {
    simulation world({.seed = 9, .faults = {.error = 0.5, .thread_failure = 0.3}});
    context io({.simulation = &world});
    for (int i = 0; i < 2; ++i)
        io.submit(stat("/"));
    io.flush();
    EXPECT_EQ(world.trace(),
              "0 #1 stat 0 queue\n"
              "0 #2 stat 0 queue\n"
              "0 thread begin\n"
              "0 #1 stat 0 begin\n"
              "0 thread fault\n"
              "32251 #1 stat 0 call\n"
              "60724 #1 stat 0 end 0\n"
              "60724 #2 stat 0 begin\n"
              "101705 #2 stat 0 fault 5\n"
              "134642 #2 stat 0 end 5\n");
}

TEST_F(Simulation, DifferentSeedsGiveDifferentOrders) {
    std::set<std::vector<int>> orders;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        simulation world({.seed = seed});
        orders.insert(order_of_twenty(world));
    }
    EXPECT_GT(orders.size(), 45u);
}

TEST_F(Simulation, KeepsADigestWithoutTheTrace) {
    simulation kept({.seed = 3});
    simulation unkept({.seed = 3, .keep_trace = false});
    order_of_twenty(kept);
    order_of_twenty(unkept);
    EXPECT_FALSE(kept.trace().empty());
    EXPECT_EQ(unkept.trace(), "");
    EXPECT_EQ(kept.digest(), unkept.digest());
}

TEST_F(Simulation, TimePassesWithoutWaiting) {
    const auto began = clock::now();
    simulation world;
    context io({.simulation = &world});
    EXPECT_TRUE(io.run(busy(1000h)));
    EXPECT_EQ(world.elapsed(), 1000h);
    EXPECT_LT(clock::now() - began, 10s);
}

TEST_F(Simulation, DeadlinesAreVirtual) {
    simulation world;
    context io({.simulation = &world});
    EXPECT_EQ(errno_of(io.run(busy(1h).with({.deadline = 1min}))), ETIMEDOUT);
    EXPECT_EQ(world.elapsed(), 1min);
    EXPECT_TRUE(io.run(busy(1h).with({.deadline = world.now() + 61min})));
}

task<result<>> twice(std::chrono::nanoseconds time) {
    for (int i = 0; i < 2; ++i)
        if (auto waited = co_await busy(time); !waited) co_return waited;
    co_return result<>();
}

TEST_F(Simulation, TasksHaveDeadlinesToo) {
    simulation world;
    context io({.simulation = &world});
    EXPECT_EQ(errno_of(io.run(twice(40min).with({.deadline = 1h}))), ETIMEDOUT);
    EXPECT_EQ(world.elapsed(), 1h);
    EXPECT_TRUE(io.run(twice(40min).with({.deadline = 2h})));
}

TEST_F(Simulation, WaitEndsAtItsDeadline) {
    simulation world;
    context io({.simulation = &world});
    request long_one = io.submit(busy(1h));
    EXPECT_FALSE(io.wait(10s));
    EXPECT_EQ(world.elapsed(), 10s);
    EXPECT_FALSE(io.flush(10s));
    EXPECT_EQ(world.elapsed(), 20s);
    EXPECT_TRUE(io.wait());
    EXPECT_EQ(world.elapsed(), 1h);
    EXPECT_FALSE(long_one.done());
    EXPECT_EQ(io.poll().delivered, 1u);
    EXPECT_TRUE(long_one.done());
    EXPECT_FALSE(io.wait());  // nothing is outstanding: no time passes
    EXPECT_EQ(world.elapsed(), 1h);
}

TEST_F(Simulation, PollAlonePassesNoTime) {
    simulation world;
    context io({.simulation = &world});
    io.submit(busy(1ns));
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(io.poll().delivered, 0u);
    EXPECT_EQ(world.elapsed(), 0s);
    EXPECT_EQ(io.statistics().running, 1u);
    io.flush();
}

TEST_F(Simulation, HasAsManyThreadsAsAllowed) {
    simulation world;
    context io({.threads = {.min = 3, .max = 5, .idle = 2, .idle_timeout = 10s}, .simulation = &world});
    for (int i = 0; i < 10; ++i)
        io.submit(busy(1h));
    io.poll();
    EXPECT_EQ(io.statistics().threads, 3u);
    EXPECT_EQ(io.statistics().ready, 7u);
    io.wait(1s);  // those in the calls are blocked: others may run, up to the limit
    EXPECT_EQ(io.statistics().threads, 5u);
    EXPECT_EQ(io.statistics().running, 5u);
    io.flush();
    EXPECT_EQ(world.elapsed(), 2h + 2ms);  // it takes a millisecond to see who is blocked, twice
    EXPECT_TRUE(io.run(busy(11s)));
    io.poll();
    EXPECT_EQ(io.statistics().threads, 2u);
}

TEST_F(Simulation, StuckCallsHoldNobodyUp) {
    simulation world;
    context io({.simulation = &world});
    for (int i = 0; i < 32; ++i)
        io.submit(busy(1000h));
    EXPECT_TRUE(io.run(stat("/")));
    EXPECT_LT(world.elapsed(), 100ms);
}

TEST_F(Simulation, WithoutThreadsThePollerMakesTheCalls) {
    simulation world({.faults = {.thread_failure = 1}});
    context io({.simulation = &world});
    int delivered = 0;
    for (int i = 0; i < 5; ++i)
        io.submit(busy(1s), [&](auto&&) { ++delivered; });
    io.poll();  // makes one, delivers it
    EXPECT_EQ(delivered, 1);
    EXPECT_EQ(world.elapsed(), 1s);
    io.flush();
    EXPECT_EQ(delivered, 5);
    EXPECT_EQ(io.statistics().assisted, 5u);
    EXPECT_EQ(io.statistics().threads, 0u);
    EXPECT_EQ(world.elapsed(), 5s);
}

TEST_F(Simulation, TriesThreadsAgain) {
    simulation world({.faults = {.thread_failure = 1}});
    context io({.assist = false, .simulation = &world});
    io.submit(busy(1s));
    EXPECT_FALSE(io.wait(1s));
    EXPECT_EQ(io.statistics().threads, 0u);
    world.faults({});
    EXPECT_TRUE(io.wait());
    EXPECT_LE(world.elapsed(), 2s + 10ms);
}

TEST_F(Simulation, LimitOfNoThreadsLeavesTheCallsToWait) {
    simulation world;
    context io({.threads = {.max = 0}, .simulation = &world});
    int delivered = 0;
    io.submit(stat("/"), [&](auto&&) { ++delivered; });
    io.poll();
    EXPECT_EQ(delivered, 0);
    io.flush();
    EXPECT_EQ(delivered, 1);
    EXPECT_EQ(io.statistics().assisted, 1u);
}

TEST_F(Simulation, FaultsHaveNoEffect) {
    temporary_tree tree;
    simulation world({.faults = {.error = 1}});
    context io({.simulation = &world});
    EXPECT_FALSE(io.run(mkdir(tree / "made", 0700)));
    EXPECT_FALSE(io.run(open(tree / "opened", O_CREAT | O_WRONLY)));
    EXPECT_FALSE(exists(tree / "made"));
    EXPECT_FALSE(exists(tree / "opened"));
    world.faults({});
    EXPECT_TRUE(io.run(mkdir(tree / "made", 0700)));
}

TEST_F(Simulation, FaultyCloseClosesAllTheSame) {
    int fd = ::open("/", O_RDONLY | O_CLOEXEC);
    simulation world({.faults = {.error = 1}});
    context io({.simulation = &world});
    EXPECT_FALSE(io.run(close(fd)));
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST_F(Simulation, ShortCountsMoveSomethingButNotAll) {
    temporary_tree tree;
    file opened(::open((tree / "file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    simulation world({.faults = {.short_count = 1}});
    context io({.simulation = &world});
    const std::string text(1000, 'x');
    auto written = io.run(write(opened, text, 0));
    ASSERT_TRUE(written);
    EXPECT_GE(*written, 1u);
    EXPECT_LT(*written, 1000u);
    EXPECT_EQ(*io.run(write_all(opened, text, 0)), 1000u);
    auto got = io.run(read(opened, 1000, 0));
    ASSERT_TRUE(got);
    EXPECT_GE(got->size(), 1u);
    EXPECT_LT(got->size(), 1000u);
    EXPECT_EQ(*io.run(read_exactly(opened, 1000, 0)), text);
    EXPECT_EQ(io.run(read(opened, 1, 0))->size(), 1u);  // not 0, which would be the end
}

TEST_F(Simulation, ShortCountsLeaveMessagesAndBlocksWhole) {
    temporary_tree tree;
    simulation world({.faults = {.short_count = 1}});
    context io({.simulation = &world});
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const file out(ends[0]);
    const file in(ends[1]);
    const std::string text(1000, 'x');
    EXPECT_EQ(io.run(write(in, text)), 1000u) << "whose end would be lost";
    const auto got = io.run(read(out, 1000));
    ASSERT_TRUE(got);
    EXPECT_GE(got->size(), 1u);
    EXPECT_LT(got->size(), 1000u);
    EXPECT_EQ(io.run(read_exactly(out, 1000 - got->size()))->size(), 1000 - got->size());
    file direct(::open((tree / "file").c_str(), O_CREAT | O_RDWR | O_DIRECT | O_CLOEXEC, 0600));
    if (!direct) return;  // the file system has no such thing
    alignas(4096) static std::array<char, 8192> blocks;
    EXPECT_EQ(io.run(write(direct, std::string_view(blocks.data(), blocks.size()), 0)), 8192u);
    EXPECT_EQ(io.run(read(direct, std::as_writable_bytes(std::span(blocks)), 0)), 8192u);
}

/// A call that is given up had its effect already, or never will; whatever it opened or made is undone.
TEST_F(Simulation, WhatIsGivenUpIsUndoneOrNeverMade) {
    temporary_tree tree;
    std::size_t made = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(seed);
        simulation world({.seed = seed, .latency_min = 10ms, .latency_max = 10ms});
        context io({.simulation = &world});
        EXPECT_EQ(io.run(mkstemp(tree / "file").with({.deadline = 5ms})).error(), std::errc::timed_out);
        EXPECT_EQ(io.statistics().abandoned, 1u);
        made += world.trace().contains(" call");
        EXPECT_TRUE(io.run(busy(1h)));
        EXPECT_EQ(io.statistics().abandoned, 0u);
        EXPECT_TRUE(world.trace().contains(" abandon"));
        EXPECT_TRUE(std::filesystem::is_empty(tree.root()));
    }
    EXPECT_GT(made, 20u);
    EXPECT_LT(made, 80u);
}

TEST_F(Simulation, DestructionLeavesNothing) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        simulation world({.seed = seed});
        std::string buffer(100, ' ');
        file opened(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
        context io({.simulation = &world});
        for (int i = 0; i < 10; ++i) {
            io.submit(open("/", O_RDONLY), [](auto&&) { FAIL(); });
            io.submit(read(opened, std::as_writable_bytes(std::span(buffer))), [](auto&&) { FAIL(); });
        }
        io.wait();
    }
}

TEST_F(Simulation, BrokenPipesRaiseNoSignal) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    ::close(ends[0]);
    simulation world;
    context io({.simulation = &world});
    EXPECT_EQ(io.run(write(ends[1], "x")).error(), std::errc::broken_pipe);
    ::close(ends[1]);
}

/// Nothing happens in the simulation, so wait really waits.
TEST_F(Simulation, AnotherThreadWakesAStalledWait) {
    simulation world;
    context io({.threads = {.max = 0}, .assist = false, .simulation = &world});
    int delivered = 0;
    io.submit(stat("/"), [&](auto&&) { ++delivered; });
    std::thread other([&] {
        std::this_thread::sleep_for(20ms);
        io.threads({.max = 1});
        io.submit(stat("/"), [&](auto&&) { ++delivered; });
    });
    io.flush();
    other.join();
    io.flush();
    EXPECT_EQ(delivered, 2);
}

TEST_F(Simulation, AForkedChildGoesOnWithTheSameWorld) {
    simulation world;
    context io({.simulation = &world});
    request outstanding = io.submit(busy(1h));
    io.wait(1s);
    const child_end end = run_in_child([&] {
        require(!io.statistics().outstanding);
        require(io.run(busy(1h)).has_value());
        require(world.elapsed() == 1s + 1h);
    });
    EXPECT_EQ(unexpected_end(end), "");
    io.flush();
    EXPECT_TRUE(outstanding.done());
}

}  // namespace

}  // namespace aio::test
