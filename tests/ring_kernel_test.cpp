// SPDX-License-Identifier: MIT
// The ring route on the kernel's own rings: what they do that the manual does not say. F5-F9, C-ROUTES, and
// refusals.
#include "operations_fixture.hpp"
#include "support/patience.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include "ring.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t block = 4096;

class RingKernel : public operations {
  protected:
    void SetUp() override {
        operations::SetUp();
        if (!detail::offers_of_rings()) GTEST_SKIP() << "no io_uring here";
    }

    /// A file of `blocks` blocks, each full of one letter, opened for O_DIRECT where the file system has
    /// that.
    aio::file make_blocks(std::size_t blocks) {
        std::string content;
        for (std::size_t i = 0; i < blocks; ++i)
            content.append(block, letter(i));
        const std::string made = make_file("blocks", content);
        int fd = ::open(made.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
        if (fd < 0) fd = ::open(made.c_str(), O_RDWR | O_CLOEXEC);
        return aio::file(fd);
    }
    /// Whoever opens it comes back.
    static void let_go(const std::string& fifo) { ::close(::open(fifo.c_str(), O_RDWR | O_CLOEXEC)); }
    static char letter(std::size_t which) { return static_cast<char>('a' + which % 26); }
};

/// Memory at pages of its own, which nobody may write to once it was forbidden.
class guarded_blocks {
  public:
    explicit guarded_blocks(std::size_t blocks)
        : size_(blocks * block),
          begin_(static_cast<std::byte*>(
              ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
    guarded_blocks(const guarded_blocks&) = delete;
    guarded_blocks& operator=(const guarded_blocks&) = delete;
    ~guarded_blocks() { ::munmap(begin_, size_); }

    std::span<std::byte> operator[](std::size_t which) { return {begin_ + which * block, block}; }

  private:
    std::size_t size_;
    std::byte* begin_;
};

TEST_F(RingKernel, NothingIsWrittenAfterDestruction) {  // F5
    const aio::file f = make_blocks(200);
    for (int round = 0; round < 5; ++round) {
        guarded_blocks buffers(200);
        {
            context ending({.routes = routes_used::ring});
            for (std::size_t i = 0; i < 200; ++i)
                ending.submit(read(f, buffers[i], static_cast<std::int64_t>(i * block)),
                              [](result<std::size_t>) { ADD_FAILURE(); });
        }
        std::vector<std::byte> before;
        for (std::size_t i = 0; i < 200; ++i)
            before.insert(before.end(), buffers[i].begin(), buffers[i].end());
        std::this_thread::sleep_for(20ms);  // for a kernel that goes on; ours is done
        for (std::size_t i = 0; i < 200; ++i)
            EXPECT_TRUE(std::ranges::equal(buffers[i], std::span(before).subspan(i * block, block)));
    }
}

TEST_F(RingKernel, ForkLeavesTheRingToTheParent) {  // F6
    const aio::file f = make_blocks(50);
    context used({.routes = routes_used::ring});
    EXPECT_TRUE(used.run(fsync(f)));
    int delivered = 0;
    guarded_blocks buffers(50);
    for (std::size_t i = 0; i < 50; ++i)
        used.submit(read(f, buffers[i], static_cast<std::int64_t>(i * block)),
                    [&, i](result<std::size_t> got) {
                        ++delivered;
                        EXPECT_EQ(got, block);
                        EXPECT_EQ(std::to_integer<char>(buffers[i][block - 1]), letter(i));
                    });
    child_end end = run_in_child([&] {
        require(used.statistics().outstanding == 0);
        guarded_blocks own(1);
        require(used.run(read(f, own[0], 3 * block)) == block);
        require(std::to_integer<char>(own[0][0]) == letter(3));
        require(used.run(fsync(f)).has_value());
    });
    EXPECT_EQ(unexpected_end(end), "");
    EXPECT_TRUE(used.flush(long_enough()));
    EXPECT_EQ(delivered, 50);
}

TEST_F(RingKernel, CredentialsAreThoseOfTheTimeOfTheCall) {  // F7: no SQPOLL
    const std::string secret = make_file("secret", "secret");
    ::chmod(secret.c_str(), 0);
    ::chmod(root.c_str(), 0755);
    EXPECT_EQ(as_nobody([&] {
                  context nobodys({.routes = routes_used::ring});
                  return failure(nobodys.run(aio::open(secret, O_RDONLY)));
              }),
              EACCES);
}

TEST_F(RingKernel, WhatHasNoOffsetsIsNotReadAtOne) {  // a ring would take it without
    const aio::file counter(::eventfd(7, EFD_CLOEXEC));
    context used({.routes = routes_used::ring});
    EXPECT_EQ(failure(used.run(read(counter, 8, 0))), ESPIPE);
    const auto counted = used.run(read(counter, 8));
    ASSERT_TRUE(counted);
    EXPECT_EQ(counted->front(), 7) << "nobody has taken it";
}

TEST_F(RingKernel, AWriteIsNoRead) {  // of which whoever watches the file would be told
    const aio::file f = make_blocks(1);
    const aio::file watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    ASSERT_GE(::inotify_add_watch(watch.fd(), path("blocks").c_str(), IN_ACCESS), 0);
    struct stat before = {};
    ASSERT_EQ(::fstat(f.fd(), &before), 0);
    context used({.routes = routes_used::ring});
    guarded_blocks buffer(1);
    EXPECT_EQ(used.run(write(f, buffer[0], 0)), block);
    EXPECT_EQ(used.statistics().ring_submitted, 1U);
    struct stat after = {};
    ASSERT_EQ(::fstat(f.fd(), &after), 0);
    EXPECT_EQ(std::pair(after.st_atim.tv_sec, after.st_atim.tv_nsec),
              std::pair(before.st_atim.tv_sec, before.st_atim.tv_nsec));
    std::array<char, 4096> events = {};
    EXPECT_EQ(::read(watch.fd(), events.data(), events.size()), -1) << "somebody has read it";
}

TEST_F(RingKernel, AnotherFileOfTheSameNumberGoesItsOwnWay) {  // a cached one's number, opened with O_DIRECT
    const aio::file direct = make_blocks(1);
    const int flags = ::fcntl(direct.fd(), F_GETFL);
    context used;
    guarded_blocks buffer(1);
    for (int i = 0; i < 3; ++i) {
        const std::size_t hits = used.statistics().inline_hits;
        aio::file f = used.run(aio::open(path("blocks"), O_RDONLY)).value();
        const int number = f.fd();
        EXPECT_EQ(used.run(read(f, buffer[0], 0)), block);
        EXPECT_EQ(used.run(read(f, buffer[0], 0)), block);
        const std::size_t cached = used.statistics().inline_hits - hits;
        EXPECT_GE(cached, 1U);
        f = {};
        f = used.run(aio::open(path("blocks"), O_RDONLY | (flags & O_DIRECT))).value();
        ASSERT_EQ(f.fd(), number);
        const std::size_t before = used.statistics().inline_hits;
        EXPECT_EQ(used.run(read(f, buffer[0], 0)), block);
        EXPECT_TRUE(!(flags & O_DIRECT) || used.statistics().inline_hits == before);
    }
}

TEST_F(RingKernel, WhatBlocksForEverDelaysNoFile) {  // F8
    const aio::file f = make_blocks(1);
    const std::string fifo = make_fifo("fifo");
    context used({.routes = routes_used::ring});
    std::vector<request> stuck;
    for (int i = 0; i < 32; ++i)
        stuck.push_back(used.submit(aio::open(fifo, O_RDONLY)));
    guarded_blocks buffer(1);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(used.run(read(f, buffer[0], 0).with({.deadline = long_enough()})), block);
        EXPECT_TRUE(used.run(fsync(f).with({.deadline = long_enough()})));
        EXPECT_TRUE(used.run(stat(fifo).with({.deadline = long_enough()})));
    }
    for (request& each : stuck)
        each.cancel();
    EXPECT_TRUE(used.flush(long_enough()));
    EXPECT_TRUE(eventually([&] { return let_go(fifo), used.statistics().abandoned == 0; }));
}

TEST_F(RingKernel, AFifoIsOpenedAsPosixSays) {  // F9
    for (routes_used used :
         {routes_used::automatic, routes_used::ring, routes_used::inline_, routes_used::threads}) {
        context here({.routes = used});
        for (int flags : {O_RDONLY, O_WRONLY}) {
            const std::string fifo = make_fifo("fifo");
            EXPECT_EQ(failure(here.run(aio::open(fifo, flags).with({.deadline = 30ms}))), ETIMEDOUT);
            EXPECT_TRUE(eventually([&] { return let_go(fifo), here.statistics().abandoned == 0; }));
            const int alone = flags == O_RDONLY ? 0 : ENXIO;
            EXPECT_EQ(failure(here.run(aio::open(fifo, flags | O_NONBLOCK))), alone);
            ::unlink(fifo.c_str());
        }
    }
}

/// Rings whose completions do not interrupt are there since Linux 6.5.
bool completions_interrupt() {
    utsname kernel;
    int major = 0;
    int minor = 0;
    return ::uname(&kernel) == 0 && std::sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
           std::pair(major, minor) < std::pair(6, 5);
}

TEST_F(RingKernel, MakesAnyLengthOfFallocateAndOfNothingElse) {  // for lengths it has 64 bits there, else 32
    io.emplace(context_options{.routes = routes_used::ring});
    const aio::file f(::open(path("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    constexpr std::int64_t length = (std::int64_t{4} << 30) + block;  // in 32 bits, one block
    ASSERT_EQ(::pwrite(f.fd(), "goes", 4, length - 100), 4);
    ASSERT_EQ(::pwrite(f.fd(), "stays", 5, length), 5);
    EXPECT_EQ(failure(run(fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, length))), 0);
    EXPECT_EQ(io->statistics().ring_submitted, 1U);
    EXPECT_EQ(run(read(f, 4, length - 100)), std::string(4, '\0'));
    EXPECT_EQ(run(read(f, 10, length)), "stays");
    const std::size_t before = io->statistics().threads_submitted;
    EXPECT_TRUE(run(sync_file_range(f, 0, std::size_t(length), SYNC_FILE_RANGE_WRITE)));
    EXPECT_EQ(io->statistics().threads_submitted, before + 1);
}

TEST_F(RingKernel, TheLoopIsNotInterrupted) {  // completions of an ordinary ring end an epoll_wait with EINTR
    const aio::file f = make_blocks(64);
    int interrupted = 0;
    auto read_all = [&] {
        context used({.routes = routes_used::ring});
        const aio::file loop(::epoll_create1(EPOLL_CLOEXEC));
        epoll_event interest = {.events = EPOLLIN, .data = {}};
        ASSERT_EQ(::epoll_ctl(loop.fd(), EPOLL_CTL_ADD, used.fd(), &interest), 0);
        guarded_blocks buffer(1);
        int delivered = 0;
        for (int i = 0; i < 300; ++i) {
            used.submit(read(f, buffer[0], i % 64 * static_cast<int>(block)), [&](result<std::size_t> got) {
                ++delivered;
                EXPECT_EQ(got, block);
            });
            while (delivered == i) {
                const int limit = static_cast<int>(long_enough() / 1ms);
                const int readable = ::epoll_wait(loop.fd(), &interest, 1, limit);
                if (readable < 0 && errno == EINTR && completions_interrupt())
                    ++interrupted;
                else
                    ASSERT_EQ(readable, 1) << errno;
                used.poll();
            }
        }
        EXPECT_FALSE(is_readable(used.fd()));
    };
    // In a thread of its own: one that had a ring before may be interrupted once more, when that is gone.
    std::thread(read_all).join();
    if (interrupted)
        GTEST_SKIP() << "all is delivered, but this kernel interrupted " << interrupted << " times";
}

TEST_F(RingKernel, AnotherPollingThreadTakesOverWhileTheFirstSleeps) {  // F2
    const aio::file f = make_blocks(64);
    context used({.routes = routes_used::ring});
    guarded_blocks buffers(64);
    int delivered = 0;
    auto submit_all = [&] {
        for (std::size_t i = 0; i < 64; ++i)
            used.submit(read(f, buffers[i], static_cast<std::int64_t>(i * block)),
                        [&, i](result<std::size_t> got) {
                            ++delivered;
                            EXPECT_EQ(got, block);
                            EXPECT_EQ(std::to_integer<char>(buffers[i][7]), letter(i));
                        });
    };
    submit_all();
    std::thread([&] {
        EXPECT_TRUE(used.flush(long_enough()));
        submit_all();  // and ends with its requests in flight
        used.poll();
    }).join();
    EXPECT_TRUE(used.flush(long_enough()));
    EXPECT_EQ(delivered, 128);
}

/// From now on io_uring_setup gives an errno, or kills.
void forbid_rings(unsigned verdict) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, verdict),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter = {.len = 4, .filter = program};
    require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    require(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

void require_that_all_is_well(const aio::file& f, routes_used routes) {
    context io({.routes = routes});
    for (way how : all_ways) {
        guarded_blocks buffer(1);
        require(use(how, io, read(f, buffer[0], 2 * block)) == block);
        require(std::to_integer<char>(buffer[0][0]) == 'c');
        require(use(how, io, write(f, buffer[0], 2 * block)) == block);
        require(use(how, io, fsync(f)).has_value());
    }
}

TEST_F(RingKernel, RefusedByASandboxTheResultsAreTheSame) {
    const aio::file f = make_blocks(4);
    for (int number : {EPERM, ENOSYS, ENOMEM, EMFILE, EINVAL}) {
        child_end end = run_in_child([&] {
            forbid_rings(SECCOMP_RET_ERRNO | static_cast<unsigned>(number));
            require_that_all_is_well(f, routes_used::ring);
            require_that_all_is_well(f, routes_used::automatic);
        });
        EXPECT_EQ(unexpected_end(end), "") << number;
    }
}

TEST_F(RingKernel, WhereItsMemoryCannotBeKeptFromChildrenAnotherIsMadeAndLeavesNothing) {
    const aio::file f = make_blocks(4);
    child_end end = run_in_child([&] {
        sock_filter program[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_DONTFORK, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const sock_fprog filter = {.len = 6, .filter = program};
        require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
        require(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
        require_that_all_is_well(f, routes_used::ring);
        const std::size_t mappings = count_mappings();
        for (int i = 0; i < 20; ++i)
            require_that_all_is_well(f, routes_used::ring);
        require(eventually([&] { return count_mappings() < mappings + 20; }));
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(RingKernel, WhereAskingKillsThreadsDoNotAsk) {  // AIO_ROUTES=threads
    const aio::file f = make_blocks(4);
    child_end end = run_in_child([&] {
        forbid_rings(SECCOMP_RET_KILL_PROCESS);
        require_that_all_is_well(f, routes_used::threads);
        require_that_all_is_well(f, routes_used::inline_);
        ::setenv("AIO_ROUTES", "threads", 1);
        require_that_all_is_well(f, routes_used::ring);
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(RingKernel, ForbiddenLaterTheResultsAreTheSame) {  // io_uring_enter, once there is a ring
    const aio::file f = make_blocks(4);
    child_end end = run_in_child([&] {
        context used({.routes = routes_used::ring});
        guarded_blocks buffer(1);
        require(used.run(read(f, buffer[0], 0)) == block);
        sock_filter program[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_enter, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const sock_fprog filter = {.len = 4, .filter = program};
        used.submit(read(f, buffer[0], block), [](result<std::size_t> got) { require(got == block); });
        require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
        require(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
        require(used.flush(long_enough()));
        for (int i = 0; i < 10; ++i)
            require(used.run(read(f, buffer[0], 0).with({.deadline = long_enough()})) == block);
    });
    EXPECT_EQ(unexpected_end(end), "");
}

}  // namespace
}  // namespace aio::test
