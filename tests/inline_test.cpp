// SPDX-License-Identifier: MIT
// Calls made at once because they will not block: reads that the page cache answers, and what the cache of
// names knows of local files.
#include "inline_route.hpp"
#include "operations/rows.hpp"
#include "operations_fixture.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
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

    /// Lets a worker find out what file system the files here are on; false if this kernel does not tell, or
    /// it is none that we know: then workers make all calls.
    bool know_file_system() {
        run(stat(root)).value();  // tried, and then made by a worker
        io.emplace(context_options{.routes = routes_used::automatic});
        run(stat(root)).value();
        return io->statistics().threads == 0;
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

TEST_F(Inline, WhatIsInMemoryInPartIsReadAsAWhole) {
    const std::string text = text_of(16 << 10);
    const std::string name = make_file("f", text);
    const file half = open(name);
    ASSERT_TRUE(run(fsync(half)));
    ASSERT_EQ(::posix_fadvise(half.fd(), 0, 0, POSIX_FADV_DONTNEED), 0);
    ASSERT_EQ(::posix_fadvise(half.fd(), 0, 0, POSIX_FADV_RANDOM), 0);  // nothing is read ahead
    char first = 0;
    ASSERT_EQ(::pread(half.fd(), &first, 1, 0), 1);
    EXPECT_TRUE(run(read(half, text.size(), 0)) == text);
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

TEST_F(Inline, WhatTheCacheOfNamesKnowsStartsNoThread) {
    const std::string name = make_file("f", "text");
    if (!know_file_system()) GTEST_SKIP() << "not on this kernel or file system";
    const file held = opened(name);
    EXPECT_EQ(run(stat(name))->size, 4U);
    EXPECT_EQ(run(stat(held))->size, 4U);
    EXPECT_EQ(run(stat(held.fd()))->size, 4U);
    EXPECT_TRUE(run(aio::open(name, O_RDONLY)));
    EXPECT_EQ(io->statistics().threads, 0U);
    EXPECT_TRUE(run(aio::open(name, O_RDWR)));
    EXPECT_EQ(io->statistics().threads_submitted, 1U) << "opening to write may wait";
    EXPECT_TRUE(run(aio::open(root, O_RDONLY)));
    EXPECT_EQ(io->statistics().threads_submitted, 2U) << "of a directory, some file systems read a part";
}

TEST_F(Inline, AStatusIsTheSameByEveryRoute) {
    const std::string name = make_file("f", "text");
    ASSERT_EQ(::symlink("f", path("link").c_str()), 0);
    know_file_system();
    context threads({.routes = routes_used::threads});
    const auto same = [&](const std::string& of, auto how) {
        SCOPED_TRACE(of);
        const file_status now = run(how(of)).value();
        const file_status later = threads.run(how(of)).value();
        EXPECT_EQ(now.inode, later.inode);
        EXPECT_EQ(now.device, later.device);
        EXPECT_EQ(now.mount_id, later.mount_id);
        EXPECT_EQ(now.known, later.known);
        EXPECT_EQ(now.mode, later.mode);
        EXPECT_EQ(now.size, later.size);
        EXPECT_EQ(now.attributes, later.attributes);
        EXPECT_EQ(now.btime.tv_nsec, later.btime.tv_nsec);
        EXPECT_EQ(now.mtime.tv_nsec, later.mtime.tv_nsec);
    };
    const auto follow = [](const std::string& of) { return stat(of); };
    same(name, follow);
    same(root, follow);
    same(make_fifo("fifo"), follow);
    same(path("link"), follow);
    same(path("link"), [](const std::string& of) { return lstat(of); });
    EXPECT_EQ(failure(run(stat(path("none")))), ENOENT);
    EXPECT_EQ(failure(run(stat(name + "/none"))), ENOTDIR);
    EXPECT_EQ(failure(run(stat(closed_fd()))), EBADF);
}

TEST_F(Inline, AnOpenedFileIsTheSameByEveryRoute) {
    const std::string name = make_file("f", "text");
    ASSERT_EQ(::symlink("f", path("link").c_str()), 0);
    know_file_system();
    context threads({.routes = routes_used::threads});
    for (int flags : {O_RDONLY, O_RDONLY | O_NONBLOCK, O_RDWR}) {
        const file now = run(aio::open(name, flags)).value();
        const file later = threads.run(aio::open(name, flags)).value();
        EXPECT_EQ(::fcntl(now.fd(), F_GETFL), ::fcntl(later.fd(), F_GETFL));
        EXPECT_EQ(::fcntl(now.fd(), F_GETFD), FD_CLOEXEC);
    }
    EXPECT_EQ(run(read(run(aio::open(path("link"), O_RDONLY)).value(), 10, 0)), "text");
    EXPECT_EQ(failure(run(aio::open(path("link"), O_RDONLY | O_NOFOLLOW))), ELOOP);
    EXPECT_EQ(failure(run(aio::open(name, O_RDONLY | O_DIRECTORY))), ENOTDIR);
    EXPECT_EQ(failure(run(aio::open(path("none"), O_RDONLY))), ENOENT);
    EXPECT_TRUE(run(aio::open(root, O_RDONLY | O_DIRECTORY)));
}

TEST_F(Inline, TheOpenOfAFifoWaitsAndDisturbsNobody) {
    const std::string fifo = make_fifo("fifo");
    know_file_system();
    run(stat(fifo)).value();  // it is in the cache
    bool opened = false;
    io->submit(aio::open(fifo, O_RDONLY), [&](result<file> read) { opened = read.has_value(); });
    io->poll();
    EXPECT_FALSE(opened);
    // A writer that waits for a reader must not believe that there was one.
    const file writer = context({.routes = routes_used::threads}).run(aio::open(fifo, O_WRONLY)).value();
    io->flush();
    EXPECT_TRUE(opened);
}

TEST_F(Inline, ATaskGoesOnWithoutSuspending) {
    std::string order;
    const auto steps = [](std::string& into) -> task<> {
        for (int i = 0; i < 3; ++i) {
            const auto done = co_await nop();
            into += done ? 't' : '?';
        }
    };
    io->submit(steps(order));
    io->submit(nop(), [&](result<>) { order += 'n'; });
    io->poll();
    EXPECT_EQ(order, "tttn");
    order.clear();
    const auto overtaken = [](context& in, std::string& into) -> task<> {
        in.submit(nop().with({.priority = 1}), [&into](result<>) { into += 'n'; });
        const auto done = co_await nop();
        into += done ? 't' : '?';
    };
    io->submit(overtaken(*io, order));
    io->poll();
    EXPECT_EQ(order, "nt") << "what is more urgent comes first";
    order.clear();
    io->submit(steps(order));
    io->submit(nop(), [&](result<>) { order += 'n'; });
    for (std::size_t polls = 1; io->poll({.requests = 1}).more; ++polls)
        EXPECT_LT(polls, 10U);
    EXPECT_EQ(order, "nttt") << "not where results are counted out";
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_F(Inline, ATaskThatNeverSuspendsHoldsNothingUp) {
    bool over = false;
    std::size_t turns = 0;
    const auto spin = [](const bool& until, std::size_t& count) -> task<> {
        while (!until) {
            const auto done = co_await nop();
            count += done.has_value();
        }
    };
    io->submit(spin(over, turns));
    io->submit(nop(), [&](result<>) { over = true; });
    io->poll();
    EXPECT_TRUE(over);
    EXPECT_LT(turns, 1000U);
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_F(Inline, ACancelledTaskIsAnsweredSo) {
    int error = 0;
    const auto body = [](int& into) -> task<> {
        const auto done = co_await nop();
        into = failure(done);
    };
    request task = io->submit(body(error));
    task.cancel();
    io->flush();
    EXPECT_EQ(error, ECANCELED);
}

// The route itself.

detail::call reading(int fd) {
    detail::call arguments;
    arguments.at.fd = fd;
    arguments.data = {.buffer = nullptr, .size = 0, .offset = 0};
    return arguments;
}

/// A poller that has made calls itself counts as one of those that do, but not for long.
TEST_F(Inline, APollerThatStopsHelpingLeavesItsShareToWorkers) {
    const file here = open(make_file("f"));
    io.emplace(context_options{.threads = {.min = 2}});
    for (int i = 0; i < 100; ++i)
        io->submit(read(here, 4, 0), [](const auto&) {});
    io->flush();
    ASSERT_GT(io->statistics().inline_hits, 16u);
    std::atomic<int> inside{0};
    for (int i = 0; i < 2; ++i)
        io->submit(call([&] {
                       ++inside;
                       while (inside < 2)  // busy: a call that sleeps would not count
                           std::this_thread::yield();
                       return std::string();
                   }),
                   [](const auto&) {});
    EXPECT_TRUE(eventually([&] { return inside == 2; }));
    inside = 2;  // in any case
    io->flush();
}

TEST_F(Inline, CallsThatTakeTooLongUseUpThePoll) {
    const file here = open(make_file("f"));
    detail::inline_route route;
    route.renew();
    const auto slow = [] {
        std::this_thread::sleep_for(200us);
        return 0;
    };
    for (int i = 0; i < 40; ++i)
        static_cast<void>(route.submit(detail::rows::read, reading(here.fd()), slow));
    EXPECT_TRUE(route.spent()) << "although they moved nothing";
    route.renew();
    EXPECT_FALSE(route.spent());
}

TEST_F(Inline, WhereSomebodyIsAskedForEachCallWorkersMakeThem) {  // by fanotify, say
    const file here = open(make_file("f"));
    detail::inline_route route;
    int made = 0;
    const auto submit = [&](std::chrono::milliseconds takes) {
        route.renew();
        return route.submit(detail::rows::read, reading(here.fd()), [&made, takes] {
            ++made;
            std::this_thread::sleep_for(takes);
            return 0;
        });
    };
    for (int i = 0; i < 200; ++i)
        static_cast<void>(submit(2ms));
    EXPECT_LE(made, 24) << "some until it is noticed, and then one of many";
    for (int i = 0; i < 2000; ++i)
        static_cast<void>(submit(0ms));
    made = 0;
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(submit(0ms)) << "nobody is any more";
    EXPECT_EQ(made, 100);
}

TEST_F(Inline, AFileThatCannotBeAskedIsLeftAloneForAWhile) {
    const file here = open(make_file("f"));
    const file other = open(make_file("g"));
    detail::inline_route route;
    int asked = 0;
    const auto refuse = [&] { return ++asked, EOPNOTSUPP; };
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(route.submit(detail::rows::read, reading(here.fd()), refuse));
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(route.submit(detail::rows::read, reading(other.fd()), [] { return 0; }))
        << "which says nothing of others";
    for (int i = 0; i < 200; ++i)
        static_cast<void>(route.submit(detail::rows::read, reading(here.fd()), refuse));
    EXPECT_EQ(asked, 2) << "the number may be another file's by now";
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
