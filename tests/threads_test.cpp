// SPDX-License-Identifier: MIT
// The threads of the thread route: C-MINP, C-MAXP, C-MAXI, C-ONDEM, C-NREADY, C-NTHR, E-7 to E-9, B-8, B-34,
// B-40.
#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/leaks.hpp"
#include "support/patience.hpp"
#include "support/seeds.hpp"
#include "support/temporary.hpp"
#include "thread_state_linux.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Threads : public leak_checked {};

TEST_F(Threads, StayForEverIfTheyMay) {  // C-MAXI: a timeout that nothing can be added to
    context io({.threads = {.idle = 0, .idle_timeout = std::chrono::nanoseconds::max()}});
    static_cast<void>(io.run(busy(1ms)));
    std::this_thread::sleep_for(20ms);  // for a thread that does not stay, which would end at once
    EXPECT_EQ(io.statistics().threads, 1U);
}

TEST_F(Threads, AreNotStartedBeforeTheyAreNeeded) {  // C-MINP
    const std::size_t before = count_threads();
    context io({.threads = {.min = 8}});
    io.threads({.min = 20, .max = 30});
    io.poll();
    io.wait();
    EXPECT_EQ(io.statistics().threads, 0U);
    static_cast<void>(io.run(nop()));
    EXPECT_EQ(count_threads(), before) << "a no-op needs none";
}

TEST_F(Threads, OneServesRequestsThatComeOneAtATime) {  // C-ONDEM [V]
    context io;
    for (int i = 0; i < 2000; ++i)
        static_cast<void>(io.run(call([] {})));
    EXPECT_EQ(io.statistics().threads, 1U);
}

TEST_F(Threads,
       DoNotHoldAResultBackWhenTheNextCallBlocks) {  // C-READY: results of quick calls come in batches
    for (unsigned most : {1U, 2U, 8U}) {
        context io({.threads = {.min = 1, .max = most}});
        gate closed;
        bool delivered = false;
        io.submit(busy(0s), [&](result<>) { delivered = true; });
        io.submit(closed.work());
        for (int i = 0; i < 20; ++i)
            io.submit(closed.work());
        ASSERT_TRUE(becomes_readable(io.fd())) << most << " threads";
        io.poll();
        EXPECT_TRUE(delivered);
        closed.open();
        io.flush();
    }
}

TEST_F(Threads, RunInParallel) {  // T-04: a stat overtakes a busy
    context io;
    gate closed;
    std::vector<int> order;
    io.submit(closed.work(), [&](result<>) { order.push_back(8); });
    closed.await_entered();
    io.submit(stat("/"), [&](result<file_status>) {
        order.push_back(7);
        closed.open();
    });
    io.flush();
    EXPECT_EQ(order, (std::vector<int>{7, 8}));
}

TEST_F(Threads, MaximumIsNeverExceeded) {  // C-MAXP
    for (unsigned most : {1U, 3U}) {
        context io({.threads = {.max = most}});
        std::atomic<unsigned> inside{0};
        std::atomic<unsigned> peak{0};
        for (int i = 0; i < 50; ++i)
            io.submit(call([&] {
                unsigned now = ++inside;
                for (unsigned old = peak; old < now && !peak.compare_exchange_weak(old, now);) {
                }
                std::this_thread::sleep_for(3ms);  // blocked, so that more threads seem wanted
                --inside;
            }));
        io.flush();
        EXPECT_LE(peak, most);
        EXPECT_LE(io.statistics().threads, most);
    }
}

TEST_F(Threads, ThatAreStuckDoNotHoldUpTheOthers) {  // safety.md: 32 requests stuck for ever
    context io(context_options{.routes = routes_used::threads});
    gate closed;
    for (int i = 0; i < 32; ++i)
        io.submit(closed.work());
    const auto began = clock::now();
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(io.run(stat("/")));
    EXPECT_LT(clock::now() - began, 10s);
    EXPECT_GE(closed.entered(), 1);
    EXPECT_EQ(io.statistics().outstanding, 32U);
    closed.await_entered(32);
    EXPECT_TRUE(io.run(stat("/")));
    closed.open();
    io.flush();
}

TEST_F(Threads, AreManyWhereCallsSleepAndFewWhereTheyCompute) {  // C-MAXP: however short they are
    context io({.threads = {.min = 2}, .routes = routes_used::threads});
    std::atomic<int> running{0};
    const auto sleep = [] { std::this_thread::sleep_for(200us); };
    const auto nap = [] { std::this_thread::sleep_for(20ms); };
    const auto compute = [] {
        for (const auto until = clock::now() + 2ms; clock::now() < until;) {
        }
    };
    /// Keeps 64 calls in flight until, so many times one after the other, as many run as `wanted` says.
    const auto comes_to = [&](void (*work)(), int times, bool (*wanted)(int)) {
        std::atomic<int> reached{0};
        int in_flight = 0;
        std::function<void()> next = [&] {
            ++in_flight;
            io.submit(call([&, work] {
                          if (const int now = ++running; reached < times)
                              reached = wanted(now) ? reached + 1 : 0;
                          work();
                          --running;
                      }),
                      [&](result<>) {
                          --in_flight;
                          if (reached < times) next();
                      });
        };
        for (int i = 0; i < 64; ++i)
            next();
        return eventually([&] { return io.wait(1ms), io.poll(), in_flight == 0; });
    };
    for (int round = 0; round < 2; ++round) {
        // At last as many as there are calls, so that none waits.
        EXPECT_TRUE(comes_to(sleep, 1, [](int now) { return now >= 16; }));
        EXPECT_TRUE(comes_to(nap, 1, [](int now) { return now >= 64; }));
        EXPECT_TRUE(comes_to(compute, 50, [](int now) { return now <= 4; }));
    }
}

TEST_F(Threads, ThatAreStuckAreSeenWhenFewerMayRunThanDo) {  // safety.md: stuck calls hold nobody up
    context io({.threads = {.min = 3, .max = 3}});
    gate closed;
    for (int i = 0; i < 3; ++i)
        io.submit(closed.work());
    closed.await_entered(3);
    io.threads({.min = 2});
    bool delivered = false;
    io.submit(busy(0s), [&](result<>) { delivered = true; });
    EXPECT_TRUE(eventually([&] {
        io.poll();
        return delivered;
    }));
    closed.open();
    io.flush();
}

/// Whatever limits were set while calls got stuck: where a thread is left, what can run does.
TEST_F(Threads, ThatAreStuckHoldNobodyUpWhateverTheLimitsWere) {
    const seeds some(60);
    for (std::uint64_t seed = some.first; seed <= some.last; ++seed) {
        std::mt19937_64 dice(seed);
        auto roll = [&](unsigned sides) { return static_cast<unsigned>(dice() % sides); };
        context io({.routes = routes_used::threads});
        gate closed;
        unsigned stuck = 0;
        int left = 0;
        for (int step = 0; step < 30; ++step)
            switch (roll(4)) {
                case 0:
                    if (stuck == 4) break;
                    ++stuck;
                    io.submit(closed.work());
                    break;
                case 1:
                    io.threads({.min = roll(4), .max = 1 + roll(6), .idle = roll(3), .idle_timeout = 50us});
                    break;
                case 2:
                    ++left;
                    io.submit(busy(0s), [&](result<>) { --left; });
                    break;
                case 3:
                    io.wait(std::chrono::microseconds(roll(2000)));
                    io.poll();
            }
        io.threads({.min = roll(4), .max = 1 + stuck});
        const clock::time_point last = clock::now() + long_enough();
        while (left && clock::now() < last) {
            io.wait(long_enough());
            io.poll();
        }
        ASSERT_EQ(left, 0) << "AIO_SEED=" << seed;
    }
}

TEST_F(Threads, ForkedProcessExitsAtOnceWith32FifosStuck) {  // issue 2: 32 opens of FIFOs without a writer
    const temporary_tree tree;  // not the child's, which ends without removing it
    const std::string fifo = tree / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    child_end end = run_in_child([&fifo] {
        context io;
        for (int i = 0; i < 32; ++i)
            io.submit(open(fifo, O_RDONLY), [](result<file>) { require(false); });
        require(eventually([&] { return io.statistics().running == 32; }));
        for (int i = 0; i < 100; ++i) {
            const auto began = clock::now();
            require(io.run(stat("/")).has_value());
            require(clock::now() - began < 1s);
        }
        std::exit(3);
    });
    EXPECT_EQ(unexpected_end(end, 3), "");
    EXPECT_LT(end.seconds, 15);
}

TEST_F(Threads, GoWhenTheLimitIsLowered) {  // C-MAXP, E-9: nready never negative
    context io({.threads = {.min = 8}});
    gate closed;
    for (int i = 0; i < 8; ++i)
        io.submit(closed.work());
    closed.await_entered(8);
    EXPECT_GE(io.statistics().threads, 8U);
    io.threads({.min = 2, .max = 2});
    EXPECT_EQ(io.statistics().ready, 0U);
    closed.open();
    io.flush();
    EXPECT_TRUE(eventually([&] { return io.statistics().threads <= 2; })) << io.statistics().threads;
    EXPECT_EQ(io.statistics().ready, 0U);
    EXPECT_TRUE(io.run(stat("/")));
}

TEST_F(Threads, LimitOfZeroQueuesUntilItIsRaised) {  // C-MAXP
    context io;
    EXPECT_TRUE(io.run(busy(0s)));
    io.threads({.max = 0});
    EXPECT_TRUE(eventually([&] { return io.statistics().threads == 0; }));
    int delivered = 0;
    for (int i = 0; i < 10; ++i)
        io.submit(busy(0s), [&](result<>) { ++delivered; });
    io.poll();
    EXPECT_EQ(io.statistics().ready, 10U);
    EXPECT_FALSE(is_readable(io.fd()));
    io.threads({.max = 4});
    while (delivered < 10) {
        ASSERT_TRUE(becomes_readable(io.fd())) << "raising starts threads by itself";
        io.poll();
    }
}

TEST_F(Threads, LimitOfZeroLeavesWhatOthersSubmitToWhoWaits) {  // C-MAXP
    struct never {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        void await_resume() const noexcept {}
    };
    struct tasks {
        static task<> outstanding() { co_await never(); }
    };
    context io({.threads = {.max = 0}, .routes = routes_used::threads});
    io.submit(tasks::outstanding());
    io.poll();
    bool delivered = false;
    std::thread other([&, waiting = ::gettid()] {
        EXPECT_TRUE(eventually([&] { return detail::is_asleep(waiting).value_or(true); }));  // in wait, below
        io.submit(busy(0s), [&](result<>) { delivered = true; });
    });
    EXPECT_TRUE(io.wait(long_enough()));
    io.poll();
    EXPECT_TRUE(delivered);
    other.join();
}

TEST_F(Threads, LimitLoweredToZeroWhileTheyRunDoesNotStrandTheQueue) {
    for (int i = 0; i < 20; ++i) {
        context io;
        gate closed;
        io.submit(closed.work());
        closed.await_entered();
        io.threads({.max = 0});
        int delivered = 0;
        io.submit(busy(0s), [&](result<>) { ++delivered; });
        closed.open();
        EXPECT_TRUE(io.flush(long_enough()));
        EXPECT_EQ(delivered, 1);
    }
}

TEST_F(Threads, LimitsAreReported) {
    context io({.threads = {.min = 3, .max = 9, .idle = 1, .idle_timeout = 5ms}});
    EXPECT_EQ(io.threads().min, 3U);
    EXPECT_EQ(io.threads().max, 9U);
    EXPECT_EQ(io.threads().idle, 1U);
    EXPECT_EQ(io.threads().idle_timeout, 5ms);
    io.threads({.min = 1, .max = 2, .idle = 0, .idle_timeout = 1s});
    EXPECT_EQ(io.threads().max, 2U);
}

TEST_F(Threads, InExcessOfTheIdleLimitEndAfterTheTimeout) {  // C-MAXI [V]: 16 threads, idle 2 → 2 left
    context io({.threads = {.min = 16, .idle = 2, .idle_timeout = 10ms}});
    gate closed;
    for (int i = 0; i < 16; ++i)
        io.submit(closed.work());
    closed.await_entered(16);
    EXPECT_GE(io.statistics().threads, 16U);
    closed.open();
    io.flush();
    EXPECT_TRUE(eventually([&] { return io.statistics().threads == 2; }));
    for (int i = 0; i < 5; ++i) {
        std::this_thread::sleep_for(10ms);
        EXPECT_EQ(io.statistics().threads, 2U) << "those stay";
    }
    EXPECT_TRUE(io.run(busy(0s)));
}

TEST_F(Threads, AllEndWithAnIdleLimitOfZero) {  // B-40
    context io({.threads = {.idle = 0, .idle_timeout = 1ms}});
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(io.run(busy(0s)));
        EXPECT_TRUE(eventually([&] { return io.statistics().threads == 0; }));
    }
}

TEST_F(Threads, NoWakeUpIsLostWhenTheyTimeOut) {  // B-8, E-8
    for (unsigned idle : {0U, 1U}) {
        context io({.threads = {.min = 2, .max = 2, .idle = idle, .idle_timeout = 20us}});
        unsigned seed = 1;
        for (int i = 0; i < 3000; ++i) {
            seed = seed * 1103515245 + 12345;
            int delivered = 0;
            const int many = 1 + i % 3;
            for (int j = 0; j < many; ++j)
                io.submit(call([] {}), [&](result<>) { ++delivered; });
            ASSERT_TRUE(io.flush(long_enough())) << "round " << i << ", idle " << idle;
            ASSERT_EQ(delivered, many);
            const auto end = clock::now() + std::chrono::nanoseconds(seed % 40'000);
            while (clock::now() < end) {
            }
        }
    }
}

TEST_F(Threads, AThousandAtOnce) {  // B-34
    context io({.threads = {.min = 1000, .max = 1000, .idle = 0, .idle_timeout = 1ms}});
    gate closed;
    for (int i = 0; i < 1000; ++i)
        io.submit(closed.work());
    closed.await_entered(1000);
    EXPECT_EQ(io.statistics().running, 1000U);
    EXPECT_EQ(io.statistics().threads, 1000U);
    closed.open();
    EXPECT_TRUE(io.flush());
    EXPECT_TRUE(eventually([&] { return io.statistics().threads == 0; }));
}

TEST_F(Threads, HaveAllSignalsBlocked) {  // E-7, H-19
    context io;
    auto mask = io.run(call([] {
        sigset_t blocked;
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        return blocked;
    }));
    for (int signal : {SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGPIPE, SIGUSR1, SIGPROF})
        EXPECT_EQ(sigismember(&*mask, signal), 1) << signal;
    sigset_t own;
    pthread_sigmask(SIG_SETMASK, nullptr, &own);
    EXPECT_EQ(sigismember(&own, SIGUSR1), 0) << "the caller's mask is as it was";
}

TEST_F(Threads, AreNamedAfterTheProgram) {  // B-25: 15 bytes and a NUL
    context io({.threads = {.min = 3}});
    std::vector<std::string> names;
    for (int i = 0; i < 30; ++i)
        io.submit(call([] {
                      char text[64] = {};
                      pthread_getname_np(pthread_self(), text, sizeof text);
                      std::this_thread::sleep_for(1ms);
                      return std::string(text);
                  }),
                  [&](result<std::string> name) { names.push_back(*name); });
    io.flush();
    EXPECT_GT(io.statistics().threads, 1U);
    ASSERT_EQ(names.size(), 30U);
    for (const std::string& name : names) {
        EXPECT_TRUE(name.ends_with("/aio")) << name;
        EXPECT_LE(name.size(), 15U);
        EXPECT_GT(name.size(), 4U);
        EXPECT_EQ(name, names.front()) << "also of those that a worker started";
    }
}

TEST_F(Threads, HaveAStackForAUsersFunction) {  // design.md: the seed's 32 KiB is not
    context io;
    auto sum = io.run(call([] {
        volatile char large[256 * 1024];
        for (std::size_t i = 0; i < sizeof large; i += 512)
            large[i] = 1;
        int total = 0;
        for (std::size_t i = 0; i < sizeof large; i += 512)
            total += large[i];
        return total;
    }));
    EXPECT_EQ(sum.value(), 512);
}

TEST_F(Threads, SubmitFromManyAtOnce) {
    context io;
    std::atomic<int> made{0};
    int delivered = 0;
    std::vector<std::thread> submitters;
    for (int t = 0; t < 4; ++t)
        submitters.emplace_back([&] {
            for (int i = 0; i < 2000; ++i)
                io.submit(call([&] { ++made; }), [&](result<>) { ++delivered; });
        });
    while (delivered < 8000) {
        is_readable(io.fd(), 1);
        io.poll();
    }
    for (std::thread& each : submitters)
        each.join();
    EXPECT_EQ(made, 8000);
    EXPECT_EQ(io.statistics().outstanding, 0U);
}

TEST_F(Threads, PollingMayMoveToAnotherThread) {
    context io;
    int delivered = 0;
    for (int i = 0; i < 20; ++i) {
        io.submit(busy(0s), [&](result<>) { ++delivered; });
        std::thread other([&] { io.flush(); });
        other.join();
        io.submit(busy(0s), [&](result<>) { ++delivered; });
        io.flush();
    }
    EXPECT_EQ(delivered, 40);
}

}  // namespace
}  // namespace aio::test
