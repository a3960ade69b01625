// SPDX-License-Identifier: MIT
// Copies, moves and store where the file system is not as the usual one: it decides owners or groups, cannot
// rename without replacing, or is mounted in two places.
#include "support/child.hpp"
#include "support/engines.hpp"
#include "support/system_calls.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace aio::test {

namespace {

namespace fs = std::filesystem;

class OtherFileSystems : public leak_checked {
  protected:
    [[nodiscard]] std::string path(std::string_view name) const { return tree_ / name; }

    const temporary_tree tree_;
    const std::string file_ = tree_.write("file", "text");
};

struct stat look(const std::string& path) {
    struct stat found = {};
    EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
    return found;
}

TEST_F(OtherFileSystems, WhereRenameCannotBeAskedNotToReplaceNothingIsReplacedEither) {  // NFS, FUSE
    context io;
    for (const bool has_links : {true, false}) {
        const judged_system_calls plain({tree_.root()}, [=](std::string_view call, const std::string&, auto) {
            return fault{.error = call == "renameat2" ? EINVAL : call == "linkat" && !has_links ? EPERM : 0};
        });
        const std::string a = tree_.write("a", "a");
        const std::string taken = tree_.write("taken", "taken");
        fs::create_directories(path("d/sub"));
        const auto move_to_free = [&](const std::string& from, const std::string& to) {
            return io.run(aio::move(from, to, {.existing = on_existing::fail})).error();
        };
        EXPECT_EQ(move_to_free(a, taken), std::errc::file_exists);
        EXPECT_EQ(content_of(a) + content_of(taken), "ataken");
        EXPECT_EQ(move_to_free(a, path("free")), std::error_code());
        EXPECT_FALSE(exists(a));
        EXPECT_EQ(content_of(path("free")), "a");
        EXPECT_EQ(move_to_free(path("d"), path("d/sub/d")), std::errc::invalid_argument);
        EXPECT_TRUE(fs::is_empty(path("d/sub")));
        EXPECT_EQ(move_to_free(path("d"), taken), std::errc::file_exists);
        EXPECT_EQ(move_to_free(path("d"), path("e")), std::error_code());
        EXPECT_TRUE(exists(path("e/sub")));
        EXPECT_TRUE(io.run(copy(taken, path("copy"))));
        EXPECT_TRUE(io.run(store(path("stored"), "text", {.existing = on_existing::fail})));
        EXPECT_EQ(io.run(store(path("stored"), "", {.existing = on_existing::fail})).error(),
                  std::errc::file_exists);
        EXPECT_EQ(content_of(path("copy")) + content_of(path("stored")), "takentext");
        for (const char* made : {"free", "e", "copy", "stored"})
            fs::remove_all(path(made));
    }
    std::size_t left = 0;
    for (const auto& each : fs::directory_iterator(tree_.root()))
        left += each.path().filename().string().starts_with(".aio-");
    EXPECT_EQ(left, 0U);
}

// There a name is taken first, by a link or something empty.
TEST_F(OtherFileSystems, WhereRenameCannotBeAskedNotToReplaceAFailureLeavesNothing) {
    context io;
    const std::string from = path("from"), to = path("to");
    for (const bool has_links : {true, false})
        for (const bool is_directory : {false, true})
            for (int n = 0, left = -1; left < 0; ++n) {
                SCOPED_TRACE(std::to_string(n) + (is_directory ? " directory" : has_links ? " link" : ""));
                fs::remove_all(from);
                fs::remove_all(to);
                if (is_directory) fs::create_directory(from);
                tree_.write(is_directory ? "from/file" : "from", "text");
                left = n;
                std::string failed;
                const judged_system_calls plain({tree_.root()},
                                                [&](std::string_view call, const std::string&, auto) {
                                                    if (call == "renameat2") return fault{.error = EINVAL};
                                                    if (call == "linkat" && !has_links)
                                                        return fault{.error = EPERM};
                                                    if (left-- != 0) return fault();
                                                    failed = call;
                                                    return fault{.error = EIO};
                                                });
                const tree_result moved = io.run(aio::move(from, to, {.existing = on_existing::fail}));
                EXPECT_TRUE(moved || moved.error() == std::errc::io_error) << moved.error().message();
                EXPECT_EQ(exists(from), !moved) << failed;
                EXPECT_EQ(exists(to), bool(moved)) << failed;
                EXPECT_EQ(content_of((moved ? to : from) + (is_directory ? "/file" : "")), "text");
            }
}

TEST_F(OtherFileSystems, WhereRenameCannotBeAskedNotToReplaceWhatOthersPutThereStays) {
    context io;
    const std::string from = path("from"), to = path("to");
    /// The same while others put something else in the place of `swapped`, before its n-th `at`.
    const auto move_while = [&](bool has_links, std::string_view at, int n, const std::string& swapped,
                                int error = 0) {
        tree_.write("from", "text");
        fs::remove(to);
        const judged_system_calls plain({tree_.root()}, [&, n](std::string_view call, const std::string& of,
                                                               auto) mutable {
            if (call == at && (of == swapped || call == "renameat") && n-- == 0) {
                fs::remove(swapped);
                tree_.write(fs::path(swapped).filename().string(), "theirs");
                return fault{.error = error};
            }
            return fault{.error = call == "renameat2" ? EINVAL : call == "linkat" && !has_links ? EPERM : 0};
        });
        return io.run(aio::move(from, to, {.existing = on_existing::fail})).error().value();
    };
    EXPECT_EQ(move_while(true, "statx", 1, from), ESTALE);
    EXPECT_EQ(content_of(from) + content_of(to), "theirstext");
    EXPECT_EQ(move_while(false, "statx", 0, to), EEXIST);
    EXPECT_EQ(content_of(from) + content_of(to), "texttheirs");
    EXPECT_EQ(move_while(false, "renameat", 0, to, EIO), EIO);
    EXPECT_EQ(content_of(from) + content_of(to), "texttheirs");
}

TEST_F(OtherFileSystems, WhatTheKernelCannotCopyIsReadAndWritten) {
    context io;
    const std::string whole = tree_.write("whole", std::string(200'000, 'x'));
    const std::string sparse = tree_.write("sparse", std::string(200'000, 'x'));
    ASSERT_EQ(::truncate(sparse.c_str(), 1 << 20), 0);
    for (const std::string& source : {whole, sparse}) {
        const std::string to = path("copy");
        /// Its calls of copy_file_range end so, one after the other, and the last of these from then on.
        const auto copy_with = [&](std::vector<fault> ends) {
            std::size_t calls = 0;
            const judged_system_calls refuses({tree_.root()},
                                              [&](std::string_view call, const std::string&, auto) {
                                                  if (call != "copy_file_range") return fault();
                                                  return ends[std::min(calls++, ends.size() - 1)];
                                              });
            fs::remove(to);
            const int number = io.run(copy(source, to, {.clone = reflink::never})).error().value();
            EXPECT_GT(calls, 0U);
            EXPECT_EQ(exists(to), number == 0);
            EXPECT_TRUE(number != 0 || content_of(to) == content_of(source));
            return number;
        };
        for (const int cannot : {EPERM, EINVAL, EXDEV, ENOSYS, EOPNOTSUPP, ETXTBSY})
            EXPECT_EQ(copy_with({{.error = cannot}}), 0) << cannot;
        EXPECT_EQ(copy_with({{.nothing = true}}), 0);
        EXPECT_EQ(copy_with({{.short_count = true}, {}}), 0);
        for (const int lost : {ENOSPC, EIO, EDQUOT})
            EXPECT_EQ(copy_with({{.error = lost}}), lost);
        for (const int later : {EPERM, EXDEV, EIO})
            EXPECT_EQ(copy_with({{.short_count = true}, {.error = later}}), later) << "after a part";
    }
}

TEST_F(OtherFileSystems, OwnersMayBeTheFileSystems) {  // vfat; NFS, of which root is nobody
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give files away";
    constexpr uid_t decided = 1234;
    fs::create_directories(path("tree/directory"));
    tree_.write("tree/directory/file", "text");
    fs::create_symlink("file", path("tree/directory/link"));
    ASSERT_EQ(::mkfifo(path("tree/directory/fifo").c_str(), 0600), 0);
    const judged_system_calls decides({tree_.root()},
                                      [&](std::string_view call, const std::string& of, auto) {
                                          const bool is_new = !of.starts_with(path("tree"));
                                          if (call == "statx" && is_new)
                                              static_cast<void>(::lchown(of.c_str(), decided, 0));
                                          return fault();
                                      });
    context io;
    for (const preserve keep : {preserve::nothing, preserve::all}) {
        const tree_result copied = io.run(copy_tree(path("tree"), path("copy"), {.keep = keep}));
        EXPECT_TRUE(copied) << copied.error().message();
        EXPECT_EQ(content_of(path("copy/directory/file")), "text");
        for (const char* each : {"link", "fifo"})
            EXPECT_TRUE(exists(path("copy/directory/") + each)) << each;
        fs::remove_all(path("copy"));
    }
}

TEST_F(OtherFileSystems, AttributesThatNobodyMaySetAreLeftOut) {  // root in a container
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, who sees such attributes";
    if (::setxattr(file_.c_str(), "trusted.note", "x", 1, 0) != 0) GTEST_SKIP() << "no trusted attributes";
    const judged_system_calls refuses({tree_.root()}, [](std::string_view call, const std::string&, auto) {
        return fault{.error = call == "fsetxattr" ? EPERM : 0};
    });
    context io;
    EXPECT_TRUE(io.run(copy(file_, path("copy"))));
    if (::setxattr(file_.c_str(), "user.note", "x", 1, 0) != 0) GTEST_SKIP() << "no user attributes";
    EXPECT_EQ(io.run(copy(file_, path("copy"))).error(), std::errc::operation_not_permitted);
}

TEST_F(OtherFileSystems, ForkedNewFilesMayGetTheDirectorysGroup) {  // the mount option grpid
    constexpr gid_t theirs = 4242;
    fs::create_directories(path("tree"));
    ::chmod(tree_.write("tree/file", "text").c_str(), 0640);
    fs::create_directories(path("disk"));
    const child_end end = run_in_child([&] {
        own_mounts();
        const std::string image = path("image");
        const std::string mount = "truncate -s 8M " + image + " && /sbin/mkfs.ext4 -q " + image +
                                  " && mount -o loop,grpid " + image + " " + path("disk");
        if (std::system(mount.c_str()) != 0) ::_exit(not_permitted);
        require(::chown(path("disk").c_str(), 0, theirs) == 0);
        context io;
        require(bool(io.run(copy_tree(path("tree"), path("disk/copy")))));
        require(look(path("disk/copy/file")).st_gid == look(path("tree/file")).st_gid);
        require((look(path("disk/copy/file")).st_mode & 07777U) == 0640);
    });
    if (end.status == not_permitted) GTEST_SKIP() << "not possible here: " << end.output;
    EXPECT_EQ(unexpected_end(end), "") << end.output;
}

TEST_F(OtherFileSystems, ForkedRmtreeLeavesWhatIsMountedAloneUnlessItIsToCross) {
    fs::create_directories(path("tree/mounted"));
    tree_.write("tree/file", "text");
    const child_end end = run_in_child([&] {
        own_mounts();
        require(::mount("none", path("tree/mounted").c_str(), "tmpfs", 0, nullptr) == 0);
        fs::create_directories(path("tree/mounted/d"));
        tree_.write("tree/mounted/d/file", "text");
        context io;
        const tree_result spared = io.run(rmtree(path("tree")));
        require(spared.error() == std::errc::device_or_resource_busy && spared.failed == 1);
        require(spared.others == 1 && exists(path("tree/mounted/d/file")));
        const tree_result crossed = io.run(rmtree(path("tree"), {.cross_mounts = true}));
        require(crossed.error() == std::errc::device_or_resource_busy && crossed.failed == 1);
        require(crossed.others == 1 && crossed.directories == 1);
        require(crossed.failures.front().path == path("tree/mounted"));
        require(fs::is_empty(path("tree/mounted")));
    });
    if (end.status == not_permitted) GTEST_SKIP() << "not possible here: " << end.output;
    EXPECT_EQ(unexpected_end(end), "") << end.output;
}

TEST_F(OtherFileSystems, AttributesThatCannotBeReadAreNamed) {
    tree_.write("tree-file", "text");
    fs::create_directories(path("tree"));
    fs::rename(path("tree-file"), path("tree/file"));
    for (const char* name : {"user.first", "user.second"})
        if (::setxattr(path("tree/file").c_str(), name, "x", 1, 0) != 0) GTEST_SKIP() << "no user attributes";
    context io;
    for (const int number : {EIO, ENODATA}) {
        const judged_system_calls fails(
            {path("tree/")}, [&, calls = 0](std::string_view call, const std::string&, auto) mutable {
                return fault{.error = call == "fgetxattr" && calls++ == 0 ? number : 0};
            });
        const tree_result copied = io.run(copy_tree(path("tree"), path("copy")));
        EXPECT_EQ(copied.error(), std::error_code(number, std::system_category()));
        EXPECT_EQ(copied.failed, 1U);
        EXPECT_EQ(copied.failures.front().operation, std::string_view("setxattr"));
        EXPECT_EQ(content_of(path("copy/file")), "text");
        char names[100];
        EXPECT_GE(::listxattr(path("copy/file").c_str(), names, sizeof names), 11) << "the other one";
        fs::remove_all(path("copy"));
    }
}

TEST_F(OtherFileSystems, ModesMayBeTheFileSystems) {  // which says EPERM, though they are as wanted
    ::chmod(file_.c_str(), 0600);
    context io;
    const judged_system_calls refuses({tree_.root()}, [](std::string_view call, const std::string&, auto) {
        return fault{.error = call == "fchmod" ? EPERM : 0};
    });
    EXPECT_TRUE(io.run(store(file_, "new")));
    EXPECT_EQ(content_of(file_), "new");
    EXPECT_EQ(look(file_).st_mode & 07777U, 0600U);
    ::chmod(file_.c_str(), 0640);
    EXPECT_EQ(io.run(store(file_, "newer")).error(), std::errc::operation_not_permitted);
    EXPECT_EQ(content_of(file_), "new");
}

TEST_F(OtherFileSystems, ForkedCopyIntoItselfByWayOfAnotherMountEnds) {
    fs::create_directories(path("tree/sub"));
    fs::create_directories(path("mounted"));
    tree_.write("tree/file", "text");
    const child_end end = run_in_child([&] {
        own_mounts();
        require(::mount(path("tree/sub").c_str(), path("mounted").c_str(), nullptr, MS_BIND, nullptr) == 0);
        context io;
        const tree_result copied = io.run(copy_tree(path("tree"), path("mounted/copy")));
        require(copied.error() == std::errc::invalid_argument && copied.failed == 1);
        require(exists(path("tree/sub/copy/file")) && !exists(path("tree/sub/copy/sub/copy")));
        require(io.run(aio::move(path("tree"), path("mounted/moved"))).error() ==
                std::errc::invalid_argument);
        require(exists(path("tree/file")) && !exists(path("mounted/moved")));
        require(std::distance(fs::directory_iterator(path("mounted")), {}) == 1);  // nothing temporary
    });
    if (end.status == not_permitted) GTEST_SKIP() << "not possible here: " << end.output;
    EXPECT_EQ(unexpected_end(end), "") << end.output;
}

}  // namespace

}  // namespace aio::test
