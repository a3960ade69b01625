// SPDX-License-Identifier: MIT
// Ends: of contexts, groups and processes with requests in flight. safety.md "Whose memory", C-END, H-13.
#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/leaks.hpp"
#include "support/patience.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Lifetime : public leak_checked {
  protected:
    temporary_tree tree;
    std::string fifo;

    void SetUp() override {
        leak_checked::SetUp();
        fifo = tree / "fifo";
        ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    }
    /// Lets an open for reading in some worker come back.
    void let_open_return() const {
        int writer = -1;
        EXPECT_TRUE(eventually(
            [&] { return (writer = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK)) >= 0; }));
        ::close(writer);
    }
    static void await_running(context& io, std::size_t calls = 1) {
        EXPECT_TRUE(eventually([&] { return io.statistics().running >= calls; }));
    }
};

TEST_F(Lifetime, ContextDestroyedInFlightAbandonsWhatUsesItsOwnMemory) {
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    request outlives;
    {
        context io;
        outlives =
            io.submit(open(fifo, O_RDONLY), [owned = std::move(owned)](result<file>) { ADD_FAILURE(); });
        io.submit(nop(), [](result<>) { ADD_FAILURE(); });
        await_running(io);
    }
    EXPECT_TRUE(watched.expired()) << "the callback is destroyed, uncalled";
    EXPECT_TRUE(outlives.done());
    outlives.cancel();
    let_open_return();  // the fixture checks that the worker closes what it opened, and ends
}

TEST_F(Lifetime, ContextDestroyedInFlightWaitsForTheCallersBuffer) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::array<std::byte, 4> buffer{};
    std::thread writer;
    {
        context io;
        io.submit(read(ends[0], std::span<std::byte>(buffer)), [](result<std::size_t>) { ADD_FAILURE(); });
        await_running(io);
        writer = std::thread([&] {
            std::this_thread::sleep_for(20ms);  // long enough for a destructor that does not wait
            EXPECT_EQ(::write(ends[1], "abcd", 4), 4);
        });
    }
    EXPECT_EQ(buffer[3], std::byte('d')) << "the destructor returned while the kernel could still write";
    writer.join();
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(Lifetime, ContextDestroyedWithQueuedReadsDoesNotMakeThem) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::array<std::byte, 4> buffer{};
    {
        context io({.threads = {.max = 0}});
        io.submit(read(ends[0], std::span<std::byte>(buffer)));
    }
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(Lifetime, GroupDestroyedInFlightWaitsForTheCallersBufferOnly) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    context io;
    std::thread writer;
    {
        std::array<std::byte, 4> buffer{};
        group all(io);
        all.add(open(fifo, O_RDONLY), [](result<file>) { ADD_FAILURE(); });
        all.add(read(ends[0], std::span<std::byte>(buffer)), [](result<std::size_t>) { ADD_FAILURE(); });
        await_running(io, 2);
        writer = std::thread([&] {
            std::this_thread::sleep_for(20ms);
            EXPECT_EQ(::write(ends[1], "abcd", 4), 4);
        });
        {
            group dying = std::move(all);
        }
        EXPECT_EQ(buffer[3], std::byte('d'));
    }
    writer.join();
    EXPECT_TRUE(io.flush(long_enough()));
    let_open_return();
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(Lifetime, CoroutineDestroyedInFlightReleasesItsLocals) {
    struct tasks {
        static task<> opening(std::string fifo, std::shared_ptr<int> owned) {
            auto opened = co_await open(fifo, O_RDONLY);
            static_cast<void>(owned);
            ADD_FAILURE();
        }
    };
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    {
        context io;
        io.submit(tasks::opening(fifo, std::move(owned)), [] { ADD_FAILURE(); });
        io.poll();
        await_running(io);
    }
    EXPECT_TRUE(watched.expired());
    let_open_return();
}

TEST_F(Lifetime, ShutdownReturnsOnTimeAndSaysWhatItAbandoned) {
    context io;
    int canceled = 0;
    io.submit(open(fifo, O_RDONLY),
              [&](result<file> opened) { canceled += opened.error() == std::errc::operation_canceled; });
    gate closed;
    io.submit(closed.work(), [&](result<> outcome) { canceled += !outcome; });
    closed.await_entered();
    await_running(io, 2);
    const auto began = clock::now();
    shutdown_report report = io.shutdown(30ms);
    EXPECT_GE(clock::now() - began, 30ms);
    EXPECT_LT(clock::now() - began, 5s);
    EXPECT_EQ(report.outstanding, 2U);
    EXPECT_EQ(report.abandoned, 2U);
    EXPECT_EQ(canceled, 2);
    closed.open();
    let_open_return();
}

TEST_F(Lifetime, ShutdownWaitsForWhatEndsInTime) {
    context io;
    gate closed;
    result<int> outcome = error(EINVAL);
    io.submit(closed.work(4), [&](result<int> four) { outcome = four; });
    closed.await_entered();
    std::thread opener([&] { closed.open(); });
    shutdown_report report = io.shutdown(30s);
    opener.join();
    EXPECT_EQ(report.abandoned, 0U);
    EXPECT_EQ(outcome.value(), 4) << "a lasting effect: its true result";
}

TEST_F(Lifetime,
       ForkedChildHandlesOutliveALeakingShutdown) {  // what the kernel may still write is leaked, never freed
    child_end end = run_in_child([] {
        int ends[2];
        require(::pipe2(ends, O_CLOEXEC) == 0);
        static std::array<std::byte, 8> buffer{};
        std::stop_source source;
        request left;
        {
            context io;
            left = io.submit(read(ends[0], std::span<std::byte>(buffer))
                                 .with({.deadline = 1h, .stop = source.get_token()}),
                             [](result<std::size_t>) { require(false); });
            require(eventually([&] { return io.statistics().running == 1; }));
            require(io.shutdown(20ms).using_buffers == 1);
        }
        // Memory of the dead context is used again, so that a use after free shows in plain builds too.
        std::vector<std::unique_ptr<std::array<char, 600>>> filler;
        for (int i = 0; i < 100; ++i)
            filler.push_back(std::make_unique<std::array<char, 600>>());
        for (auto& each : filler)
            each->fill(0x5a);
        left.cancel();
        left.forget();
        static_cast<void>(left.priority(2));
        static_cast<void>(left.callback<result<std::size_t>>([](result<std::size_t>) {}));
        source.request_stop();
        require(left.done());
        require(::write(ends[1], "ab", 2) == 2);
        require(eventually([&] {  // the worker has written to the buffer
            int unread = -1;
            return ::ioctl(ends[0], FIONREAD, &unread) == 0 && unread == 0;
        }));
        left = request();
    });
    EXPECT_EQ(unexpected_end(end), "");
}

// The process.

TEST_F(Lifetime, ForkedProcessExitsAtOnceWithRequestsInFlight) {  // C-END yields to promise 2
    for (bool hard : {false, true}) {
        child_end end = run_in_child([&] {
            auto* io = new context;
            for (int i = 0; i < 4; ++i)
                io->submit(open(fifo, O_RDONLY), [](result<file>) {});
            io->submit(awaiting(busy(10s)), [](result<>) {});
            io->poll();
            require(eventually([&] { return io->statistics().running >= 4; }));
            for (int i = 0; i < 100; ++i)
                io->submit(stat("/"), [](result<file_status>) { ::_exit(9); });
            static context* reachable = io;  // not a leak
            static_cast<void>(reachable);
            hard ? ::_exit(4) : std::exit(4);
        });
        EXPECT_EQ(unexpected_end(end, 4), "");
        EXPECT_LT(end.seconds, 8);
    }
}

TEST_F(Lifetime, ForkedProcessExitsInsideACallback) {  // C-END
    child_end end = run_in_child([&] {
        context io;
        io.submit(open(fifo, O_RDONLY));
        io.submit(nop(), [](result<>) { std::exit(5); });
        io.submit(nop(), [](result<>) { ::_exit(9); });
        io.flush();
    });
    EXPECT_EQ(unexpected_end(end, 5), "");
}

TEST_F(Lifetime, ForkedProcessExitsWithAStaticContext) {
    child_end end = run_in_child([&] {
        static context io;
        io.submit(open(fifo, O_RDONLY), [](result<file>) {});
        io.submit(busy(10s), [](result<>) {});
        require(eventually([] { return io.statistics().running == 2; }));
        std::exit(6);  // runs its destructor
    });
    EXPECT_EQ(unexpected_end(end, 6), "");
    EXPECT_LT(end.seconds, 8);
}

TEST_F(Lifetime, ForkedProcessExitsInsideACallThatThePollerMakes) {  // C-END, C-ASSIST
    child_end end = run_in_child([&] {
        static context io({.threads = {.max = 0}});
        static_cast<void>(io.run(call([] { std::exit(8); })));
    });
    EXPECT_EQ(unexpected_end(end, 8), "");
}

TEST_F(Lifetime, ForkedProcessExitsInsideACoroutine) {  // C-END
    child_end end = run_in_child([&] {
        static context io;
        struct tasks {
            static task<> leaving() {
                auto done = co_await busy(std::chrono::nanoseconds(0));
                static_cast<void>(done);
                std::exit(7);
            }
            static task<> waiting() {
                const options watched{.deadline = std::chrono::hours(1)};
                co_await leaving().with(watched);
            }
        };
        io.submit(open(fifo, O_RDONLY), [](result<file>) {});
        io.submit(tasks::waiting(), [] {});
        io.flush();
    });
    EXPECT_EQ(unexpected_end(end, 7), "");
    EXPECT_LT(end.seconds, 8);
}

TEST_F(Lifetime, ForkedProcessExitsInsideAGroup) {  // C-END
    struct tasks {
        static task<> leaving() {
            const auto done = co_await busy(0s);
            static_cast<void>(done);
            std::exit(7);
        }
        static task<> awaiting_group(context& io) {
            group all(io);
            all.add(leaving());
            static_cast<void>(co_await all);
        }
    };
    const std::vector<void (*)(context&, group&)> all_fillings = {
        [](context&, group& all) { all.add(busy(0s), [](result<>) { std::exit(7); }); },
        [](context&, group& all) { all.add(tasks::leaving()); },
        [](context& io, group& all) { all.add(tasks::awaiting_group(io)); },
        [](context&, group& all) {
            all.feed([fed = 0](group& into) mutable {
                if (fed++ == 2) std::exit(7);
                into.add(busy(0s));
            });
        },
        [](context& io, group& all) {
            group inner(io, {}, [](result<>) { std::exit(7); });
            inner.add(busy(0s));
            require(all.add(inner).has_value());
            static_cast<void>(inner.detach());
        },
    };
    for (const auto fill : all_fillings) {
        child_end end = run_in_child(
            [&] {
                static context io;
                group all(io);
                fill(io, all);
                io.flush();
            },
            20);
        EXPECT_EQ(unexpected_end(end, 7), "");
    }
}

TEST_F(Lifetime, ForkedProcessExecsWithRequestsInFlight) {
    child_end end = run_in_child([&] {
        context io;
        io.submit(open(fifo, O_RDONLY), [](result<file>) {});
        require(eventually([&] { return io.statistics().running == 1; }));
        ::execl("/bin/sh", "sh", "-c", "ls /proc/self/fd | wc -l; exit 7", nullptr);
        ::_exit(1);
    });
    EXPECT_EQ(unexpected_end(end, 7), "");
    EXPECT_LT(end.seconds, 8);
}

TEST_F(Lifetime, ForkFindsTheContextsThatAreLeftInWhateverOrderTheOthersWent) {
    for (const std::size_t first : {0U, 1U, 2U}) {
        std::array<std::optional<context>, 3> all;
        for (auto& each : all)
            each.emplace();
        all[first].reset();
        const auto use = [&] {
            for (auto& each : all)
                if (each) require(bool(each->run(stat("/"))));
        };
        const child_end end = run_in_child(use);
        EXPECT_EQ(unexpected_end(end), "") << end.output;
        use();
        all[(first + 1) % 3].reset();
        const child_end last = run_in_child(use);
        EXPECT_EQ(unexpected_end(last), "") << last.output;
        use();
    }
}

TEST_F(Lifetime, ContextsComeAndGo) {
    for (int i = 0; i < 200; ++i) {
        context io;
        io.submit(busy(0s));
        if (i % 2) io.submit(stat("/"), [](result<file_status>) {});
        if (i % 3 == 0) io.flush();
    }
}

}  // namespace
}  // namespace aio::test
