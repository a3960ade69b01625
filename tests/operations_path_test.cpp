// SPDX-License-Identifier: MIT
// Operands: paths, paths relative to handles, descriptors, handles.
#include "operations_fixture.hpp"

#include "row.hpp"

#include <algorithm>
#include <cstring>
#include <set>

namespace {

using aio::test::failure;
class Operands : public aio::test::operations {};

TEST_F(Operands, PathsOfEveryKindMeanTheSame) {
    const std::string name = make_file("file", "12345");
    EXPECT_EQ(run(aio::stat(name))->size, 5U);
    EXPECT_EQ(run(aio::stat(name.c_str()))->size, 5U);
    EXPECT_EQ(run(aio::stat(std::filesystem::path(name)))->size, 5U);
    const std::string longer = name + "more";
    EXPECT_EQ(run(aio::stat(std::string_view(longer).substr(0, name.size())))->size, 5U)
        << "not NUL-terminated";
}

TEST_F(Operands, PathIsRelativeToTheHandleAlsoWhenTheDirectoryMoves) {
    ASSERT_EQ(::mkdir(path("d").c_str(), 0700), 0);
    make_file("d/file", "12");
    auto base = run(aio::open_directory(path("d")));
    ASSERT_TRUE(base);
    ASSERT_EQ(::rename(path("d").c_str(), path("e").c_str()), 0);
    EXPECT_EQ(run(aio::stat({*base, "file"}))->size, 2U);
}

TEST_F(Operands, AbsolutePathIgnoresTheBase) {
    const std::string name = make_file("file", "123");
    auto base = run(aio::open_directory("/"));
    EXPECT_EQ(run(aio::stat({*base, name}))->size, 3U);
}

TEST_F(Operands, HandleAloneIsItsDirectory) {
    auto base = open_root();
    EXPECT_TRUE(run(aio::stat(base))->is_directory());
    EXPECT_EQ(run(aio::readdir(base))->size(), 0U);
}

TEST_F(Operands, EmptyAndMovedFromHandlesAreEBADF) {
    EXPECT_EQ(failure(run(aio::fsync(aio::file()))), EBADF);
    aio::file file = open(make_file("f"));
    aio::file other = std::move(file);
    EXPECT_EQ(failure(run(aio::stat(file))), EBADF);  // NOLINT: moved from on purpose
    EXPECT_EQ(failure(run(aio::stat(other))), 0);
}

TEST_F(Operands, NegativeDescriptorsNeverReachTheKernel) {
    EXPECT_EQ(failure(run(aio::stat(-1))), EBADF);
    EXPECT_EQ(failure(run(aio::stat(AT_FDCWD))), EBADF) << "not the working directory";
    EXPECT_EQ(failure(run(aio::fsync(-100))), EBADF);
}

// M-8, B-29
TEST_F(Operands, RequestKeepsTheFileOpenThatWasDestroyed) {
    aio::file file = open(make_file("f", "123"));
    std::optional<aio::result<std::string>> got;
    io->submit(aio::busy(std::chrono::milliseconds(10)));
    io->submit(aio::read(file, 10), [&](aio::result<std::string> read) { got = std::move(read); });
    file = aio::file();
    io->flush();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->value_or(""), "123");
}

TEST_F(Operands, RequestKeepsTheBaseDirectoryOpenThatWasDestroyed) {
    make_file("f", "123");
    aio::directory base = open_root();
    std::optional<aio::result<aio::file_status>> got;
    io->submit(aio::stat({base, "f"}),
               [&](aio::result<aio::file_status> status) { got = std::move(status); });
    base = aio::directory();
    io->flush();
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->size, 3U);
}

// M-9
TEST_F(Operands, SubmitCopiesThePath) {
    std::string name = make_file("f", "123");
    std::optional<aio::result<aio::file_status>> got;
    io->submit(aio::stat(name), [&](aio::result<aio::file_status> status) { got = std::move(status); });
    std::fill(name.begin(), name.end(), 'x');
    io->flush();
    ASSERT_TRUE(got);
    EXPECT_EQ(failure(*got), 0);
}

TEST_F(Operands, HandleGivesItsDescriptorUpAndTakesOne) {
    make_file("f");
    aio::file file = open(path("f"));
    const int fd = file.release();
    EXPECT_FALSE(file);
    EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
    aio::file again(fd);
    EXPECT_EQ(again.fd(), fd);
}

TEST_F(Operands, ResultsLeaveErrnoAlone) {
    errno = 77;
    EXPECT_EQ(failure(run(aio::stat(path("missing")))), ENOENT);
    EXPECT_EQ(errno, 77);
}

TEST(Table, NamesEachOperationOnceAndInOrder) {
    auto rows = aio::detail::all_rows();
    ASSERT_GT(rows.size(), 40U);
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end(),
                               [](auto* a, auto* b) { return std::strcmp(a->name, b->name) < 0; }));
    std::set<std::string_view> names;
    for (const auto* row : rows) {
        EXPECT_TRUE(names.insert(row->name).second) << row->name;
        EXPECT_TRUE(row->run) << row->name;
        EXPECT_STRNE(row->why, "") << row->name;
    }
}

}  // namespace
