// SPDX-License-Identifier: MIT
// Calls made at once because they will not block: reads that the page cache answers.
#include "operations_fixture.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Inline : public operations {
  protected:
    void SetUp() override {
        operations::SetUp();
        io.emplace(context_options{.routes = routes_used::inline_});
    }

    /// Opened by nobody's worker.
    file opened(const std::string& name) {
        file made = open(name);
        io.emplace(context_options{.routes = routes_used::inline_});
        return made;
    }

    /// Whether a read of `from` is made by whoever submits it.
    bool is_made_at_once(const aio::file& from, std::size_t size) {
        io.emplace(context_options{.routes = routes_used::inline_});
        EXPECT_TRUE(run(read(from, size, 0)));
        return io->statistics().threads == 0;
    }
};

std::string text_of(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i)
        text[i] = static_cast<char>('a' + i % 26);
    return text;
}

TEST_F(Inline, CachedReadsStartNoThread) {
    const file cached = opened(make_file("f", text_of(10'000)));
    std::array<std::byte, 4096> buffer{};
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        auto size = use(how, *io, read(cached, std::span<std::byte>(buffer), 26));
        ASSERT_EQ(size, 4096U);
        EXPECT_EQ(std::to_integer<char>(buffer[0]), 'a');
        EXPECT_EQ(use(how, *io, read(cached, 100, 1)), text_of(101).substr(1));
        EXPECT_EQ(use(how, *io, read_exactly(cached, 100, 26)), text_of(100));
    }
    EXPECT_EQ(io->statistics().threads, 0U);
}

TEST_F(Inline, EndOfFileIsFoundWithoutAThread) {
    const file cached = opened(make_file("f", text_of(10'000)));
    EXPECT_EQ(run(read(cached, 4096, 9'990)), text_of(10'000).substr(9'990));
    EXPECT_EQ(run(read(cached, 4096, 10'000)), "");
    EXPECT_EQ(run(read(cached, 4096, 1'000'000)), "");
    EXPECT_EQ(io->statistics().threads, 0U);
}

TEST_F(Inline, TheCallbackIsNeverCalledBySubmit) {  // M-2
    const file cached = open(make_file("f", "text"));
    bool called = false;
    io->submit(read(cached, 4, 0), [&](result<std::string>) { called = true; });
    EXPECT_FALSE(called);
    EXPECT_TRUE(is_readable(io->fd())) << "a loop must learn of it";
    io->poll();
    EXPECT_TRUE(called);
}

TEST_F(Inline, OtherReadsAreTheWorkers) {
    const file big = open(make_file("f", text_of(200'000)));
    EXPECT_TRUE(is_made_at_once(big, 60'000));
    EXPECT_FALSE(is_made_at_once(big, 100'000)) << "copying so much would hold the caller up";
    io.emplace(context_options{.routes = routes_used::inline_});
    EXPECT_EQ(run(read(big, 100)), text_of(100));
    EXPECT_EQ(io->statistics().threads, 1U) << "the file's own position: what is read cannot be put back";
    const file direct = open(path("f"), O_RDONLY | O_DIRECT);
    std::vector<std::byte> buffer(8192);
    void* aligned = buffer.data();
    std::size_t space = buffer.size();
    ASSERT_TRUE(std::align(4096, 4096, aligned, space));
    io.emplace(context_options{.routes = routes_used::inline_});
    EXPECT_EQ(run(read(direct, std::span(static_cast<std::byte*>(aligned), 4096), 0)), 4096U);
    EXPECT_EQ(io->statistics().threads, 1U) << "O_DIRECT waits for the disk";
}

TEST_F(Inline, ErrorsAreThoseOfTheCall) {
    std::array<std::byte, 16> buffer{};
    EXPECT_EQ(run(read(-1, std::span<std::byte>(buffer), 0)).error(), std::errc::bad_file_descriptor);
    const directory root_directory = open_root();
    EXPECT_EQ(run(read(root_directory, std::span<std::byte>(buffer), 0)).error(), std::errc::is_a_directory);
    const file write_only = open(make_file("f"), O_WRONLY);
    EXPECT_EQ(run(read(write_only, std::span<std::byte>(buffer), 0)).error(), std::errc::bad_file_descriptor);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    EXPECT_EQ(run(read(ends[0], std::span<std::byte>(buffer), 0)).error(), std::errc::invalid_seek);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(Inline, WhatIsNotInMemoryIsReadByAWorker) {
    const std::string name = make_file("f", text_of(1 << 20));
    const file cold = open(name);
    ASSERT_TRUE(run(fsync(cold)));
    ASSERT_EQ(::posix_fadvise(cold.fd(), 0, 0, POSIX_FADV_DONTNEED), 0);
    for (std::int64_t at = 0; at < 1 << 20; at += 65'536)
        EXPECT_EQ(run(read(cold, 4096, at)),
                  text_of((1 << 20) + 4096).substr(static_cast<std::size_t>(at), 4096));
}

TEST_F(Inline, APollEndsAlthoughEachCallbackReadsOn) {
    const file cached = open(make_file("f", text_of(4096)));
    std::size_t reads = 0;
    bool on = true;
    std::function<void()> again = [&] {
        io->submit(read(cached, 4096, 0), [&](result<std::string> data) {
            EXPECT_EQ(data->size(), 4096U);
            ++reads;
            if (on) again();
        });
    };
    again();
    const poll_result did = io->poll();
    EXPECT_TRUE(did.more);
    EXPECT_LT(reads, 10'000U);
    EXPECT_TRUE(is_readable(io->fd()));
    on = false;
    io->flush();
}

TEST_F(Inline, NotWhenThreadsAreWanted) {
    io.emplace(context_options{.routes = routes_used::threads});
    const file cached = open(make_file("f", "text"));
    const std::size_t threads = io->statistics().threads;
    EXPECT_EQ(run(read(cached, 4, 0)), "text");
    EXPECT_GE(io->statistics().threads, std::max<std::size_t>(threads, 1));
}

TEST_F(Inline, NotWhileRequestsAreHeldBack) {  // C-MAXP
    const file cached = open(make_file("f", "text"));
    io->threads({.max = 0});
    bool called = false;
    io->submit(read(cached, 4, 0), [&](result<std::string>) { called = true; });
    io->poll();
    EXPECT_FALSE(called);
    EXPECT_EQ(io->statistics().ready, 1U);
    io->flush();
    EXPECT_TRUE(called);
}

TEST_F(Inline, TheVariableWinsAndNonsenseIsAnError) {
    ASSERT_EQ(::setenv("AIO_ROUTES", "quick", 1), 0);
    auto refused = context::create();
    ASSERT_EQ(::setenv("AIO_ROUTES", "threads", 1), 0);
    io.emplace();
    ASSERT_EQ(::unsetenv("AIO_ROUTES"), 0);
    EXPECT_EQ(refused.error(), std::errc::invalid_argument);
    const file cached = open(make_file("f", "text"));
    EXPECT_EQ(run(read(cached, 4, 0)), "text");
    EXPECT_GE(io->statistics().threads, 1U);
}

}  // namespace
}  // namespace aio::test
