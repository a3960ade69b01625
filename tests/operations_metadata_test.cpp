// SPDX-License-Identifier: MIT
// stat, lstat, statvfs, utime, chown, chmod, access; sync and its like; nop and busy.
#include "operations_fixture.hpp"

#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <chrono>
#include <cstring>

namespace {

using aio::test::failure;
using namespace std::chrono_literals;

class Stat : public aio::test::operations {};
class Utime : public aio::test::operations {};
class Owner : public aio::test::operations {};
class Sync : public aio::test::operations {};
class Waiting : public aio::test::operations {};

bool operator==(const timespec& a, const timespec& b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/// All that stat(2) knows too.
void expect_same(const aio::file_status& got, const struct ::stat& expected) {
    EXPECT_EQ(got.size, static_cast<std::uint64_t>(expected.st_size));
    EXPECT_EQ(got.blocks, static_cast<std::uint64_t>(expected.st_blocks));
    EXPECT_EQ(got.inode, expected.st_ino);
    EXPECT_EQ(got.device, expected.st_dev);
    EXPECT_EQ(got.rdev, expected.st_rdev);
    EXPECT_EQ(got.mode, expected.st_mode);
    EXPECT_EQ(got.links, expected.st_nlink);
    EXPECT_EQ(got.uid, expected.st_uid);
    EXPECT_EQ(got.gid, expected.st_gid);
    EXPECT_EQ(got.block_size, static_cast<std::uint32_t>(expected.st_blksize));
    EXPECT_TRUE(got.atime == expected.st_atim);
    EXPECT_TRUE(got.mtime == expected.st_mtim);
    EXPECT_TRUE(got.ctime == expected.st_ctim);
}

// R-STAT, T-01
TEST_F(Stat, SaysWhatStatSays) {
    const std::string name = make_file("f", "12345");
    struct ::stat expected = {};
    ASSERT_EQ(::stat(name.c_str(), &expected), 0);
    expect_same(*run(aio::stat(name)), expected);
    expect_same(*run(aio::stat(open(name, O_RDONLY))), expected);
    expect_same(*run(aio::stat({open_root(), "f"})), expected);
    expect_same(*run(aio::lstat(name)), expected);
    ASSERT_EQ(::stat("/dev/zero", &expected), 0);
    expect_same(*run(aio::stat("/dev/zero")), expected);
    EXPECT_TRUE(run(aio::stat("/dev/zero"))->is_character_device());
}

TEST_F(Stat, KnowsMoreThanStat) {
    auto status = run(aio::stat(make_file("f")));
    ASSERT_TRUE(status);
    if (status->has_btime()) {
        EXPECT_LT(std::chrono::system_clock::now() - aio::to_sys_time(status->btime), 1min);
    }
    EXPECT_NE(status->mount_id, 0U);
    EXPECT_EQ(status->mount_id, run(aio::stat(root))->mount_id);
    EXPECT_NE(status->mount_id, run(aio::stat("/proc"))->mount_id);
    EXPECT_TRUE(same_file(*status, *run(aio::stat(path("f")))));
    EXPECT_FALSE(same_file(*status, *run(aio::stat(root))));
}

TEST_F(Stat, TellsTypesApart) {
    make_fifo("fifo");
    ASSERT_EQ(::symlink("fifo", path("link").c_str()), 0);
    EXPECT_TRUE(run(aio::stat(make_file("f")))->is_regular());
    EXPECT_TRUE(run(aio::stat(root))->is_directory());
    EXPECT_TRUE(run(aio::stat(path("fifo")))->is_fifo());
    EXPECT_TRUE(run(aio::stat(path("link")))->is_fifo());
    EXPECT_EQ(run(aio::stat(path("fifo")))->permissions(), 0600U);
    EXPECT_TRUE(aio::file_status{.mode = S_IFSOCK}.is_socket());
    EXPECT_TRUE(aio::file_status{.mode = S_IFBLK}.is_block_device());
    EXPECT_FALSE(aio::file_status{.mode = S_IFBLK}.is_socket());
}

// R-LSTAT
TEST_F(Stat, LstatIsOfTheLinkItself) {
    ASSERT_EQ(::symlink("nowhere", path("link").c_str()), 0);
    EXPECT_EQ(failure(run(aio::stat(path("link")))), ENOENT);
    auto status = run(aio::lstat(path("link")));
    EXPECT_TRUE(status->is_symlink());
    EXPECT_EQ(status->size, 7U);
    EXPECT_TRUE(run(aio::lstat({open_root(), "link"}))->is_symlink());
    EXPECT_TRUE(run(aio::lstat(open(make_file("f"))))->is_regular()) << "of an open file it is stat";
}

TEST_F(Stat, BadTargetsAreRefused) {
    aio::test::expect_bad_paths_refused(root, [&](aio::path_view p) { return failure(run(aio::stat(p))); });
    aio::test::expect_bad_paths_refused(root, [&](aio::path_view p) { return failure(run(aio::lstat(p))); });
    EXPECT_EQ(failure(run(aio::stat(closed_fd()))), EBADF);
    EXPECT_EQ(failure(run(aio::stat(make_file("f") + "/x"))), ENOTDIR);
    EXPECT_EQ(failure(run(aio::stat(path("f/")))), ENOTDIR);
    ASSERT_EQ(::chmod(root.c_str(), 0600), 0);
    EXPECT_EQ(as_nobody([&] {
                  aio::context theirs;
                  return failure(theirs.run(aio::stat(path("f"))));
              }),
              EACCES);
    ::chmod(root.c_str(), 0700);
}

TEST_F(Stat, StatvfsSaysWhatStatvfsSays) {
    struct ::statvfs expected = {};
    ASSERT_EQ(::statvfs(root.c_str(), &expected), 0);
    make_fifo("fifo");
    auto base = open_root();
    for (const auto& made : {run(aio::statvfs(root)), run(aio::statvfs(base)), run(aio::statvfs({base, "."})),
                             run(aio::statvfs({base, "fifo"})), run(aio::statvfs(path("fifo")))}) {
        ASSERT_TRUE(made) << made.error().message();
        EXPECT_EQ(made->block_size, expected.f_bsize);
        EXPECT_EQ(made->fragment_size, expected.f_frsize);
        EXPECT_EQ(made->blocks, expected.f_blocks);
        EXPECT_EQ(made->files, expected.f_files);
        EXPECT_EQ(made->id, expected.f_fsid);
        EXPECT_EQ(made->name_max, expected.f_namemax);
        EXPECT_EQ(made->flags, expected.f_flag);
    }
    aio::test::expect_bad_paths_refused(root,
                                        [&](aio::path_view p) { return failure(run(aio::statvfs(p))); });
    EXPECT_EQ(failure(run(aio::statvfs(closed_fd()))), EBADF);
}

// R-UTIME
TEST_F(Utime, SetsNanosecondsByPathHandleAndDescriptor) {
    const std::string name = make_file("f");
    const timespec atime = {1'000'000'000, 123'456'789}, mtime = {2'000'000'000, 987'654'321};
    EXPECT_EQ(failure(run(aio::utime(name, atime, mtime))), 0);
    EXPECT_TRUE(run(aio::stat(name))->atime == atime);
    EXPECT_TRUE(run(aio::stat(name))->mtime == mtime);
    EXPECT_EQ(failure(run(aio::utime(open(name), mtime, atime))), 0);
    EXPECT_TRUE(run(aio::stat(name))->atime == mtime);
    EXPECT_EQ(failure(run(aio::utime({open_root(), "f"}, aio::keep, mtime))), 0);
    EXPECT_TRUE(run(aio::stat(name))->atime == mtime);
    EXPECT_TRUE(run(aio::stat(name))->mtime == mtime);
}

TEST_F(Utime, NowAndKeepAreTypesAndNoNumberIsMagic) {
    const std::string name = make_file("f");
    const timespec old = {1000, 0};
    EXPECT_EQ(failure(run(aio::utime(name, old, old))), 0);
    EXPECT_EQ(failure(run(aio::utime(name, aio::now, aio::keep))), 0);
    EXPECT_LT(std::chrono::system_clock::now() - aio::to_sys_time(run(aio::stat(name))->atime), 1min);
    EXPECT_TRUE(run(aio::stat(name))->mtime == old);
    EXPECT_EQ(failure(run(aio::utime(name))), 0);
    EXPECT_LT(std::chrono::system_clock::now() - aio::to_sys_time(run(aio::stat(name))->mtime), 1min);
    EXPECT_EQ(failure(run(aio::utime(name, timespec{0, UTIME_NOW}, old))), EINVAL);
    EXPECT_EQ(failure(run(aio::utime(name, old, timespec{0, UTIME_OMIT}))), EINVAL);
    EXPECT_EQ(failure(run(aio::utime(name, timespec{0, 1'000'000'000}, old))), EINVAL);
    EXPECT_EQ(failure(run(aio::utime(name, old, timespec{0, -1}))), EINVAL);
}

// Upstream takes (-1, -1) for now, and fails negative fractions with EINVAL.
TEST_F(Utime, TimesBefore1970AreTimes) {
    const std::string name = make_file("f");
    using time = std::chrono::sys_time<std::chrono::nanoseconds>;
    EXPECT_EQ(failure(run(aio::utime(name, time(-1s), time(-1500ms)))), 0);
    EXPECT_EQ(aio::to_sys_time(run(aio::stat(name))->atime), time(-1s));
    EXPECT_EQ(aio::to_sys_time(run(aio::stat(name))->mtime), time(-1500ms));
    EXPECT_EQ(failure(run(aio::utime(name, std::chrono::sys_days(), std::chrono::system_clock::now()))), 0);
    EXPECT_EQ(aio::to_sys_time(run(aio::stat(name))->atime), time(0s));
}

TEST_F(Utime, LutimeIsOfTheLinkItself) {
    ASSERT_EQ(::symlink("nowhere", path("link").c_str()), 0);
    const timespec old = {1000, 5};
    EXPECT_EQ(failure(run(aio::utime(path("link"), old, old))), ENOENT);
    EXPECT_EQ(failure(run(aio::lutime(path("link"), old, old))), 0);
    EXPECT_TRUE(run(aio::lstat(path("link")))->mtime == old);
}

// B-2
TEST_F(Utime, BadTargetsAreRefused) {
    aio::test::expect_bad_paths_refused(root, [&](aio::path_view p) { return failure(run(aio::utime(p))); });
    EXPECT_EQ(failure(run(aio::utime(closed_fd()))), EBADF);
    const std::string name = make_file("f");
    ASSERT_EQ(::chmod(root.c_str(), 0755), 0);
    EXPECT_EQ(as_nobody([&] {
                  aio::context theirs;
                  if (failure(theirs.run(aio::utime(name))) != EACCES) return 1;
                  return failure(theirs.run(aio::utime(name, timespec{1, 0}, aio::keep)));
              }),
              EPERM);
}

TEST(Times, BecomePointsInTimeAndStayInRange) {
    using time = std::chrono::sys_time<std::chrono::nanoseconds>;
    EXPECT_EQ(aio::to_sys_time({-2, 500'000'000}), time(-1500ms));
    EXPECT_EQ(aio::to_sys_time({std::numeric_limits<std::time_t>::max(), 0}), time::max());
    EXPECT_EQ(aio::to_sys_time({std::numeric_limits<std::time_t>::min(), 0}), time::min());
}

// R-CHOWN
TEST_F(Owner, ChownSetsWhatIsGivenAndKeepsTheRest) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
    const std::string name = make_file("f");
    EXPECT_EQ(failure(run(aio::chown(name, 12, 34))), 0);
    EXPECT_EQ(run(aio::stat(name))->uid, 12U);
    EXPECT_EQ(run(aio::stat(name))->gid, 34U);
    EXPECT_EQ(failure(run(aio::chown(open(name), aio::keep, 5))), 0);
    EXPECT_EQ(run(aio::stat(name))->uid, 12U);
    EXPECT_EQ(run(aio::stat(name))->gid, 5U);
    EXPECT_EQ(failure(run(aio::chown({open_root(), "f"}, 7, aio::keep))), 0);
    EXPECT_EQ(run(aio::stat(name))->uid, 7U);
    EXPECT_EQ(run(aio::stat(name))->gid, 5U);
    ASSERT_EQ(::symlink("f", path("link").c_str()), 0);
    EXPECT_EQ(failure(run(aio::lchown(path("link"), 9, 9))), 0);
    EXPECT_EQ(run(aio::stat(name))->uid, 7U);
    EXPECT_EQ(run(aio::lstat(path("link")))->uid, 9U);
    EXPECT_EQ(failure(run(aio::chown(path("link"), 8, 8))), 0) << "follows";
    EXPECT_EQ(run(aio::stat(name))->uid, 8U);
}

TEST_F(Owner, BadOwnersAndTargetsAreRefused) {
    const std::string name = make_file("f");
    EXPECT_EQ(failure(run(aio::chown(name, -1, aio::keep))), EINVAL);
    EXPECT_EQ(failure(run(aio::chown(name, aio::keep, 0xffffffffU))), EINVAL);
    EXPECT_EQ(failure(run(aio::chown(name, std::int64_t{1} << 32, aio::keep))), EINVAL);
    EXPECT_EQ(failure(run(aio::chown(name, aio::keep, aio::keep))), 0);
    EXPECT_EQ(failure(run(aio::chown(closed_fd(), aio::keep, aio::keep))), EBADF);
    aio::test::expect_bad_paths_refused(
        root, [&](aio::path_view p) { return failure(run(aio::chown(p, aio::keep, aio::keep))); });
    ASSERT_EQ(::chmod(root.c_str(), 0755), 0);
    EXPECT_EQ(as_nobody([&] {
                  aio::context theirs;
                  return failure(theirs.run(aio::chown(name, 12, aio::keep)));
              }),
              EPERM);
}

// R-CHMOD, B-5
TEST_F(Owner, ChmodSetsThePermissionsWhateverTheUmask) {
    const std::string name = make_file("f");
    const mode_t old = ::umask(077);
    EXPECT_EQ(failure(run(aio::chmod(name, 0644))), 0);
    EXPECT_EQ(run(aio::stat(name))->permissions(), 0644U);
    EXPECT_EQ(failure(run(aio::chmod(open(name), 06755))), 0);
    EXPECT_EQ(run(aio::stat(name))->permissions(), 06755U);
    EXPECT_EQ(failure(run(aio::chmod({open_root(), "f"}, 0600))), 0);
    EXPECT_EQ(run(aio::stat(name))->permissions(), 0600U);
    ::umask(old);
    EXPECT_EQ(failure(run(aio::chmod(closed_fd(), 0600))), EBADF);
    aio::test::expect_bad_paths_refused(root,
                                        [&](aio::path_view p) { return failure(run(aio::chmod(p, 0600))); });
}

TEST_F(Owner, AccessSaysWhatMayBeDone) {
    const std::string name = make_file("f");
    ASSERT_EQ(::chmod(root.c_str(), 0755), 0);
    ASSERT_EQ(::chmod(name.c_str(), 0444), 0);
    EXPECT_EQ(failure(run(aio::access(name, F_OK))), 0);
    EXPECT_EQ(failure(run(aio::access({open_root(), "f"}, R_OK))), 0);
    EXPECT_EQ(failure(run(aio::access(name, X_OK))), EACCES) << "for root too";
    EXPECT_EQ(failure(run(aio::access(name, 0x100))), EINVAL);
    ASSERT_EQ(::symlink("nowhere", path("link").c_str()), 0);
    EXPECT_EQ(failure(run(aio::access(path("link"), F_OK))), ENOENT);
    EXPECT_EQ(failure(run(aio::access(path("link"), F_OK, AT_SYMLINK_NOFOLLOW))), 0);
    aio::test::expect_bad_paths_refused(root,
                                        [&](aio::path_view p) { return failure(run(aio::access(p, F_OK))); });
    EXPECT_EQ(as_nobody([&] {
                  aio::context theirs;
                  if (failure(theirs.run(aio::access(name, R_OK))) != 0) return 1;
                  return failure(theirs.run(aio::access(name, W_OK)));
              }),
              EACCES);
}

// R-SYNC, R-FSYNC, R-FDSYNC
TEST_F(Sync, OfFilesDirectoriesAndEverything) {
    aio::file file = open(make_file("f", "x"));
    EXPECT_EQ(failure(run(aio::fsync(file))), 0);
    EXPECT_EQ(failure(run(aio::fdatasync(file))), 0);
    EXPECT_EQ(failure(run(aio::fsync(open_root()))), 0);
    EXPECT_EQ(failure(run(aio::syncfs(file))), 0);
    EXPECT_EQ(failure(run(aio::sync())), 0);
    EXPECT_EQ(failure(run(aio::sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE))), 0);
    EXPECT_EQ(
        failure(run(aio::sync_file_range(
            file, 0, 1, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER))),
        0);
}

TEST_F(Sync, BadArgumentsAreRefused) {
    aio::file file = open(make_file("f", "x"));
    auto [out, in] = make_pipe();
    EXPECT_EQ(failure(run(aio::fsync(out))), EINVAL);
    EXPECT_EQ(failure(run(aio::fdatasync(out))), EINVAL);
    EXPECT_EQ(failure(run(aio::fsync(closed_fd()))), EBADF);
    EXPECT_EQ(failure(run(aio::fdatasync(closed_fd()))), EBADF);
    EXPECT_EQ(failure(run(aio::syncfs(closed_fd()))), EBADF);
    EXPECT_EQ(failure(run(aio::sync_file_range(file, -1, 0, 0))), EINVAL);
    EXPECT_EQ(failure(run(aio::sync_file_range(file, 0, -1, 0))), EINVAL);
    EXPECT_EQ(failure(run(aio::sync_file_range(file, 0, 0, 0x100))), EINVAL);
    EXPECT_EQ(failure(run(aio::sync_file_range(out, 0, 0, SYNC_FILE_RANGE_WRITE))), ESPIPE);
}

// R-NOP, R-BUSY
TEST_F(Waiting, BusyTakesItsTimeAndNopNone) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(failure(run(aio::nop())), 0);
    EXPECT_EQ(failure(run(aio::busy(-5s))), 0);
    EXPECT_EQ(failure(run(aio::busy(0s))), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(failure(run(aio::busy(20ms))), 0);
    EXPECT_GE(std::chrono::steady_clock::now() - before, 20ms);
}

}  // namespace
