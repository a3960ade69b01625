// SPDX-License-Identifier: MIT
// Cancelling from several threads, forks at every state of a request, and calls that never end; each under a
// thousand signals a second.
#include "support/child.hpp"
#include "support/engines.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"
#include "support/sanitizers.hpp"
#include "support/signals.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {

namespace {

using namespace std::chrono_literals;

/// Three threads that call `hit(i)` for each i < count, in an order of their own, twice.
class attackers {
  public:
    template <class Hit>
    attackers(std::size_t count, Hit hit) {
        for (unsigned seed = 0; seed < 3; ++seed)
            threads_.emplace_back([this, count, hit, dice = std::mt19937(seed)]() mutable {
                for (std::size_t i = 0; i < 2 * count; ++i)
                    hit(dice() % count);
                --at_work_;
            });
    }
    [[nodiscard]] bool at_work() const { return at_work_ > 0; }

  private:
    std::atomic<int> at_work_{3};
    std::vector<std::jthread> threads_;
};

class CancelFromThreads : public engine_test {};

TEST_P(CancelFromThreads, EachOutcomeArrivesOnce) {
    const signal_storm signals;
    auto io = make_context();
    for (int round = 0; round < (sanitized ? 3 : 10); ++round) {
        std::vector<request> started;
        std::vector<int> arrived(300);
        for (std::size_t i = 0; i < arrived.size(); ++i) {
            auto receive = [&arrived, i](const auto&) { ++arrived[i]; };
            if (i % 3 == 0) started.push_back(io->submit(busy(std::chrono::microseconds(i)), receive));
            if (i % 3 == 1) started.push_back(io->submit(open("/", O_RDONLY | O_DIRECTORY), receive));
            if (i % 3 == 2) started.push_back(io->submit(awaiting(stat("/")), receive));
        }
        {
            const attackers all(started.size(), [&](std::size_t i) { started[i].cancel(); });
            while (all.at_work())
                io->poll({.requests = 5, .time = {}});
        }
        ASSERT_TRUE(io->flush(long_enough()));
        for (std::size_t i = 0; i < arrived.size(); ++i)
            ASSERT_EQ(arrived[i], 1) << i;
    }
}

TEST_P(CancelFromThreads, OfAGroupOfManyEndsItOnce) {
    const signal_storm signals;
    constexpr std::size_t members = sanitized ? 10'000 : 100'000;
    auto io = make_context();
    std::size_t arrived = 0;
    int ended = 0;
    group all(*io, {.limit = 0}, [&](result<>) { ++ended; });
    for (std::size_t i = 0; i < members; ++i)
        all.add(busy(0s), [&](result<>) { ++arrived; });
    {
        const attackers three(1, [&](std::size_t) { all.cancel(); });
        while (three.at_work())
            io->poll({.requests = 100, .time = {}});
    }
    ASSERT_TRUE(io->flush(long_enough()));
    EXPECT_EQ(arrived, members);
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

/// A deadline passes, or a stop is requested, while another thread is handing the request over.
TEST_P(CancelFromThreads, MeetsWhatIsBeingSubmitted) {
    auto io = make_context();
    constexpr long each = sanitized ? 3'000 : 20'000;
    std::atomic<long> arrived{0};
    std::atomic<int> at_work{3};
    auto count = [&](const auto&) { arrived.fetch_add(1, std::memory_order_relaxed); };
    auto submit = [&](unsigned seed) {
        std::mt19937 dice(seed);
        for (long i = 0; i < each; ++i) {
            std::stop_source source;
            std::jthread stopper;
            const std::stop_token token = source.get_token();
            options how{.deadline = std::chrono::nanoseconds(dice() % 1000), .stop = token};
            if (i % 64 == 0) stopper = std::jthread([&] { source.request_stop(); });
            io->submit(busy(0s).with(how), count);
        }
        --at_work;
    };
    {
        std::vector<std::jthread> submitters;
        for (unsigned seed = 0; seed < 3; ++seed)
            submitters.emplace_back(submit, seed);
        while (at_work)
            io->poll({.requests = 5, .time = {}});
    }
    ASSERT_TRUE(io->flush(long_enough()));
    EXPECT_EQ(arrived, 3 * each);
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

AIO_ON_EVERY_ENGINE(CancelFromThreads);

// Forks.

/// What is in flight when the process forks.
struct fork_scene {
    explicit fork_scene(const engine& on) : io(on, {}) { ::mkfifo((tree / "fifo").c_str(), 0600); }
    template <class Work>
    void submit(Work&& work) {
        ++expected;
        requests.push_back(io->submit(std::forward<Work>(work), [this](auto&&) { ++delivered; }));
    }
    /// Lets go what waits for the FIFO's other end.
    void open_fifo() const {
        const file other_end(::open((tree / "fifo").c_str(), O_RDWR | O_CLOEXEC));
        std::this_thread::sleep_for(1ms);
    }

    temporary_tree tree;
    gate closed;
    engine_context io;
    std::vector<request> requests;
    std::function<void()> fork_now;  // for what is done in a callback
    int expected = 0;
    int delivered = 0;
};

/// One state of a request, and how to bring it about.
struct fork_moment {
    const char* name;
    bool needs_threads;
    void (*reach)(fork_scene&);
};

const fork_moment moments[] = {
    {"nothing", false, [](fork_scene&) {}},
    {"queued", true,
     [](fork_scene& s) {
         s.io->threads({.min = 1, .max = 1});
         for (int i = 0; i < 5; ++i)
             s.submit(s.closed.work());
         s.closed.await_entered();
     }},
    {"taken", true,  // by a worker that takes many at a time, and has not begun with them
     [](fork_scene& s) {
         s.io->threads({.min = 1, .max = 1});
         for (int i = 0; i < 100; ++i)
             s.submit(busy(0s));
         s.submit(s.closed.work());
         for (int i = 0; i < 20; ++i)
             s.submit(stat("/"));
         s.closed.await_entered();
     }},
    {"running", true,
     [](fork_scene& s) {
         s.submit(s.closed.work());
         s.submit(s.closed.work());
         s.closed.await_entered(2);
     }},
    {"abandoned", true,
     [](fork_scene& s) {
         // A worker that has not made the call yet sees that it is cancelled, and makes none.
         for (int tries = 0; tries < 100 && s.io->statistics().abandoned == 0; ++tries) {
             s.submit(open(s.tree / "fifo", O_RDONLY));
             EXPECT_TRUE(eventually([&] { return s.io->statistics().running == 1; }));
             s.requests.back().cancel();
         }
         EXPECT_EQ(s.io->statistics().abandoned, 1U);
     }},
    {"done", false,
     [](fork_scene& s) {
         for (int i = 0; i < 5; ++i)
             s.submit(stat("/"));
         s.io->wait();
     }},
    {"pending", false,
     [](fork_scene& s) {
         for (int i = 0; i < 5; ++i)
             s.submit(nop());
     }},
    {"delivered", false,
     [](fork_scene& s) {
         for (int i = 0; i < 5; ++i)
             s.submit(stat("/"));
         s.io->flush();
     }},
    {"being delivered", false,
     [](fork_scene& s) {
         s.expected += 2;
         s.io->submit(stat("/"), [&s](const auto&) {
             ++s.delivered;
             s.fork_now();
         });
         s.io->submit(stat("/"), [&s](const auto&) { ++s.delivered; });
         s.io->flush();
     }},
    {"task not begun", false, [](fork_scene& s) { s.submit(awaiting(stat("/"))); }},
    {"task parked", true,
     [](fork_scene& s) {
         s.submit(awaiting(s.closed.work()));
         s.io->poll();
         s.closed.await_entered();
     }},
    {"group parked", true,
     [](fork_scene& s) {
         ++s.expected;
         group all(*s.io, {}, [&s](result<>) { ++s.delivered; });
         all.add(s.closed.work());
         s.requests.push_back(all.detach());
         s.io->poll();
         s.closed.await_entered();
     }},
    {"feeding", false,
     [](fork_scene& s) {
         ++s.expected;
         group all(*s.io, {.limit = 1}, [&s](result<>) { ++s.delivered; });
         all.feed([&s, left = 3](group& to) mutable {
             if (!left--) return;
             if (left == 1) s.fork_now();
             to.add(busy(0s));
         });
         all.detach();
         s.io->flush();
     }},
};

class ForkAtEveryState : public engine_test {};

TEST_P(ForkAtEveryState, ChildIsEmptyAndWholeAndTheParentLosesNothing) {
    for (const fork_moment& moment : moments) {
        SCOPED_TRACE(moment.name);
        if (moment.needs_threads && !GetParam().has_threads) continue;  // it cannot come about
        fork_scene s(GetParam());
        child_end end;
        bool inside_poll = false;
        s.fork_now = [&] {
            inside_poll = true;
            end = run_in_child([&] {
                const statistics now = s.io->statistics();
                require(now.outstanding == 0 && now.ready == 0 && now.running == 0 && now.pending == 0);
                for (request& each : s.requests) {
                    each.cancel();
                    each.forget();
                }
                for (way how : all_ways)
                    require(use(how, *s.io, stat("/")).has_value());
                require(s.io->run(busy(0s)).has_value());
            });
        };
        const int before = s.delivered;
        moment.reach(s);
        if (!inside_poll) {
            const signal_storm signals;
            s.fork_now();
        }
        EXPECT_EQ(unexpected_end(end), "");
        s.closed.open();
        s.open_fifo();
        EXPECT_TRUE(s.io->flush(long_enough()));
        EXPECT_EQ(s.delivered - before, s.expected);
    }
}

AIO_ON_EVERY_ENGINE(ForkAtEveryState);

// Calls that never end.

class Stuck : public engine_test {};

TEST_P(Stuck, RequestsOfEveryKindHoldNobodyUp) {  // safety.md: 32 requests stuck for ever
    if (!GetParam().has_threads) return;          // there a call that blocks stops everybody, as documented
    temporary_tree tree;
    ASSERT_EQ(::mkfifo((tree / "fifo").c_str(), 0600), 0);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const file empty(ends[0]);
    file writer(ends[1]);
    gate closed;
    auto io = make_context();
    std::vector<std::byte> buffer(32);
    int ended = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        io->submit(open(tree / "fifo", O_RDONLY), [&](const auto&) { ++ended; });
        io->submit(read(empty, std::span(buffer).subspan(i, 1)), [&](const auto&) { ++ended; });
        io->submit(read(empty, 1), [&](const auto&) { ++ended; });
        io->submit(closed.work(), [&](const auto&) { ++ended; });
    }
    {
        const signal_storm signals;
        for (int i = 0; i < 50; ++i)
            ASSERT_TRUE(i % 2 ? io->run(awaiting(stat("/"))) : io->run(stat("/")));
    }
    EXPECT_EQ(ended, 0);
    EXPECT_EQ(io->statistics().outstanding, 32U);
    writer = file();  // the end of the pipe
    closed.open();
    const file other_end(::open((tree / "fifo").c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_TRUE(io->flush(long_enough()));
    EXPECT_EQ(ended, 32);
}

AIO_ON_EVERY_ENGINE(Stuck);

}  // namespace

}  // namespace aio::test
