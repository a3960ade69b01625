// SPDX-License-Identifier: MIT
// link, symlink, readlink, rename, unlink, mknod, realpath.
#include "operations_fixture.hpp"

#include <sys/sysmacros.h>

#include <array>
#include <climits>

namespace {

using aio::test::failure;

class Names : public aio::test::operations {};

// R-LINK
TEST_F(Names, LinkGivesASecondName) {
    const std::string name = make_file("f", "x");
    auto base = open_root();
    EXPECT_EQ(failure(run(aio::link(name, path("g")))), 0);
    EXPECT_EQ(failure(run(aio::link({base, "f"}, {base, "h"}))), 0);
    EXPECT_EQ(run(aio::stat(name))->links, 3U);
    EXPECT_TRUE(same_file(*run(aio::stat(name)), *run(aio::stat(path("h")))));
    EXPECT_EQ(failure(run(aio::link(name, name))), EEXIST);
    EXPECT_EQ(failure(run(aio::link(root, path("d")))), EPERM);
    EXPECT_EQ(failure(run(aio::link(name, "/dev/shm/aio-never"))), EXDEV);
}

TEST_F(Names, LinkIsOfASymlinkItselfUnlessToldOtherwise) {
    make_file("f");
    ASSERT_EQ(::symlink("f", path("s").c_str()), 0);
    EXPECT_EQ(failure(run(aio::link(path("s"), path("s2")))), 0);
    EXPECT_TRUE(run(aio::lstat(path("s2")))->is_symlink());
    EXPECT_EQ(failure(run(aio::link(path("s"), path("f2"), AT_SYMLINK_FOLLOW))), 0);
    EXPECT_TRUE(run(aio::lstat(path("f2")))->is_regular());
}

// R-SYMLINK, T-03
TEST_F(Names, SymlinkHoldsAnyText) {
    const std::string text = R"(\test\blah with "every" character ä)";
    EXPECT_EQ(failure(run(aio::symlink(text, path("s")))), 0);
    EXPECT_EQ(run(aio::readlink(path("s"))), text);
    EXPECT_EQ(failure(run(aio::symlink(text, path("s")))), EEXIST);
    EXPECT_EQ(failure(run(aio::symlink("", path("t")))), ENOENT);
}

// Upstream resolves the link's path against the first argument's base.
TEST_F(Names, SymlinkIsMadeBelowItsOwnHandle) {
    auto base = open_root();
    EXPECT_EQ(failure(run(aio::symlink("target", {base, "s"}))), 0);
    EXPECT_EQ(run(aio::readlink({base, "s"})), "target");
    EXPECT_EQ(failure(run(aio::symlink({base, "target"}, {base, "t"}))), EINVAL);
}

// R-READLINK, B-7
TEST_F(Names, ReadlinkGivesTheWholeText) {
    const std::string longest(4095, 'x');
    for (const std::string& text :
         {std::string("x"), std::string(255, 'x'), std::string(300, 'x'), longest}) {
        ASSERT_EQ(failure(run(aio::symlink(text, path("s")))), 0) << text.size();
        EXPECT_EQ(run(aio::readlink(path("s"))), text) << text.size();
        ASSERT_EQ(failure(run(aio::unlink(path("s")))), 0);
    }
    EXPECT_EQ(failure(run(aio::symlink(longest + "x", path("s")))), ENAMETOOLONG);
    EXPECT_EQ(failure(run(aio::readlink(make_file("f")))), EINVAL);
    EXPECT_EQ(failure(run(aio::readlink(open_root()))), EINVAL);
}

// R-RENAME
TEST_F(Names, RenameReplacesAtOnce) {
    make_file("a", "1");
    make_file("b", "2");
    auto base = open_root();
    EXPECT_EQ(failure(run(aio::rename(path("a"), path("b")))), 0);
    EXPECT_EQ(content(path("b")), "1");
    EXPECT_EQ(failure(run(aio::rename({base, "b"}, {base, "c"}))), 0);
    EXPECT_EQ(content(path("c")), "1");
    EXPECT_EQ(failure(run(aio::rename(path("missing"), path("c")))), ENOENT);
    ASSERT_EQ(::mkdir(path("d").c_str(), 0700), 0);
    EXPECT_EQ(failure(run(aio::rename(path("c"), path("d")))), EISDIR);
    EXPECT_EQ(failure(run(aio::rename(path("d"), path("c")))), ENOTDIR);
    EXPECT_EQ(failure(run(aio::rename(path("c"), "/dev/shm/aio-never"))), EXDEV);
}

TEST_F(Names, RenameWithFlagsSparesOrExchanges) {
    make_file("a", "1");
    make_file("b", "2");
    EXPECT_EQ(failure(run(aio::rename(path("a"), path("b"), RENAME_NOREPLACE))), EEXIST);
    EXPECT_EQ(failure(run(aio::rename(path("a"), path("b"), RENAME_EXCHANGE))), 0);
    EXPECT_EQ(content(path("a")), "2");
    EXPECT_EQ(content(path("b")), "1");
    EXPECT_EQ(failure(run(aio::rename(path("a"), path("b"), 0x1000))), EINVAL);
}

// R-UNLINK
TEST_F(Names, UnlinkRemovesWhatIsNoDirectory) {
    make_file("f");
    ASSERT_EQ(::symlink("/", path("s").c_str()), 0);
    EXPECT_EQ(failure(run(aio::unlink(path("f")))), 0);
    EXPECT_EQ(failure(run(aio::unlink({open_root(), "s"}))), 0);
    EXPECT_EQ(failure(run(aio::unlink(root))), EISDIR);
    EXPECT_EQ(failure(run(aio::unlink("/proc/version"))), ::geteuid() == 0 ? EPERM : EACCES);
    EXPECT_EQ(run(aio::readdir(root))->size(), 0U);
}

// R-MKNOD, B-6
TEST_F(Names, MknodMakesFifosFilesAndDevices) {
    const mode_t old = ::umask(027);
    EXPECT_EQ(failure(run(aio::mknod(path("fifo"), S_IFIFO | 0666))), 0);
    EXPECT_EQ(failure(run(aio::mknod({open_root(), "file"}, S_IFREG | 0600))), 0);
    ::umask(old);
    EXPECT_TRUE(run(aio::stat(path("fifo")))->is_fifo());
    EXPECT_EQ(run(aio::stat(path("fifo")))->permissions(), 0640U);
    EXPECT_TRUE(run(aio::stat(path("file")))->is_regular());
    EXPECT_EQ(failure(run(aio::mknod(path("fifo"), S_IFIFO | 0600))), EEXIST);
    EXPECT_EQ(failure(run(aio::mknod(path("d"), S_IFDIR | 0600))), EPERM);
    auto made = run(aio::mknod(path("zero"), S_IFCHR | 0600, makedev(1, 5)));
    if (made) {
        EXPECT_EQ(run(aio::stat(path("zero")))->rdev, makedev(1, 5));
    } else {
        EXPECT_EQ(failure(made), EPERM) << "not allowed to make devices here";
    }
}

TEST_F(Names, BadPathsAreRefused) {
    const std::string name = make_file("f");
    auto refused = [&](auto attempt) { aio::test::expect_bad_paths_refused(root, attempt); };
    refused([&](aio::path_view p) { return failure(run(aio::link(p, path("new")))); });
    refused([&](aio::path_view p) { return failure(run(aio::readlink(p))); });
    refused([&](aio::path_view p) { return failure(run(aio::rename(p, path("new")))); });
    refused([&](aio::path_view p) { return failure(run(aio::unlink(p))); });
    refused([&](aio::path_view p) { return failure(run(aio::realpath(p))); });
}

TEST_F(Names, BadSecondPathsAreRefused) {
    using namespace std::string_literals;
    const std::string name = make_file("f");
    for (const auto& [bad, number] :
         {std::pair(""s, ENOENT), std::pair(path("x\0y"s), EINVAL),
          std::pair(std::string(5000, 'x'), ENAMETOOLONG), std::pair(path("missing/x"), ENOENT),
          std::pair(path("f/x"), ENOTDIR)}) {
        EXPECT_EQ(failure(run(aio::link(name, bad))), number) << bad;
        EXPECT_EQ(failure(run(aio::symlink("x", bad))), number) << bad;
        EXPECT_EQ(failure(run(aio::rename(name, bad))), number) << bad;
        EXPECT_EQ(failure(run(aio::mknod(bad, S_IFIFO | 0600))), number) << bad;
    }
    EXPECT_EQ(failure(run(aio::rename(name, {aio::directory(), "x"}))), EBADF);
}

TEST_F(Names, RealpathFollowsEverything) {
    ASSERT_EQ(::mkdir(path("d").c_str(), 0700), 0);
    make_file("d/f");
    ASSERT_EQ(::symlink("d", path("s").c_str()), 0);
    const std::string real = std::filesystem::canonical(path("d/f")).string();
    auto base = open_root();
    EXPECT_EQ(run(aio::realpath(path("s/../s/./f"))), real);
    EXPECT_EQ(run(aio::realpath({base, "s/../s/./f"})), real);
    EXPECT_EQ(run(aio::realpath("/")), "/");
    EXPECT_EQ(run(aio::realpath(base)), std::filesystem::canonical(root).string());
    EXPECT_EQ(failure(run(aio::realpath({base, "d/missing"}))), ENOENT);
    ASSERT_EQ(::symlink("loop", path("loop").c_str()), 0);
    EXPECT_EQ(failure(run(aio::realpath(path("loop")))), ELOOP);
    EXPECT_EQ(failure(run(aio::realpath({base, "loop"}))), ELOOP);
}

TEST_F(Names, RealpathOfWhatWasRemovedIsENOENT) {
    ASSERT_EQ(::mkdir(path("d").c_str(), 0700), 0);
    auto base = run(aio::open_directory(path("d")));
    ASSERT_EQ(::rmdir(path("d").c_str()), 0);
    EXPECT_EQ(failure(run(aio::realpath(*base))), ENOENT);
    make_file("d (deleted)");
    EXPECT_EQ(failure(run(aio::realpath(*base))), ENOENT)
        << "also when something has the name the kernel shows";
}

// B-17: a path that is too long to be said is an error, not garbage.
TEST_F(Names, RealpathThatIsTooLongIsENAMETOOLONG) {
    const std::string component(250, 'x');
    aio::directory base = open_root();
    for (int depth = 0; depth < 20; ++depth) {
        ASSERT_EQ(failure(run(aio::mkdir({base, component}))), 0);
        base = std::move(*run(aio::open_directory({base, component})));
    }
    EXPECT_EQ(failure(run(aio::realpath(base))), ENAMETOOLONG);
    EXPECT_EQ(failure(run(aio::stat(base))), 0);
}

}  // namespace
