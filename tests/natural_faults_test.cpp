// SPDX-License-Identifier: MIT
// Faults that the system itself gives: full and read-only file systems, limits, a disk that is gone, calls
// that are forbidden. Each in a child that arranges for it, on every engine.
#include "support/child.hpp"
#include "support/engines.hpp"
#include "support/leaks.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace aio::test {
namespace {

const std::string text(256 << 10, 'x');

template <class Outcome>
bool fails_with(int number, const Outcome& outcome) {
    return !outcome && outcome.error().value() == number;
}

bool is_empty(const std::string& directory) {
    return std::filesystem::is_empty(directory);
}

class NaturalFault : public leak_checked {
  protected:
    /// Runs `body(io, i)` in a child on every engine, after `arrange()`.
    template <class Arrange, class Body>
    void on_every_engine(Arrange arrange, Body body) {
        const child_end end = run_in_child([&] {
            arrange();
            for (const engine& each : all_engines()) {
                engine_context io(each, {});
                body(*io);
                require(io->run(nop()).has_value());
                require(io->statistics().outstanding == 0);
            }
        });
        if (end.status == not_permitted) GTEST_SKIP() << "not possible here: " << end.output;
        EXPECT_EQ(unexpected_end(end), "");
    }

    void mount_disk(const char* how) const {
        own_mounts();
        require(::mount("none", disk.c_str(), "tmpfs", 0, how) == 0);
    }

    temporary_tree tree;
    const std::string source = tree.write("source", text);
    const std::string disk = make_directory("disk");

  private:
    [[nodiscard]] std::string make_directory(const char* name) const {
        std::filesystem::create_directory(tree / name);
        return tree / name;
    }
};

TEST_F(NaturalFault, ForkedFullDiskIsENOSPC) {
    on_every_engine([&] { mount_disk("size=128k"); },
                    [&](context& io) {
                        const std::string old = disk + "/old";
                        const std::string fresh = disk + "/fresh";
                        require(io.run(store(old, "old")).has_value());

                        auto opened = io.run(open(fresh, O_RDWR | O_CREAT));
                        require(opened.has_value());
                        require(fails_with(ENOSPC, io.run(fallocate(*opened, 0, 0, 1 << 20))));
                        auto written = io.run(write(*opened, text, 0));
                        require(written.has_value() && *written > 0 && *written < text.size());
                        require(fails_with(ENOSPC, io.run(write_all(*opened, text, 0))));
                        require(io.run(unlink(fresh)).has_value());
                        require(io.run(close(std::move(*opened))).has_value());

                        require(fails_with(ENOSPC, io.run(store(old, text))));
                        require(fails_with(ENOSPC, io.run(copy(source, old))));
                        require(fails_with(ENOSPC, io.run(copy(source, fresh))));
                        require(fails_with(ENOSPC, io.run(copy_tree(source, fresh))));
                        require(fails_with(ENOSPC, io.run(aio::move(source, fresh))));
                        require(content_of(old) == "old" && content_of(source) == text);
                        require(io.run(unlink(old)).has_value());
                        require(is_empty(disk));
                    });
}

TEST_F(NaturalFault, ForkedDiskWithoutRoomForNamesIsENOSPC) {
    on_every_engine([&] { mount_disk("nr_inodes=2"); },
                    [&](context& io) {
                        const std::string first = disk + "/first";
                        const std::string second = disk + "/second";
                        require(io.run(mkdir(first)).has_value());
                        require(fails_with(ENOSPC, io.run(mkdir(second))));
                        require(fails_with(ENOSPC, io.run(open(second, O_RDWR | O_CREAT))));
                        require(fails_with(ENOSPC, io.run(symlink("text", second))));
                        require(fails_with(ENOSPC, io.run(mknod(second, S_IFIFO | 0600))));
                        require(fails_with(ENOSPC, io.run(mkstemp(second))));
                        require(fails_with(ENOSPC, io.run(mkdtemp(second))));
                        require(fails_with(ENOSPC, io.run(make_directories(second))));
                        require(fails_with(ENOSPC, io.run(store(second, "text"))));
                        require(fails_with(ENOSPC, io.run(copy(source, second))));
                        require(io.run(rmdir(first)).has_value());
                        require(is_empty(disk));
                    });
}

TEST_F(NaturalFault, ForkedReadOnlyFileSystemIsEROFS) {
    const std::string old = disk + "/old";
    const std::string fresh = disk + "/fresh";
    on_every_engine(
        [&] {
            mount_disk("size=1m");
            std::ofstream(old) << "old";
            require(::mount("none", disk.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0);
        },
        [&](context& io) {
            require(fails_with(EROFS, io.run(open(fresh, O_RDWR | O_CREAT))));
            require(fails_with(EROFS, io.run(open(old, O_RDWR))));
            require(fails_with(EROFS, io.run(mkdir(fresh))));
            require(fails_with(EROFS, io.run(mkstemp(fresh))));
            require(fails_with(EROFS, io.run(mkdtemp(fresh))));
            require(fails_with(EROFS, io.run(mknod(fresh, S_IFIFO | 0600))));
            require(fails_with(EROFS, io.run(symlink("text", fresh))));
            require(fails_with(EROFS, io.run(aio::link(old, fresh))));
            require(fails_with(EROFS, io.run(rename(old, fresh))));
            require(fails_with(EROFS, io.run(unlink(old))));
            require(fails_with(EROFS, io.run(rmdir(disk + "/directory"))) ||
                    fails_with(ENOENT, io.run(rmdir(disk + "/directory"))));
            require(fails_with(EROFS, io.run(truncate(old, 1))));
            require(fails_with(EROFS, io.run(chmod(old, 0600))));
            require(fails_with(EROFS, io.run(chown(old, ::getuid(), ::getgid()))));
            require(fails_with(EROFS, io.run(utime(old))));
            require(fails_with(EROFS, io.run(store(old, "new"))));
            require(fails_with(EROFS, io.run(append(old, "new"))));
            require(fails_with(EROFS, io.run(copy(source, fresh))));
            require(fails_with(EROFS, io.run(aio::move(source, fresh))));
            require(fails_with(EROFS, io.run(chmod_tree(disk, 0700, 0600))));
            require(io.run(make_directories(disk)).has_value());  // it is there
            require(io.run(load(old)).value() == "old");
        });
    EXPECT_EQ(content_of(source), text);
}

TEST_F(NaturalFault, ForkedLimitOfFileSizesIsEFBIG) {
    on_every_engine(
        [&] {
            ::signal(SIGXFSZ, SIG_IGN);  // workers block it, but in a simulation there are none
            const rlimit small = {64 << 10, 64 << 10};
            require(::setrlimit(RLIMIT_FSIZE, &small) == 0);
        },
        [&](context& io) {
            const std::string fresh = disk + "/fresh";
            auto opened = io.run(open(fresh, O_RDWR | O_CREAT));
            require(opened.has_value());
            require(io.run(write(*opened, text, 0)).value() == 64 << 10);
            require(fails_with(EFBIG, io.run(write(*opened, text, 64 << 10))));
            require(fails_with(EFBIG, io.run(write_all(*opened, text, 0))));
            require(fails_with(EFBIG, io.run(truncate(*opened, 1 << 20))));
            require(fails_with(EFBIG, io.run(fallocate(*opened, 0, 0, 1 << 20))));
            require(io.run(unlink(fresh)).has_value());
            require(fails_with(EFBIG, io.run(store(fresh, text))));
            require(fails_with(EFBIG, io.run(copy(source, fresh, {.clone = reflink::never}))));
            require(is_empty(disk));
        });
}

TEST_F(NaturalFault, ForkedSignalOfThatLimitDoesNotEndTheProgram) {
    const child_end end = run_in_child([&] {
        const rlimit small = {64 << 10, 64 << 10};
        require(::setrlimit(RLIMIT_FSIZE, &small) == 0);
        context io;
        require(fails_with(EFBIG, io.run(store(disk + "/fresh", text))));
    });
    EXPECT_EQ(unexpected_end(end), "");
}

/// The file system is on a file that is cut: what was not in memory is gone.
TEST_F(NaturalFault, ForkedDiskThatIsGoneIsEIO) {
    const std::string image = tree / "image";
    const std::string lost = disk + "/lost";
    file opened;
    on_every_engine(
        [&] {
            own_mounts();
            const std::string make = "truncate -s 8M " + image + " && /sbin/mkfs.ext4 -q " + image +
                                     " && mount -o loop " + image + " " + disk;
            if (std::system(make.c_str()) != 0) ::_exit(not_permitted);
            std::ofstream(lost) << text;
            opened = file(::open(lost.c_str(), O_RDONLY | O_CLOEXEC));
            require(::fsync(opened.fd()) == 0 && ::syncfs(opened.fd()) == 0);
            require(::posix_fadvise(opened.fd(), 0, 0, POSIX_FADV_DONTNEED) == 0);
            require(::truncate(image.c_str(), 64 << 10) == 0);
            char lost_byte = 'x';
            if (::pread(opened.fd(), &lost_byte, 1, 0) == 1 && lost_byte == 0) {  // Linux 6.1
                std::fputs("a loop device gives zeros for what is gone", stderr);
                ::_exit(not_permitted);
            }
        },
        [&](context& io) {
            std::vector<std::byte> buffer(4096);
            require(fails_with(EIO, io.run(read(opened, std::span(buffer), 0))));
            require(fails_with(EIO, io.run(read(opened, 4096, 8192))));
            require(fails_with(EIO, io.run(read_exactly(opened, text.size(), 0))));
            require(fails_with(EIO, io.run(load(lost))));
            require(fails_with(EIO, io.run(copy(lost, tree / "copy"))));
            require(!exists(tree / "copy"));
        });
}

/// In a child: `calls` give `error` from now on, on every thread to come.
void forbid(const std::vector<int>& calls, int error) {
    std::vector<sock_filter> filter = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (int each : calls) {
        filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(each), 0, 1));
        filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)));
    }
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
    require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    require(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

TEST_F(NaturalFault, ForkedMissingCallsAreDoneWithout) {
    on_every_engine(
        [&] {
            forbid({SYS_sendfile, SYS_readahead, SYS_copy_file_range, SYS_preadv2, SYS_sync_file_range},
                   ENOSYS);
        },
        [&](context& io) {
            auto in = io.run(open(source, O_RDONLY));
            auto out = io.run(open(disk + "/out", O_RDWR | O_CREAT));
            require(in.has_value() && out.has_value());
            require(io.run(sendfile(*out, *in, 0, text.size())).value() == text.size());
            require(io.run(readahead(*in, 0, text.size())).has_value());
            require(io.run(read_exactly(*out, text.size(), 0)).value() == text);
            require(io.run(sync_file_range(*out, 0, 0, 0)).has_value());
            require(static_cast<bool>(io.run(copy(source, disk + "/copy", {.clone = reflink::never}))));
            require(content_of(disk + "/copy") == text);
            require(io.run(unlink(disk + "/out")).has_value());
            require(io.run(unlink(disk + "/copy")).has_value());
        });
}

TEST_F(NaturalFault, ForkedForbiddenCallSaysSo) {
    on_every_engine([&] { forbid({SYS_statx, SYS_mkdirat, SYS_getdents64, SYS_io_uring_setup}, EPERM); },
                    [&](context& io) {
                        require(fails_with(EPERM, io.run(stat(source))));
                        require(fails_with(EPERM, io.run(lstat(source))));
                        require(fails_with(EPERM, io.run(mkdir(disk + "/made"))));
                        require(fails_with(EPERM, io.run(readdir(tree.root()))));
                        require(fails_with(EPERM, io.run(scandir(tree.root()))));
                        require(fails_with(EPERM, io.run(load(source))));
                    });
}

}  // namespace
}  // namespace aio::test
