// SPDX-License-Identifier: MIT
// Counters of the routes, and AIO_TRACE. C-STATISTICS, C-TRACE.
#include "operations_fixture.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"

#include <aio/aio.hpp>

#include "ring.hpp"

#include <fcntl.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Statistics : public operations {};

TEST_F(Statistics, WhatIsMadeAtOnceIsCounted) {
    io.emplace(context_options{.routes = routes_used::inline_});
    const aio::file f(::open(make_file("f", "text").c_str(), O_RDONLY | O_CLOEXEC));
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(run(read(f, 4, 0)), "text");
    EXPECT_EQ(io->statistics().inline_hits, 5U);
    const directory none = open_root();
    EXPECT_FALSE(run(read(none, 4, 0)));
    EXPECT_EQ(io->statistics().inline_misses, 1U);
    EXPECT_EQ(io->statistics().threads_submitted, 2U) << "the directory was opened, and read";
    EXPECT_EQ(io->statistics().ring_submitted, 0U);
}

TEST_F(Statistics, WhatThreadsMakeIsCounted) {
    io.emplace(context_options{.routes = routes_used::threads});
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(run(lstat(root)));
    EXPECT_EQ(io->statistics().threads_submitted, 10U);
    EXPECT_TRUE(eventually([&] { return io->statistics().threads_completed == 10; }));
    EXPECT_GE(io->statistics().handovers, 1U);
    EXPECT_LE(io->statistics().handovers, 10U);
    EXPECT_TRUE(eventually([&] {  // a worker that sleeps by now
        EXPECT_TRUE(run(lstat(root)));
        return io->statistics().wakeups != 0;
    }));
    EXPECT_EQ(io->statistics().longest_running, 0ns);
}

TEST_F(Statistics, WhatTheRingMakesIsCounted) {
    if (!detail::offers_of_rings()) GTEST_SKIP() << "no io_uring here";
    io.emplace(context_options{.routes = routes_used::ring});
    const aio::file f(::open(make_file("f", "text").c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_EQ(run(read(f, 4, 0)), "text");
    EXPECT_TRUE(run(fdatasync(f)));
    EXPECT_EQ(io->statistics().ring_submitted, 2U);
    EXPECT_EQ(io->statistics().ring_completed, 2U);
    EXPECT_EQ(run(read(f, 4)), "text") << "by the position: a worker's";
    EXPECT_EQ(io->statistics().ring_submitted, 2U);
    EXPECT_EQ(io->statistics().threads_submitted, 1U);
}

TEST_F(Statistics, TheLongestRunningCallShows) {
    gate closed;
    io->submit(closed.work());
    closed.await_entered();
    EXPECT_TRUE(eventually([&] { return io->statistics().longest_running > 20ms; }));
    EXPECT_LT(io->statistics().longest_running, 1min);
    closed.open();
    EXPECT_TRUE(io->flush(long_enough()));
    EXPECT_TRUE(eventually([&] { return io->statistics().longest_running == 0ns; }));
}

TEST_F(Statistics, ForkedATraceHasALineForEachRequest) {
    const std::string name = make_file("f", "text");
    const child_end end = run_in_child([&] {
        ::setenv("AIO_TRACE", "1", 1);
        context traced;
        const aio::file f(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
        require(traced.run(read(f, 4, 0)).has_value());
        require(!traced.run(rmdir("/none").with({.priority = 3})));
        require(traced.run(call([] { return 1; })).has_value());
        group none(traced);
        traced.flush();
    });
    EXPECT_EQ(unexpected_end(end), "");
    std::istringstream lines(end.output);
    std::vector<std::string> all;
    for (std::string line; std::getline(lines, line);)
        all.push_back(line);
    ASSERT_EQ(all.size(), 3U) << end.output;
    EXPECT_TRUE(all[0].starts_with("aio: pread_owned      inline ")) << all[0];
    EXPECT_TRUE(all[0].ends_with(" us  priority  0  ok")) << all[0];
    EXPECT_TRUE(all[1].starts_with("aio: rmdir            threads ")) << all[1];
    EXPECT_TRUE(all[1].ends_with(" us  priority  3  No such file or directory")) << all[1];
    EXPECT_TRUE(all[2].starts_with("aio: call             threads ")) << all[2];
}

}  // namespace
}  // namespace aio::test
