// SPDX-License-Identifier: MIT
// poll, wait, flush, run, the descriptor, budgets, counters, exceptions: C-FILENO to C-MAXOUT, C-N*, M-6.
#include "support/child.hpp"
#include "support/engines.hpp"
#include "support/gate.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Poll : public engine_test {};

TEST_P(Poll, DeliversNothingWhenNothingIsThere) {  // C-POLLCB
    auto io = make_context();
    poll_result did = io->poll();
    EXPECT_EQ(did.delivered, 0U);
    EXPECT_FALSE(did.more);
    EXPECT_FALSE(is_readable(io->fd()));
}

TEST_P(Poll, DescriptorIsReadableWhenAndOnlyWhenResultsWait) {  // C-READY, E-4
    auto io = make_context();
    EXPECT_FALSE(is_readable(io->fd()));
    io->submit(nop(), [](result<>) {});
    EXPECT_TRUE(is_readable(io->fd()));
    io->submit(nop(), [](result<>) {});
    io->poll({.requests = 1, .time = {}});
    EXPECT_TRUE(is_readable(io->fd())) << "after a poll that stopped early";
    io->poll();
    EXPECT_FALSE(is_readable(io->fd()));
    group empty(*io);
    EXPECT_TRUE(is_readable(io->fd())) << "a fresh group is a result (G-1)";
    io->poll();
    EXPECT_FALSE(is_readable(io->fd()));
}

TEST_P(Poll, DescriptorStaysTheSameAndIsCloseOnExec) {  // C-FILENO
    auto io = make_context();
    const int fd = io->fd();
    for (int i = 0; i < 3; ++i)
        static_cast<void>(io->run(busy(0s)));
    EXPECT_EQ(io->fd(), fd);
    EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST_P(Poll, LeavesANewEdgeForEdgeTriggeredLoopsWhenItStopsEarly) {
    auto io = make_context();
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event interest = {.events = EPOLLIN | EPOLLET, .data = {.fd = io->fd()}};
    ASSERT_EQ(::epoll_ctl(epoll, EPOLL_CTL_ADD, io->fd(), &interest), 0);
    int delivered = 0;
    for (int i = 0; i < 5; ++i)
        io->submit(nop(), [&](result<>) { ++delivered; });
    for (int turn = 1; turn <= 5; ++turn) {
        epoll_event ready;
        ASSERT_EQ(::epoll_wait(epoll, &ready, 1, 1000), 1) << "turn " << turn;
        io->poll({.requests = 1, .time = {}});
        EXPECT_EQ(delivered, turn);
    }
    ::close(epoll);
}

TEST_P(Poll, EndsAlthoughEachCallbackBeginsWhatIsOverAtOnce) {
    auto io = make_context();
    struct again {
        context& io;
        const bool& wanted;
        bool is_wrong;
        void operator()(result<> outcome) const {
            EXPECT_EQ(outcome.has_value(), !is_wrong);
            if (wanted) io.submit(is_wrong ? unlink("") : nop(), *this);
        }
    };
    for (const bool is_wrong : {false, true}) {
        bool wanted = true;
        again{*io, wanted, is_wrong}(is_wrong ? error(ENOENT) : result<>());
        for (int i = 0; i < 3; ++i)
            io->poll();
        EXPECT_EQ(io->statistics().outstanding, 1U);
        wanted = false;
        EXPECT_TRUE(io->flush());
    }
}

TEST_P(Poll, KeepsItsBudgetOfRequests) {  // C-MPR
    auto io = make_context({.budget = {.requests = 2}});
    for (int i = 0; i < 5; ++i)
        io->submit(nop(), [](result<>) {});
    for (std::size_t expected : {2U, 2U, 1U}) {
        poll_result did = io->poll();
        EXPECT_EQ(did.delivered, expected);
        EXPECT_EQ(did.more, expected == 2);
    }
    EXPECT_EQ(io->budget().requests, 2U);
    for (int i = 0; i < 5; ++i)
        io->submit(nop(), [](result<>) {});
    EXPECT_EQ(io->poll({}).delivered, 5U) << "a poll's own budget wins";
    io->budget({.requests = 1});
    EXPECT_EQ(io->budget().requests, 1U);
    for (int i = 0; i < 2; ++i)
        io->submit(nop(), [](result<>) {});
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(io->poll().delivered, 1U);
}

TEST_P(Poll,
       SaysThatThereIsMoreOnlyIfThereIs) {  // C-POLLCB [V]: the seed also says so when the limit met the end
    auto io = make_context();
    io->submit(nop(), [](result<>) {});
    poll_result did = io->poll({.requests = 1, .time = {}});
    EXPECT_EQ(did.delivered, 1U);
    EXPECT_FALSE(did.more);
}

TEST_P(Poll, CountsGroupsAsTheSeedDoes) {  // C-MPR: an empty group counts, a parked one and a cascade do not
    auto io = make_context();
    group empty(*io);
    group full(*io);
    request member = full.add(nop());
    EXPECT_EQ(io->poll({.requests = 1, .time = {}}).delivered, 1U);
    EXPECT_TRUE(empty.done());
    poll_result did = io->poll();
    EXPECT_EQ(did.delivered, 1U);
    EXPECT_TRUE(full.done());
}

TEST_P(Poll,
       KeepsItsBudgetOfTimeButDeliversAtLeastOne) {  // C-MPT, B-10: nanoseconds, not seconds or milliseconds
    auto io = make_context();
    for (int i = 0; i < 10; ++i)
        io->submit(nop(), [&](result<>) {
            const auto end = clock::now() + 1ms;
            while (clock::now() < end) {
            }
        });
    // Virtual time does not pass in callbacks: there the budget cannot end a poll.
    if (GetParam().has_threads) {
        EXPECT_EQ(io->poll({.requests = 0, .time = 1ns}).delivered, 1U);
        EXPECT_EQ(io->poll({.requests = 0, .time = 500us}).delivered, 1U)
            << "below a millisecond is not unlimited";
        const std::size_t within = io->poll({.requests = 0, .time = 2500us}).delivered;
        EXPECT_GE(within, 1U);
        EXPECT_LE(within, 3U);
    }
    io->poll({.requests = 0, .time = 1h});
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Poll, KeepsItsBudgetOfTimeWhereTasksBegin) {  // C-MPT
    if (!GetParam().has_threads) return;             // virtual time does not pass there
    auto io = make_queueing_context();
    int begun = 0;
    const auto long_beginning = [](int& count) -> task<> {
        ++count;
        const auto end = clock::now() + 1ms;
        while (clock::now() < end) {
        }
        const auto done = co_await busy(0s);
        static_cast<void>(done);
    };
    for (int i = 0; i < 10; ++i)
        io->submit(long_beginning(begun));
    const poll_result did = io->poll({.requests = 0, .time = 500us});
    EXPECT_EQ(begun, 1);
    EXPECT_TRUE(did.more);
    EXPECT_TRUE(io->flush());
    EXPECT_EQ(begun, 10);
}

TEST_P(Poll, FlushEndsAlthoughCallbacksSubmitForEver) {  // C-FLUSH
    if (!GetParam().has_threads) return;                 // virtual time does not pass in callbacks
    for (const bool at_once : {false, true}) {
        auto io = make_context();
        bool on = true;
        std::function<void()> again = [&] {
            if (!on) return;
            const auto receive = [&](result<>) {
                // By then there is another result.
                const auto end = clock::now() + 20us;
                while (!at_once && clock::now() < end) {
                }
                again();
            };
            at_once ? io->submit(nop(), receive) : io->submit(call([] {}), receive);
        };
        for (int i = 0; i < 64; ++i)
            again();
        EXPECT_FALSE(io->flush(20ms));
        EXPECT_FALSE(io->flush(0s));
        on = false;
        EXPECT_TRUE(io->flush());
    }
}

/// Calls of which each, when it is delivered a moment later, makes the next.
class chains {
  public:
    chains(context& io, std::chrono::microseconds pause) : io_(io), pause_(pause) {}

    void begin(int many) {
        for (int i = 0; i < many; ++i)
            go_on();
    }
    static constexpr int most = 20'000;
    bool on = true;
    int delivered = 0;

  private:
    void go_on() {
        io_.submit(call([] {}), [this](result<>) {
            std::this_thread::sleep_for(pause_);  // by then there is another result
            if (++delivered == most) on = false;
            if (on) go_on();
        });
    }
    context& io_;
    std::chrono::microseconds pause_;
};

TEST_P(Poll, RunEndsWithItsWorkAlthoughCallbacksSubmitForEver) {  // C-RUN
    if (!GetParam().has_threads) return;                          // virtual time does not pass in callbacks
    auto io = make_context();
    chains others(*io, 20us);
    others.begin(64);
    ASSERT_TRUE(io->run(busy(1ms)));
    EXPECT_TRUE(others.on) << "run waited for what others do";
    others.on = false;
    io->flush();
}

TEST_P(Poll, WhatCallbacksGiveToARingIsMadeAlthoughTheyGoOn) {  // H-5
    if (!GetParam().has_threads) return;
    const temporary_tree tree;
    const file log(::open(tree.write("log", "text").c_str(), O_RDWR | O_CLOEXEC));
    auto io = make_context();
    chains others(*io, 100us);
    bool synced = false;
    io->submit(nop(), [&](result<>) {
        others.begin(64);
        io->submit(fsync(log), [&](result<> done) {
            synced = done.has_value();
            others.on = false;
        });
    });
    io->flush();
    EXPECT_TRUE(synced);
    EXPECT_LT(others.delivered, others.most);
}

TEST_P(Poll, FlushKeepsItsDeadlineAboveTheMaximum) {  // C-FLUSH, C-MAXOUT
    if (!GetParam().has_threads) return;              // see above
    auto io = make_context();
    io->max_outstanding(1);
    gate closed;
    for (int i = 0; i < 3; ++i)
        io->submit(closed.work());
    std::jthread opener([&](const std::stop_token& stop) {
        for (int i = 0; i < 1000 && !stop.stop_requested(); ++i)
            std::this_thread::sleep_for(2ms);
        closed.open();
    });
    EXPECT_FALSE(io->flush(1ms));
    EXPECT_EQ(io->outstanding(), 3U);
    opener.request_stop();
    EXPECT_TRUE(io->flush());
}

TEST_P(Poll, FlushWithoutTimeDeliversWhatIsThere) {
    auto io = make_context();
    int delivered = 0;
    for (int i = 0; i < 10; ++i)
        io->submit(nop(), [&](result<>) { ++delivered; });
    io->flush(0s);
    EXPECT_GE(delivered, 1);
    EXPECT_TRUE(io->flush());
    EXPECT_EQ(delivered, 10);
}

TEST_P(Poll, DeliversAMillionAtOnceOnAConstantStack) {  // B-33
    auto io = make_context();
    const std::size_t many = 1'000'000;
    std::size_t delivered = 0;
    const void* first = nullptr;
    const void* last = nullptr;
    for (std::size_t i = 0; i < many; ++i)
        io->submit(nop(), [&](result<>) {
            last = __builtin_frame_address(0);  // not of a local: the address sanitizer moves these
            if (!delivered++) first = last;
        });
    EXPECT_EQ(io->poll().delivered, many);
    EXPECT_EQ(delivered, many);
    EXPECT_EQ(last, first) << "the last callback ran at the depth of the first";
}

TEST_P(Poll, ExceptionOfACallbackLeavesItAndTheRestStays) {  // M-6, B-27
    auto io = make_context();
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    std::vector<int> ran;
    for (int i = 0; i < 3; ++i)
        io->submit(nop(), [&, i, owned](result<>) {
            ran.push_back(i);
            throw std::runtime_error("callback " + std::to_string(i));
        });
    owned.reset();
    io->submit(nop(), [&](result<>) { ran.push_back(3); });
    for (int i = 0; i < 3; ++i) {
        try {
            io->poll();
            FAIL() << "did not throw";
        } catch (const std::runtime_error& thrown) {
            EXPECT_EQ(thrown.what(), "callback " + std::to_string(i));
        }
        EXPECT_TRUE(is_readable(io->fd()));
        EXPECT_EQ(io->statistics().outstanding, static_cast<std::size_t>(3 - i)) << "the thrower is done";
    }
    EXPECT_TRUE(watched.expired()) << "callbacks that threw are destroyed";
    EXPECT_EQ(io->poll().delivered, 1U);
    EXPECT_EQ(ran, (std::vector<int>{0, 1, 2, 3}));
}

TEST_P(Poll, ExceptionLeavesFlushAndRunToo) {  // M-6
    auto io = make_context();
    io->submit(busy(0s), [](result<>) { throw 1; });
    EXPECT_THROW(io->flush(), int);
    EXPECT_TRUE(io->flush());
    io->submit(nop(), [](result<>) { throw 2; });
    EXPECT_THROW(static_cast<void>(io->run(busy(200ms))), int);
    EXPECT_TRUE(io->flush()) << "what run had started was given up";
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Poll, NeverThrowsForARequestThatHasNoCallback) {  // 4.2: a stale $@ made poll throw
    auto io = make_context();
    io->submit(nop(), [](result<>) { throw 1; });
    EXPECT_THROW(io->poll(), int);
    io->submit(nop());
    request forgotten = io->submit(busy(0s), [](result<>) { throw 2; });
    forgotten.forget();
    EXPECT_NO_THROW(io->flush());
}

TEST_P(Poll, WaitReturnsAtOnceWhenNothingIsOutstanding) {  // C-WAIT, B-37
    auto io = make_context();
    EXPECT_FALSE(io->wait());
    EXPECT_TRUE(io->flush());
    static_cast<void>(io->run(busy(0s)));
    EXPECT_FALSE(io->wait());
}

TEST_P(Poll, WaitReturnsAtOnceWhenAResultWaits) {  // C-WAIT
    auto io = make_context();
    io->submit(nop());
    EXPECT_TRUE(io->wait());
    EXPECT_TRUE(io->wait()) << "it delivers nothing";
    io->poll();
}

TEST_P(Poll, WaitAndFlushKeepTheirDeadline) {
    auto io = make_context();
    request slow = io->submit(busy(300ms));
    EXPECT_FALSE(io->wait(2ms));
    EXPECT_FALSE(io->flush(2ms));
    EXPECT_EQ(io->statistics().outstanding, 1U);
    slow.cancel();
    EXPECT_TRUE(io->flush());
}

TEST_P(Poll, RunDeliversWhateverElseIsDue) {
    auto io = make_context();
    bool other = false;
    io->submit(nop(), [&](result<>) { other = true; });
    EXPECT_TRUE(io->run(busy(0s)));
    EXPECT_TRUE(other);
}

TEST_P(Poll, FlushMakesTheCallsItselfWithoutThreads) {  // C-MAXP 0, section 8.4
    auto io = make_queueing_context();
    int delivered = 0;
    for (int i = 0; i < 3; ++i)
        io->submit(busy(0s), [&](result<>) { ++delivered; });
    for (int i = 0; i < 3; ++i)
        io->poll();
    EXPECT_EQ(delivered, 0) << "0 threads: they stay queued";
    statistics now = io->statistics();
    EXPECT_EQ(now.ready, 3U);
    EXPECT_EQ(now.threads, 0U);
    EXPECT_TRUE(io->flush());
    EXPECT_EQ(delivered, 3);
    EXPECT_TRUE(io->run(busy(0s)));
    EXPECT_EQ(io->statistics().threads, 0U);
}

TEST_P(Poll, CountsRequestsInEachState) {  // C-NREQS, C-NREADY, C-NPEND; G-2
    auto io = make_queueing_context();
    auto expect = [&](std::size_t outstanding, std::size_t ready, std::size_t pending) {
        statistics now = io->statistics();
        EXPECT_EQ(now.outstanding, outstanding);
        EXPECT_EQ(now.ready, ready);
        EXPECT_EQ(now.pending, pending);
    };
    expect(0, 0, 0);
    request queued = io->submit(busy(0s));
    expect(1, 1, 0);
    group all(*io);
    expect(2, 1, 1);
    all.add(busy(0s));
    expect(3, 2, 1);
    io->poll();
    expect(2, 2, 0);  // the group waits, and is not counted
    io->submit(nop());
    expect(3, 2, 1);
    io->poll();
    queued.cancel();
    expect(2, 1, 1);
    io->poll();
    expect(1, 1, 0);
    io->flush();
    expect(0, 0, 0);
}

TEST_P(Poll, CountsATaskUntilItIsDelivered) {
    auto io = make_queueing_context();
    io->submit(awaiting(busy(0s)), [](result<>) {});
    EXPECT_EQ(io->statistics().outstanding, 1U);
    EXPECT_EQ(io->statistics().pending, 1U);
    io->poll();  // it begins
    EXPECT_EQ(io->statistics().outstanding, 2U);
    EXPECT_EQ(io->statistics().ready, 1U);
    EXPECT_EQ(io->statistics().pending, 0U);
    EXPECT_TRUE(io->flush());
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Poll, BlocksWhileMoreThanTheMaximumIsOutstanding) {  // C-MAXOUT, boundary as the seed documents it
    auto io = make_context({.max_outstanding = 3});
    for (int i = 0; i < 3; ++i)
        io->submit(busy(1ms));
    io->poll();
    EXPECT_LE(io->statistics().outstanding, 3U);
    EXPECT_EQ(io->max_outstanding(2), 3U) << "gives the old one";
    EXPECT_EQ(io->max_outstanding(), 2U);
    io->poll();
    EXPECT_LE(io->statistics().outstanding, 2U);
    for (int i = 0; i < 8; ++i)
        io->submit(busy(1ms));
    EXPECT_GE(io->statistics().outstanding, 8U) << "submit never blocks";
    io->poll({.requests = 1, .time = {}});
    EXPECT_LE(io->statistics().outstanding, 2U) << "the budget does not count for this";
    EXPECT_EQ(io->max_outstanding(0), 2U);
    io->flush();
}

TEST_P(Poll, DoesNotBlockAtTheMaximum) {  // C-MAXOUT: "more than"; at n libeio blocks
    auto io = make_queueing_context({.max_outstanding = 3});
    for (int i = 0; i < 3; ++i)
        io->submit(busy(0s));
    EXPECT_EQ(io->poll().delivered, 0U);
    EXPECT_EQ(io->statistics().ready, 3U) << "poll made a call";
    io->submit(busy(0s));
    EXPECT_EQ(io->poll().delivered, 1U);
    EXPECT_EQ(io->statistics().outstanding, 3U);
    io->flush();
}

TEST_P(Poll, NestedItDoesNotBlockAboveTheMaximum) {  // it would wait for what only the outer one delivers
    auto io = make_queueing_context({.max_outstanding = 2});
    std::size_t outstanding = 0;
    io->submit(nop(), [&](result<>) {
        EXPECT_EQ(io->poll().delivered, 0U);
        outstanding = io->statistics().outstanding;
    });
    for (int i = 0; i < 5; ++i)
        io->submit(busy(0s));
    EXPECT_EQ(io->poll().delivered, 4U);
    EXPECT_EQ(outstanding, 5U);
    EXPECT_EQ(io->statistics().outstanding, 2U);
    io->flush();
}

TEST_P(Poll, ReportsEveryDeliveryWhileItBlocks) {
    auto io = make_context({.max_outstanding = 1});
    std::size_t called = 0;
    for (int i = 0; i < 10; ++i)
        io->submit(busy(100us), [&](result<>) { ++called; });
    poll_result did = io->poll();
    EXPECT_EQ(did.delivered, called);
    EXPECT_GE(called, 9U);
    io->flush();
}

TEST_P(Poll, ShutdownCancelsDeliversAndAcceptsNothingMore) {
    auto io = make_queueing_context();
    int canceled = 0;
    for (int i = 0; i < 3; ++i)
        io->submit(busy(0s), [&](result<> outcome) {
            EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
            ++canceled;
        });
    shutdown_report report = io->shutdown();
    EXPECT_EQ(report.outstanding, 3U);
    EXPECT_EQ(report.abandoned, 0U);
    EXPECT_EQ(canceled, 3);
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        auto refused = use(how, *io, busy(0s));
        EXPECT_EQ(refused.error(), std::errc::operation_canceled);
    }
}

TEST_P(Poll, ShutdownCancelsWhatNoPollHasBegun) {
    auto io = make_context();
    std::vector<int> ended;
    int fed = 0, begun = 0;
    struct tasks {
        static task<> counting(int& begun) {
            ++begun;
            auto refused = co_await busy(0s);
            EXPECT_EQ(refused.error(), std::errc::operation_canceled);
        }
        static task<> feeding(context& io, int& fed) {
            group all(io);
            all.feed([&fed](group& into) {
                if (fed++ < 1000) into.add(nop());
            });
            auto refused = co_await all;
            EXPECT_EQ(refused.error(), std::errc::operation_canceled);
        }
    };
    const auto begin = [&] {
        group all(*io, {}, [&](result<> got) { ended.push_back(got ? 0 : got.error().value()); });
        all.feed([&fed](group& into) {
            if (fed++ < 1000) into.add(nop());
        });
        static_cast<void>(all.detach());
        io->submit(tasks::feeding(*io, fed), [] {});
        io->submit(tasks::counting(begun), [] {});
    };
    begin();
    io->submit(nop(), [&](result<>) { begin(); });  // and as shutdown goes on
    io->shutdown();
    EXPECT_EQ(io->outstanding(), 0U);
    EXPECT_EQ(ended, std::vector<int>(2, ECANCELED));
    EXPECT_EQ(begun, 2);
    EXPECT_LT(fed, 20);
}

TEST_P(Poll, ShutdownMayHaveBeenDueAtAnyTime) {
    auto io = make_queueing_context();
    io->submit(busy(0s), [](result<> got) { EXPECT_EQ(got.error(), std::errc::operation_canceled); });
    EXPECT_EQ(io->shutdown(clock::time_point::min()).abandoned, 0U);
}

TEST_P(Poll, ShutdownReturnsOnTimeWhateverCallbacksDo) {  // safety.md: shutdown(deadline) returns on time
    if (GetParam().has_threads) {
        child_end end = run_in_child(
            [] {
                struct again {
                    context* io;
                    void operator()(result<>) const { io->submit(busy(0s), again{io}); }
                };
                struct tasks {
                    static task<> stubborn() {
                        for (;;) {
                            auto ignored = co_await busy(0s);
                            static_cast<void>(ignored);
                        }
                    }
                };
                context io;
                io.submit(busy(0s), again{&io});
                io.submit(tasks::stubborn(), [] {});
                io.poll();
                io.shutdown(50ms);
            },
            10);
        EXPECT_EQ(unexpected_end(end), "");
    } else {
        auto io = make_context();
        io->submit(busy(0s), [&](result<>) { io->submit(busy(0s)); });
        io->shutdown(50ms);
    }
}

AIO_ON_EVERY_ENGINE(Poll);

using PollOfThreads = leak_checked;

TEST_F(PollOfThreads, WaitSleeps) {  // B-4: blocked is asleep
    context io;
    auto cpu_time = [] {
        timespec spent;
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
        return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
    };
    int spun = 0;
    for (int i = 0; i < 150; ++i) {
        static_cast<void>(io.run(call([] {})));
        const auto before = cpu_time();
        static_cast<void>(io.run(busy(4ms)));
        spun += cpu_time() - before > 2ms;
    }
    EXPECT_LE(spun, 2) << "of 150 waits for a call of 4 ms";
}

TEST_F(PollOfThreads, MaximumSleepsWhileItBlocks) {  // B-4
    context io({.max_outstanding = 1});
    gate closed;
    io.submit(closed.work());
    for (int i = 0; i < 3; ++i)
        io.submit(busy(100ms));
    rusage before;
    rusage after;
    ::getrusage(RUSAGE_THREAD, &before);
    io.poll();
    ::getrusage(RUSAGE_THREAD, &after);
    const auto spent =
        after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec +
        1'000'000 *
            (after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec);
    EXPECT_LT(spent, 50'000) << "microseconds of CPU while blocked for 100 ms";
    EXPECT_EQ(io.statistics().outstanding, 1U);
    closed.open();
    io.flush();
}

TEST_F(PollOfThreads, DescriptorBecomesReadableWhenAWorkerFinishes) {  // C-READY, T's pcb
    context io;
    for (int i = 0; i < 200; ++i) {
        bool delivered = false;
        io.submit(busy(0s), [&](result<>) { delivered = true; });
        while (!delivered) {
            ASSERT_TRUE(becomes_readable(io.fd())) << "round " << i;
            io.poll();
        }
    }
}

}  // namespace
}  // namespace aio::test
