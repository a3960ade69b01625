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

#include <cstdlib>

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
