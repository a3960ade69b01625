// SPDX-License-Identifier: MIT
// Faults that must be survived: no threads, no descriptors, signals. safety.md, B-23, E-6.
#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/leaks.hpp"
#include "support/patience.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Fault : public leak_checked {
  protected:
    /// In a child: from now on no thread can be created.
    static void forbid_threads() {
        become_nobody();
        const rlimit none = {0, 0};
        require(::setrlimit(RLIMIT_NPROC, &none) == 0);
        pthread_t thread;
        require(::pthread_create(&thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr) != 0);
    }
    /// In a child: no descriptor can be opened from now on.
    static void forbid_descriptors() {
        const int next = ::dup(0);
        require(next >= 0);
        ::close(next);
        const rlimit none = {static_cast<rlim_t>(next), static_cast<rlim_t>(next)};
        require(::setrlimit(RLIMIT_NOFILE, &none) == 0);
        require(::dup(0) < 0);
    }
};

TEST_F(Fault, ForkedWithoutThreadsEveryWayOfUseCompletes) {
    child_end end = run_in_child([] {
        forbid_threads();
        for (way how : all_ways) {
            context io({.routes = routes_used::threads});
            require(use(how, io, stat("/")).has_value());
            require(use(how, io, busy(0s)).has_value());
            require(use(how, io, call([] { return 3; })).value() == 3);
            require(io.statistics().threads == 0);
            require(io.statistics().assisted == 3);
        }
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fault, ForkedWithoutThreadsEachPollMakesOneCall) {
    child_end end = run_in_child([] {
        forbid_threads();
        context io;
        int delivered = 0;
        for (int i = 0; i < 3; ++i)
            io.submit(busy(0s), [&](result<>) { ++delivered; });
        for (int i = 1; i <= 3; ++i) {
            io.poll();
            require(io.statistics().assisted == static_cast<std::size_t>(i));
            require(delivered == i);
        }
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fault, ForkedWithoutThreadsALoopThatWatchesTheDescriptorGoesOn) {  // T's pcb: it must become readable
    child_end end = run_in_child([] {
        forbid_threads();
        context io;
        int delivered = 0;
        for (int i = 0; i < 10; ++i)
            io.submit(stat("/"), [&](result<file_status>) { ++delivered; });
        while (delivered < 10) {
            require(becomes_readable(io.fd()));
            io.poll();
        }
        require(!is_readable(io.fd()));
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fault,
       ForkedWithoutDescriptorsAContextIsWholeInAnotherChild) {  // C-FORK: it takes no more than there were
    child_end end = run_in_child([] {
        context io({.routes = routes_used::threads});
        forbid_descriptors();
        const pid_t forked = ::fork();
        if (forked == 0) {
            io.submit(busy(0s));
            require(becomes_readable(io.fd()));
            require(io.poll().delivered == 1);
            ::_exit(0);
        }
        int status = -1;
        require(::waitpid(forked, &status, 0) == forked && status == 0);
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fault, ForkedWithoutThreadsWhatIsSubmittedBetweenPollsIsMade) {  // C-READY
    child_end end = run_in_child([] {
        forbid_threads();
        context io({.routes = routes_used::threads});
        require(io.run(busy(0s)).has_value());  // now no other thread is tried for a while
        for (int i = 0; i < 3; ++i) {
            require(eventually([&] { return io.poll(), !is_readable(io.fd()); }));
            bool delivered = false;
            io.submit(busy(0s), [&](result<>) { delivered = true; });
            require(becomes_readable(io.fd()));
            io.poll();
            require(delivered);
        }
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fault, ForkedWithoutThreadsAndWithoutAssistanceNothingIsMade) {
    child_end end = run_in_child([] {
        forbid_threads();
        context io({.assist = false});
        int canceled = 0;
        request queued = io.submit(busy(0s), [&](result<> outcome) { canceled += !outcome; });
        require(!io.flush(30ms));
        require(io.statistics().assisted == 0);
        require(io.statistics().ready == 1);
        queued.cancel();
        require(io.flush());
        require(canceled == 1);
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fault, ForkedThreadsComeBackWhenTheyCanBeHad) {
    child_end end = run_in_child([] {
        become_nobody();
        rlimit before;
        require(::getrlimit(RLIMIT_NPROC, &before) == 0);
        const rlimit none = {0, before.rlim_max};
        require(::setrlimit(RLIMIT_NPROC, &none) == 0);
        context io;
        require(io.run(busy(0s)).has_value());
        require(io.statistics().threads == 0);
        require(::setrlimit(RLIMIT_NPROC, &before) == 0);
        require(eventually([&] {
            require(io.run(busy(0s)).has_value());
            return io.statistics().threads > 0;
        }));
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fault, ForkedWithoutAssistanceCallsWaitForThreads) {  // C-ASSIST: it is tried again every 10 ms
    for (const bool in_a_loop : {false, true}) {
        child_end end = run_in_child([in_a_loop] {
            become_nobody();
            rlimit before;
            require(::getrlimit(RLIMIT_NPROC, &before) == 0);
            const rlimit none = {0, before.rlim_max};
            require(::setrlimit(RLIMIT_NPROC, &none) == 0);
            context io({.assist = false});
            bool delivered = false;
            io.submit(busy(0s), [&](result<>) { delivered = true; });
            require(becomes_readable(io.fd()));  // for one who assists
            io.poll();
            require(!io.wait(30ms) || !io.poll().delivered);
            require(::setrlimit(RLIMIT_NPROC, &before) == 0);
            while (!delivered) {
                require(in_a_loop ? becomes_readable(io.fd()) : io.wait(long_enough()));
                io.poll();
            }
            require(io.statistics().assisted == 0);
        });
        EXPECT_EQ(unexpected_end(end), "") << (in_a_loop ? "a loop" : "wait");
    }
}

TEST_F(Fault, ForkedFewThreadsAreEnough) {  // the limit is met while some run
    child_end end = run_in_child([] {
        context io;
        gate closed;
        io.submit(closed.work());
        closed.await_entered();
        forbid_threads();
        // The only thread is stuck and no other can be had: the poller makes the call.
        bool done = false;
        io.submit(stat("/"), [&](result<file_status>) { done = true; });
        require(io.flush(100ms) == false);
        require(done);
        closed.open();
        require(io.flush());
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fault, ForkedWithoutDescriptorsOpenSaysSoAndCloseWorks) {  // B-23
    child_end end = run_in_child([] {
        context io;
        auto opened = io.run(open("/", O_RDONLY | O_DIRECTORY));
        require(opened.has_value());
        auto fails_with = [&](int number) {
            auto right = [&](const auto& outcome) {
                return (outcome ? 0 : outcome.error().value()) == number;
            };
            for (way how : all_ways) {
                require(right(use(how, io, open("/", O_RDONLY))));
                require(right(use(how, io, open_directory("/"))));
                require(right(use(how, io, readdir("/"))));
                require(use(how, io, stat("/")).has_value());
            }
            require(right(io.run(load("/proc/version"))));
            require(right(io.run(scandir("/"))));
            require(right(context::create()));
        };
        // First with descriptors: it must succeed then; and the sanitizers need some for what they see first.
        fails_with(0);
        forbid_descriptors();
        fails_with(EMFILE);
        try {
            context impossible;
            require(false);
        } catch (const std::system_error& thrown) {
            require(thrown.code() == std::errc::too_many_files_open);
        }
        require(io.run(close(std::move(*opened))).has_value());
        require(io.run(open("/", O_RDONLY)).has_value());
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fault, ForkedContextCreationFailsCleanlyAtEveryDescriptor) {
    child_end end = run_in_child([] {
        const int next = ::dup(0);
        ::close(next);
        const std::size_t before = count_descriptors();
        for (int more = 0; more < 3; ++more) {
            const rlimit few = {static_cast<rlim_t>(next + more), 1024};
            rlimit old;
            ::getrlimit(RLIMIT_NOFILE, &old);
            const rlimit lowered = {few.rlim_cur, old.rlim_max};
            require(::setrlimit(RLIMIT_NOFILE, &lowered) == 0);
            auto io = context::create();
            require(::setrlimit(RLIMIT_NOFILE, &old) == 0);
            require(!io);
            require(io.error().value() == EMFILE);
            require(count_descriptors() == before);
        }
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Fault, ForkedDescriptorZeroIsAFileLikeAnyOther) {  // B-24: fd 0 meant "the working directory"
    child_end end = run_in_child([] {
        context io;
        ::close(0);
        auto root = io.run(open_directory("/"));
        require(root.has_value() && root->fd() == 0);
        require(io.run(stat({*root, "proc"})).has_value());
        require(io.run(readdir({*root, "."})).has_value());
        require(io.run(stat(*root)).value().is_directory());
    });
    EXPECT_EQ(unexpected_end(end), "");
}

std::atomic<int> signals{0};

TEST_F(Fault, SignalsAtOneKilohertzNeverReachTheUser) {  // safety.md: EINTR never reaches the user
    struct sigaction act = {};
    struct sigaction old = {};
    act.sa_handler = [](int) { signals.fetch_add(1, std::memory_order_relaxed); };  // no SA_RESTART
    ::sigaction(SIGUSR1, &act, &old);
    signals = 0;
    {
        temporary_tree tree;
        const std::string path = tree.write("file", std::string(100'000, 'x'));
        context io;
        context without_threads({.threads = {.max = 0}});
        std::atomic<bool> stop{false};
        const pthread_t target = ::pthread_self();
        std::thread sender([&] {
            while (!stop) {
                ::pthread_kill(target, SIGUSR1);
                std::this_thread::sleep_for(1ms);
            }
        });
        while (signals < 300) {
            for (context* each : {&io, &without_threads}) {
                auto text = each->run(load(path));
                ASSERT_TRUE(text) << text.error().message();
                ASSERT_EQ(text->size(), 100'000U);
                ASSERT_TRUE(each->run(busy(1ms)));
                ASSERT_FALSE(each->wait(1ms));
                ASSERT_EQ(each->run(busy(2ms).with({.deadline = 1h})).has_value(), true);
            }
        }
        stop = true;
        sender.join();
    }
    ::sigaction(SIGUSR1, &old, nullptr);
}

TEST_F(Fault, SignalDoesNotEndAWait) {  // C-WAIT: EINTR only loops
    struct sigaction act = {};
    struct sigaction old = {};
    act.sa_handler = [](int) { signals.fetch_add(1, std::memory_order_relaxed); };
    ::sigaction(SIGUSR1, &act, &old);
    signals = 0;
    {
        context io;
        gate closed;
        io.submit(closed.work());
        const pthread_t target = ::pthread_self();
        std::thread sender([&] {
            while (signals < 10) {
                ::pthread_kill(target, SIGUSR1);
                std::this_thread::sleep_for(1ms);
            }
            closed.open();
        });
        EXPECT_TRUE(io.wait());
        EXPECT_GE(signals, 10);
        sender.join();
        io.flush();
    }
    ::sigaction(SIGUSR1, &old, nullptr);
}

}  // namespace
}  // namespace aio::test
