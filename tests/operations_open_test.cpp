// SPDX-License-Identifier: MIT
// open, open_directory, close, mkstemp, mkdtemp.
#include "operations_fixture.hpp"

#include "operations/rows.hpp"

#include <sys/resource.h>

namespace {

using aio::test::failure;
class Open : public aio::test::operations {};
class Close : public aio::test::operations {};
class Temporary : public aio::test::operations {};

// R-OPEN, T-01
TEST_F(Open, GivesAHandleThatClosesOnExec) {
    aio::file file = open(make_file("f", "x"), O_RDONLY);
    ASSERT_TRUE(file);
    EXPECT_EQ(::fcntl(file.fd(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(::fcntl(file.fd(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

// R-OPEN: mode 0666 & umask 027
TEST_F(Open, AHandleMovedToItselfStaysAndOneOfNoDescriptorIsEmpty) {
    aio::file file = open(make_file("f", "text"));
    const int fd = file.fd();
    aio::file& same = file;
    file = std::move(same);
    EXPECT_EQ(file.fd(), fd);
    EXPECT_EQ(run(aio::read(file, 10, 0)), "text");
    for (const int none : {-1, -100}) {
        aio::file empty(none);
        EXPECT_FALSE(empty);
        EXPECT_EQ(empty.release(), -1);
        EXPECT_EQ(failure(run(aio::read(empty, 10, 0))), EBADF);
    }
}

TEST_F(Open, CreatesWithTheModeLessTheUmask) {
    const mode_t old = ::umask(027);
    open(path("a"), O_WRONLY | O_CREAT);
    auto file = run(aio::open(path("b"), O_WRONLY | O_CREAT, 0644));
    ::umask(old);
    EXPECT_EQ(run(aio::stat(path("a")))->permissions(), 0640U);
    EXPECT_EQ(run(aio::stat(path("b")))->permissions(), 0640U);
}

// T-03
TEST_F(Open, BadPathsAreRefused) {
    aio::test::expect_bad_paths_refused(
        root, [&](aio::path_view p) { return failure(run(aio::open(p, O_RDONLY))); });
    EXPECT_EQ(failure(run(aio::open(path("missing/f"), O_WRONLY | O_CREAT))), ENOENT);
}

TEST_F(Open, SaysWhatTheKernelSays) {
    make_file("f");
    EXPECT_EQ(failure(run(aio::open(path("f/x"), O_RDONLY))), ENOTDIR);
    EXPECT_EQ(failure(run(aio::open(root, O_WRONLY))), EISDIR);
    EXPECT_EQ(failure(run(aio::open(path("f"), O_CREAT | O_EXCL | O_WRONLY))), EEXIST);
    ASSERT_EQ(::symlink("loop", path("loop").c_str()), 0);
    EXPECT_EQ(failure(run(aio::open(path("loop"), O_RDONLY))), ELOOP);
}

TEST_F(Open, NoPermissionIsEACCES) {
    const std::string name = make_file("f");
    ASSERT_EQ(::chmod(root.c_str(), 0755), 0);
    ASSERT_EQ(::chmod(name.c_str(), 0), 0);
    EXPECT_EQ(as_nobody([&] {
                  aio::context theirs;
                  return failure(theirs.run(aio::open(name, O_RDONLY)));
              }),
              EACCES);
}

// M-15
TEST_F(Open, FileThatNobodyReceivesIsClosed) {
    const std::string name = make_file("f");
    for (int i = 0; i < 20; ++i)
        io->submit(aio::open(name, O_RDONLY));
    for (int i = 0; i < 20; ++i)
        io->submit(aio::open(name, O_RDONLY), [](aio::result<aio::file>) {}).cancel();
    for (int i = 0; i < 20; ++i)
        io->submit(aio::open(name, O_RDONLY), [](aio::result<aio::file>) {}).forget();
    io->flush();
}

TEST_F(Open, DirectoryIsABaseForPaths) {
    make_file("f", "123");
    auto base = run(aio::open_directory(root));
    ASSERT_TRUE(base);
    EXPECT_EQ(::fcntl(base->fd(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(run(aio::stat({*base, "f"}))->size, 3U);
    EXPECT_EQ(failure(run(aio::open_directory(path("f")))), ENOTDIR);
    aio::test::expect_bad_paths_refused(
        root, [&](aio::path_view p) { return failure(run(aio::open_directory(p))); });
}

TEST_F(Open, UnreadableDirectoryIsABaseToo) {
    ASSERT_EQ(::chmod(root.c_str(), 0755), 0);
    ASSERT_EQ(::mkdir(path("d").c_str(), 0700), 0);
    make_file("d/f", "123");
    const std::string name = path("d");
    ASSERT_EQ(::chmod(name.c_str(), 0311), 0);
    EXPECT_EQ(as_nobody([&] {
                  aio::context theirs;
                  auto base = theirs.run(aio::open_directory(name));
                  if (!base) return 1;
                  auto status = theirs.run(aio::stat({*base, "f"}));
                  if (!status || status->size != 3) return 2;
                  return failure(theirs.run(aio::readdir(*base)));
              }),
              EACCES);
    ::chmod(name.c_str(), 0700);
}

// R-CLOSE
TEST_F(Close, ClosesForGood) {
    aio::file file = open(make_file("f"));
    const int fd = file.fd();
    EXPECT_EQ(failure(run(aio::close(std::move(file)))), 0);
    EXPECT_FALSE(file);  // NOLINT: moved from on purpose
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
    EXPECT_EQ(failure(run(aio::close(std::move(file)))), EBADF);  // NOLINT
    aio::directory directory = open_root();
    EXPECT_EQ(failure(run(aio::close(std::move(directory)))), 0);
}

TEST_F(Close, OfADescriptorSaysEBADF) {
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(failure(run(aio::close(fd))), 0);
    EXPECT_EQ(failure(run(aio::close(fd))), EBADF);
    EXPECT_EQ(failure(run(aio::close(-1))), EBADF);
    EXPECT_EQ(failure(run(aio::close(9999))), EBADF) << "and opens none";
    EXPECT_EQ(::fcntl(9999, F_GETFD), -1);
}

TEST_F(Close, WaitsForRequestsInFlightAndSaysEBUSY) {
    auto [out, in] = make_pipe();
    const int fd = out.fd();
    std::optional<aio::result<std::string>> got;
    io->submit(aio::read(out, 10), [&](aio::result<std::string> read) { got = std::move(read); });
    EXPECT_EQ(failure(run(aio::close(std::move(out)))), EBUSY);
    EXPECT_NE(::fcntl(fd, F_GETFD), -1) << "the read still uses it";
    EXPECT_EQ(run(aio::write(in, "hello")), 5U);
    io->flush();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->value_or(""), "hello");
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST_F(Close, DroppedUnstartedClosesAllTheSame) {
    aio::file file = open(make_file("f"));
    const int fd = file.fd();
    {
        auto never_started = aio::close(std::move(file));
    }
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

// B-23
TEST_F(Close, WorksWithoutDescriptorsLeft) {
    const std::string name = make_file("f");
    auto spare = open(name);
    ASSERT_EQ(run(aio::nop()), aio::result<>());
    rlimit old = {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
    rlimit none = old;
    none.rlim_cur = 3;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const int opened = failure(run(aio::open(name, O_RDONLY)));
    const int listed = failure(run(aio::readdir(root)));
    const int closed = failure(run(aio::close(std::move(spare))));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
    EXPECT_EQ(opened, EMFILE);
    EXPECT_EQ(listed, EMFILE);
    EXPECT_EQ(closed, 0);
}

TEST_F(Temporary, FileIsNewPrivateAndOpen) {
    auto a = run(aio::mkstemp(path("t-")));
    auto b = run(aio::mkstemp(path("t-XXXXXX")));
    ASSERT_TRUE(a && b);
    EXPECT_NE(a->path, b->path);
    EXPECT_EQ(a->path.size(), path("t-").size() + 6);
    EXPECT_EQ(b->path.size(), path("t-").size() + 6);
    EXPECT_EQ(run(aio::stat(a->path))->permissions(), 0600U);
    EXPECT_EQ(run(aio::write(a->file, "x")), 1U);
    EXPECT_EQ(content(a->path), "x");
}

TEST_F(Temporary, WorksBelowAHandle) {
    auto base = open_root();
    auto file = run(aio::mkstemp({base, "t"}));
    auto directory = run(aio::mkdtemp({base, "t"}));
    ASSERT_TRUE(file && directory);
    EXPECT_TRUE(run(aio::stat({base, file->path}))->is_regular());
    EXPECT_TRUE(run(aio::stat({base, directory->path}))->is_directory());
    EXPECT_EQ(run(aio::stat(directory->directory))->permissions(), 0700U);
}

TEST_F(Temporary, BadPrefixesAreRefused) {
    EXPECT_EQ(failure(run(aio::mkstemp(path("missing/t")))), ENOENT);
    EXPECT_EQ(failure(run(aio::mkdtemp(path("missing/t")))), ENOENT);
    EXPECT_EQ(failure(run(aio::mkstemp(""))), ENOENT);
    EXPECT_EQ(failure(run(aio::mkstemp(std::string(4092, 'x')))), ENAMETOOLONG);
    EXPECT_EQ(failure(run(aio::mkdtemp(std::string("a\0b", 3)))), EINVAL);
}

// M-15: with a handle that is closed by then, for there is no telling who comes first.
TEST_F(Temporary, WhatNobodyReceivesIsRemoved) {
    auto base = open_root();
    for (int i = 0; i < 10; ++i) {
        io->submit(aio::mkstemp({base, "t"}));
        io->submit(aio::mkdtemp({base, "t"}));
        io->submit(aio::mkstemp(path("u")), [](aio::result<aio::temporary_file> made) {
              if (made) ::unlink(made->path.c_str());  // the call was over before it was cancelled
          }).cancel();
        io->submit(aio::mkdtemp(path("u")), [](aio::result<aio::temporary_directory>) {}).forget();
    }
    base = aio::directory();
    io->flush();
    // A call that was given up while it ran undoes itself when it ends.
    EXPECT_TRUE(aio::test::eventually([&] { return run(aio::readdir(root))->empty(); }));
}

TEST_F(Temporary, UndoFindsWhatWasMovedAndSparesOthers) {
    auto made = run(aio::mkstemp(path("t")));
    ASSERT_TRUE(made);
    ASSERT_EQ(::rename(made->path.c_str(), path("moved").c_str()), 0);
    std::ofstream(made->path) << "somebody else's";
    aio::detail::rows::mkstemp.undo(&*made);
    EXPECT_EQ(failure(run(aio::stat(path("moved")))), ENOENT);
    EXPECT_EQ(content(made->path), "somebody else's");
    auto gone = run(aio::mkstemp(path("t")));
    ASSERT_TRUE(gone);
    ASSERT_EQ(::unlink(gone->path.c_str()), 0);
    std::ofstream(gone->path) << "somebody else's";
    aio::detail::rows::mkstemp.undo(&*gone);
    EXPECT_EQ(content(gone->path), "somebody else's");
}

}  // namespace
