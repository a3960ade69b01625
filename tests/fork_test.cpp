// SPDX-License-Identifier: MIT
// fork: the child starts empty, the parent loses nothing. C-FORK, B-9, B-27, B-28, H-12, T-04.
#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/leaks.hpp"
#include "support/patience.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Fork : public leak_checked {
  protected:
    /// Everything that a fresh context can do.
    static void require_whole(context& io, bool inside_poll = false) {
        for (way how : all_ways)
            require(use(how, io, stat("/")).has_value());
        require(io.run(busy(1ms)).has_value());
        bool delivered = false;
        io.submit(busy(0s), [&](result<>) { delivered = true; });
        while (!delivered) {
            // Inside a poll the descriptor tells nothing.
            require(inside_poll ? io.wait(long_enough()) : becomes_readable(io.fd()));
            io.poll();
        }
        require(!io.run(busy(100ms).with({.deadline = 2ms})));
        // A worker may still be about to signal: then it is readable once too often.
        if (!inside_poll) require(eventually([&] { return io.poll(), !is_readable(io.fd()); }));
    }
};

TEST_F(Fork, ChildStartsEmptyAndWorks) {  // T-04, B-27
    context io;
    gate closed;
    int delivered = 0;
    io.submit(nop(), [&](result<>) { ++delivered; });
    io.submit(closed.work(), [&](result<>) { ++delivered; });
    io.submit(awaiting(busy(0s)), [&](result<>) { ++delivered; });
    group all(io, {}, [&](result<>) { ++delivered; });
    all.add(busy(0s));
    closed.await_entered();
    child_end end = run_in_child([&] {
        statistics now = io.statistics();
        require(now.outstanding == 0 && now.ready == 0 && now.running == 0 && now.pending == 0 &&
                now.threads == 0);
        require(!io.wait());
        require_whole(io);
        require(delivered == 0);
    });
    EXPECT_EQ(unexpected_end(end), "");
    EXPECT_EQ(delivered, 0) << "the child delivered the parent's";
    closed.open();
    EXPECT_TRUE(io.flush());
    EXPECT_EQ(delivered, 4);
}

TEST_F(Fork, KeepsTheDescriptorsNumberAndSeparatesIt) {  // C-FILENO, B-28
    context io;
    const int fd = io.fd();
    child_end end = run_in_child([&] {
        require(io.fd() == fd);
        for (int i = 0; i < 100; ++i)
            io.submit(nop());
        require(is_readable(fd));
    });
    EXPECT_EQ(unexpected_end(end), "");
    EXPECT_FALSE(is_readable(fd)) << "the child's results showed in the parent";
    io.submit(nop());
    end = run_in_child([&] { require(!is_readable(fd)); });
    EXPECT_EQ(unexpected_end(end), "");
    EXPECT_TRUE(is_readable(fd));
    io.flush();
}

TEST_F(Fork, TwiceInARowWorks) {  // B-28: a double fork
    context io;
    io.submit(busy(0s));
    child_end end = run_in_child([&] {
        io.submit(busy(0s));
        child_end inner = run_in_child([&] {
            require(io.statistics().outstanding == 0);
            require_whole(io);
        });
        require(unexpected_end(inner).empty());
        require(io.flush());
        require_whole(io);
    });
    EXPECT_EQ(unexpected_end(end), "");
    EXPECT_TRUE(io.flush());
}

TEST_F(Fork, KeepsTheSettings) {  // 4.2: reinit reset the limits
    context io({.threads = {.min = 3, .max = 7, .idle = 1, .idle_timeout = 3ms},
                .budget = {.requests = 9},
                .priority = 2});
    io.threads({.min = 1, .max = 5, .idle = 0, .idle_timeout = 1ms});
    child_end end = run_in_child([&] {
        require(io.threads().max == 5 && io.threads().min == 1 && io.threads().idle == 0);
        require(io.budget().requests == 9);
        require(io.priority() == 2);
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fork, ByAFunctionLeavesWhatWaitsToTheParent) {
    child_end end = run_in_child([] {
        int ends[2];
        require(::pipe2(ends, O_CLOEXEC) == 0);
        context io({.threads = {.max = 1}, .routes = routes_used::threads});
        std::atomic<pid_t> child{0};
        io.submit(call([&] {
            const pid_t forked = ::fork();
            if (forked) child = forked;  // in the child, too, the function returns
        }));
        for (int i = 0; i < 3; ++i)
            io.submit(write(ends[1], "x"));
        require(io.flush(long_enough()));
        int status = -1;
        // However it ends: the thread sanitizer cannot end such a thread.
        require(::waitpid(child, &status, 0) == child);
        ::close(ends[1]);
        char written[8];
        require(::read(ends[0], written, sizeof written) == 3);
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fork, OldHandlesDoNothingInTheChild) {
    context io;
    gate closed;
    request queued = io.submit(closed.work(), [](result<>) {});
    std::optional<group> all(std::in_place, io);
    all->add(closed.work());
    closed.await_entered(2);
    child_end end = run_in_child([&] {
        queued.cancel();
        queued.forget();
        require(!queued.priority(3));
        all->cancel();
        all.reset();
        require(io.statistics().outstanding == 0);
        require_whole(io);
    });
    EXPECT_EQ(unexpected_end(end), "");
    closed.open();
    EXPECT_TRUE(io.flush());
    EXPECT_TRUE(queued.done());
}

TEST_F(Fork, OldHandlesDoNothingInAChildThatHasDestroyedTheContext) {
    auto io = std::make_unique<context>();
    gate closed;
    std::stop_source source;
    request running =
        io->submit(closed.work().with({.deadline = 1h, .stop = source.get_token()}), [](result<>) {});
    std::optional<group> all(std::in_place, *io);
    all->add(closed.work());
    closed.await_entered(2);
    child_end end = run_in_child([&] {
        io.reset();
        // Memory of the dead context is used again, so that a use after free shows in plain builds too.
        std::vector<std::vector<char>> filler;
        for (std::size_t size = 256; size < 8192; size += 16)
            filler.emplace_back(size);
        running.cancel();
        running.forget();
        require(!running.priority(3));
        source.request_stop();
        all->cancel();
        all.reset();
    });
    EXPECT_EQ(unexpected_end(end), "");
    closed.open();
    EXPECT_TRUE(io->flush());
    EXPECT_TRUE(running.done());
}

TEST_F(Fork, FindsTheOtherContextsWhereOneCouldNotBeMade) {
    child_end end = run_in_child([] {
        context io;
        require(io.run(call([] { return 1; })) == 1);  // by a thread that its child has not
        rlimit usual = {};
        require(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
        const rlimit none = {.rlim_cur = 0, .rlim_max = usual.rlim_max};
        require(::setrlimit(RLIMIT_NOFILE, &none) == 0);
        require(!context::create());
        require(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
        const child_end inner = run_in_child([&] { require_whole(io); }, 20);
        require(unexpected_end(inner).empty());
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fork, InsideACallbackLeavesBothWhole) {
    context io;
    int delivered = 0;
    child_end end;
    for (int i = 0; i < 3; ++i)
        io.submit(busy(0s), [&, i](result<>) {
            ++delivered;
            if (i == 1) end = run_in_child([&] { require_whole(io, true); });
        });
    EXPECT_TRUE(io.flush());
    EXPECT_EQ(unexpected_end(end), "");
    EXPECT_EQ(delivered, 3);
}

TEST_F(Fork, OfACallbackThatReturnsInTheChildEndsItsPoll) {
    context io;
    const pid_t parent = ::getpid();
    pid_t child = 0;
    int delivered = 0;
    io.submit(nop(), [&](result<>) {
        ++delivered;
        child = ::fork();
    });
    io.submit(nop(), [&](result<>) { ++delivered; });
    io.poll();
    if (::getpid() != parent) {
        ::alarm(20);
        require(delivered == 1);  // the second is the parent's
        require_whole(io);
        ::_exit(0);
    }
    EXPECT_EQ(delivered, 2);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST_F(Fork, OfACallbackThatReturnsInTheChildEndsItsRun) {  // whose outcome is the parent's
    context io;
    const pid_t parent = ::getpid();
    pid_t child = 0;
    io.submit(nop(), [&](result<>) { child = ::fork(); });
    try {
        EXPECT_TRUE(io.run(busy(1ms)));
        require(::getpid() == parent);
    } catch (const std::system_error& told) {
        require(::getpid() != parent && told.code() == std::errc::operation_canceled);
        ::alarm(20);
        require_whole(io);
        ::_exit(0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST_F(Fork, OfAFeederThatReturnsInTheChildEndsItsPoll) {
    context io;
    const pid_t parent = ::getpid();
    pid_t child = 0;
    int asked = 0;
    bool ended = false;
    group all(io, {}, [&](result<>) { ended = true; });
    all.limit(1);  // asked again in poll
    all.feed([&](group& more) {
        if (++asked == 1)
            more.add(busy(0s));
        else
            child = ::fork();
    });
    io.flush();
    if (::getpid() != parent) {
        ::alarm(20);
        require(!ended);  // the group is the parent's
        require_whole(io);
        ::_exit(0);
    }
    EXPECT_TRUE(ended);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST_F(Fork, OfACoroutineGoesOnInBoth) {
    context io;
    const pid_t parent = ::getpid();
    struct tasks {
        static task<pid_t> forking() {
            auto before = co_await busy(0s);
            pid_t child = before ? ::fork() : -1;
            auto after = co_await busy(0s);
            co_return after ? child : -1;
        }
    };
    pid_t child = -2;
    io.submit(tasks::forking(), [&](pid_t made) { child = made; });
    io.flush();
    if (::getpid() != parent) {
        ::alarm(20);
        require_whole(io);
        ::_exit(0);
    }
    ASSERT_GT(child, 0);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST_F(Fork, InsideACoroutineLeavesAChildThatFlushes) {  // M-13: the parent's coroutine does not count
    context io;
    struct tasks {
        static task<int> forking(context& io) {
            auto before = co_await busy(0s);
            EXPECT_TRUE(before);
            const pid_t child = ::fork();
            if (child == 0) {
                ::alarm(20);
                bool delivered = false;
                io.submit(busy(10ms), [&](result<> got) { delivered = got.has_value(); });
                require(io.flush() && delivered);
                ::_exit(0);
            }
            int status = -1;
            EXPECT_EQ(::waitpid(child, &status, 0), child);
            co_return status;
        }
    };
    EXPECT_EQ(io.run(tasks::forking(io)), 0);
}

TEST_F(Fork, ByAnotherThreadDuringACallbackLeavesTheChildWhole) {
    context io;
    std::atomic<int> stage{0};
    child_end end;
    std::thread other([&] {
        stage.wait(0);
        end = run_in_child([&] {
            for (int i = 0; i < 5; ++i)
                require_whole(io);
            rusage before;
            rusage after;
            ::getrusage(RUSAGE_SELF, &before);
            require(io.run(busy(200ms)).has_value());
            ::getrusage(RUSAGE_SELF, &after);
            // It sleeps, and does not spin.
            require((after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1'000'000 + after.ru_utime.tv_usec -
                        before.ru_utime.tv_usec <
                    100'000);
        });
        stage = 2;
        stage.notify_all();
    });
    io.submit(busy(0s), [&](result<>) {
        stage = 1;
        stage.notify_all();
        stage.wait(1);
    });
    io.flush();
    other.join();
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fork, StormLosesNothing) {  // B-9: locks held across fork
    context io({.threads = {.idle = 1, .idle_timeout = 50us}});
    std::atomic<bool> stop{false};
    std::atomic<int> submitted{0};
    int delivered = 0;
    std::thread submitter([&] {
        while (!stop) {
            io.submit(stat("/").with({.deadline = 1min}), [&](const result<file_status>&) { ++delivered; });
            ++submitted;
            if (submitted % 16 == 0) std::this_thread::sleep_for(50us);
        }
    });
    for (int i = 0; i < 40; ++i) {
        io.poll();
        child_end end = run_in_child([&] {
            require(io.statistics().outstanding == 0);
            require(io.run(stat("/")).has_value());
            require(io.run(busy(0s).with({.deadline = long_enough()})).has_value());
        });
        ASSERT_EQ(unexpected_end(end), "") << "fork " << i;
    }
    stop = true;
    submitter.join();
    EXPECT_TRUE(io.flush());
    EXPECT_EQ(delivered, submitted);
}

TEST_F(Fork, ChildMayDestroyTheContextOrExit) {
    auto io = std::make_unique<context>();
    gate closed;
    io->submit(closed.work());
    closed.await_entered();
    child_end end = run_in_child([&] { io.reset(); });
    EXPECT_EQ(unexpected_end(end), "");
    end = run_in_child([&] {
        require_whole(*io);
        io.reset();
        context fresh;
        require_whole(fresh);
    });
    EXPECT_EQ(unexpected_end(end), "");
    closed.open();
    io->flush();
}

}  // namespace
}  // namespace aio::test
