// SPDX-License-Identifier: MIT
// The parts of operations on trees that decide what to believe: names, positions, holes. What whole
// operations make of a file system that lies is in hostile_test.cpp.
#include "support/system_calls.hpp"
#include "support/temporary.hpp"
#include "trees/linux_content.hpp"
#include "trees/linux_directory.hpp"

#include <gtest/gtest.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

namespace aio::detail {

namespace {

/// What getdents64 would give.
class record {
  public:
    record& add(std::string_view name, std::int64_t next = 0, std::size_t claimed = 0) {
        const std::size_t length = (offsetof(dirent64, d_name) + name.size() + 1 + 7) / 8 * 8;
        const std::size_t begin = bytes_.size();
        bytes_.resize(begin + length);
        const auto size = static_cast<std::uint16_t>(claimed != 0 ? claimed : length);
        bytes_[begin + offsetof(dirent64, d_type)] = std::byte(DT_REG);
        std::memcpy(bytes_.data() + begin + offsetof(dirent64, d_reclen), &size, sizeof size);
        std::memcpy(bytes_.data() + begin + offsetof(dirent64, d_off), &next, sizeof next);
        std::memcpy(bytes_.data() + begin + offsetof(dirent64, d_name), name.data(), name.size());
        return *this;
    }
    void truncate(std::size_t less) { bytes_.resize(bytes_.size() - less); }
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  private:
    std::vector<std::byte> bytes_;
};

std::vector<std::string> names_in(dirents& of) {
    std::vector<std::string> names;
    for (const dirent_view& each : of.entries())
        names.emplace_back(each.name);
    return names;
}

using names = std::vector<std::string>;

TEST(Dirents, NamesThatCannotBeAreLeftOut) {  // T-9
    for (const char* bad : {"", "a/b", "/", "../outside", "/etc"}) {
        dirents read(4096);
        read.take(record().add("first").add(bad).add("last").bytes());
        EXPECT_EQ(names_in(read), (names{"first", "last"})) << bad;
        EXPECT_TRUE(read.had_bad_names()) << bad;
    }
    dirents read(4096);
    read.take(record().add(".").add("..").add("...").add("\xff\n").bytes());
    EXPECT_EQ(names_in(read), (names{"...", "\xff\n"})) << "these are names";
    EXPECT_FALSE(read.had_bad_names());
}

TEST(Dirents, LengthsThatCannotBeEndIt) {
    for (const std::size_t length : {std::size_t{1}, std::size_t{19}, std::size_t{4000}}) {
        dirents read(4096);
        read.take(record().add("first").add("second", 0, length).add("third").bytes());
        EXPECT_EQ(names_in(read), names{"first"}) << length;
        EXPECT_TRUE(read.had_bad_names()) << length;
    }
    record unended;
    unended.add("first").add(std::string(12, 'x')).truncate(1);  // the second has no NUL any more
    dirents read(4096);
    read.take(unended.bytes());
    EXPECT_EQ(names_in(read), names{"first"});
    EXPECT_TRUE(read.had_bad_names());
}

/// Whether a directory that gives the entries `at` is found to repeat itself, and after how many.
template <class Entry>
std::size_t entries_until_found(Entry&& at, std::size_t most) {
    repetition repeats;
    for (std::size_t index = 0; index < most; ++index) {
        const auto [name, position] = at(index);
        if (repeats.found_in({{.name = name, .type = file_type::regular, .inode = 0, .next = position}}))
            return index;
    }
    return most;
}

TEST(Repetition, ACircleIsFoundInItsThirdRound) {  // T-14
    for (const std::size_t length : {1U, 2U, 3U, 1000U, 4096U, 5000U})
        for (const std::size_t before : {0U, 1U, 3000U}) {
            const std::size_t found = entries_until_found(
                [&](std::size_t index) {
                    const std::size_t place = index < before ? index : before + (index - before) % length;
                    return std::pair("n" + std::to_string(place), static_cast<std::int64_t>(place));
                },
                100'000);
            EXPECT_LE(found, before * 3 + length * 3 + 2) << length << " behind " << before;
        }
}

TEST(Repetition, AMillionNamesAreNone) {
    const auto honest = [](std::size_t index) {
        return std::pair("name-" + std::to_string(index),
                         static_cast<std::int64_t>(index * 7919 % 1'000'003));
    };
    EXPECT_EQ(entries_until_found(honest, 1'000'000), 1'000'000U);
    const auto same_position = [](std::size_t index) {
        return std::pair("name-" + std::to_string(index), std::int64_t(index / 2));
    };
    EXPECT_EQ(entries_until_found(same_position, 10'000), 10'000U) << "names may share a position";
    const auto same_name = [](std::size_t index) {
        return std::pair(std::string("name"), static_cast<std::int64_t>(index));
    };
    EXPECT_EQ(entries_until_found(same_name, 10'000), 10'000U) << "one that was made anew comes again";
}

TEST(Content, ASparseFileThatShrinksIsCopiedAsItIs) {
    const test::temporary_tree tree;
    const std::string path = tree.write("sparse", "begin");
    ASSERT_EQ(::truncate(path.c_str(), 1 << 20), 0);
    const unique_fd from(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const unique_fd to(::open((tree / "copy").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const auto before = status_at(from.get(), "");
    ASSERT_TRUE(before);
    ASSERT_EQ(::truncate(path.c_str(), 1000), 0);
    const std::atomic<int> stop = 0;
    content_copier copy(reflink::never, stop);
    const auto copied = copy(from.get(), to.get(), *before);
    ASSERT_TRUE(copied) << copied.error().message();
    EXPECT_EQ(*copied, 1000U);
    EXPECT_EQ(status_at(to.get(), "")->size, 1000U);
}

/// A file with a hole, and where its copy is to be.
class SparseContent : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(::pwrite(from.get(), "begin", 5, 0), 5);
        ASSERT_EQ(::pwrite(from.get(), "end", 3, 1 << 20), 3);
        before = *status_at(from.get(), "");
        ASSERT_LT(before.blocks * 512, before.size) << "there are no holes here";
    }

    const test::temporary_tree tree;
    const std::string source = tree / "sparse";
    const unique_fd from{::open(source.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    const unique_fd to{::open((tree / "copy").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    file_status before;
};

TEST_F(SparseContent, DataBeyondTheLargestOffsetThereIsEFBIG) {
    const test::judged_system_calls small({tree / "copy"},
                                          [](std::string_view call, const std::string&, auto) {
                                              return test::fault{.error = call == "lseek" ? EINVAL : 0};
                                          });
    const std::atomic<int> stop = 0;
    content_copier copy(reflink::never, stop);
    EXPECT_EQ(copy(from.get(), to.get(), before).error(), std::errc::file_too_large);
}

TEST_F(SparseContent, AFileThatNeverHasRoomIsAnError) {  // T-14: only of a pipe it is waited for
    const test::judged_system_calls full({tree / "copy"},
                                         [](std::string_view call, const std::string&, auto) {
                                             return test::fault{.error = call == "write" ? EAGAIN : 0};
                                         });
    const std::atomic<int> stop = 0;
    content_copier copy(reflink::never, stop);
    EXPECT_EQ(copy(from.get(), to.get(), before).error(), std::errc::resource_unavailable_try_again);
}

TEST_F(SparseContent, AStopIsHeardBetweenItsParts) {  // T-7
    std::atomic<int> stop = 0;
    std::uint64_t bytes = 0;
    const inline_function<void(std::uint64_t)> written = [&](std::uint64_t more) {
        bytes += more;
        stop = ECANCELED;
    };
    content_copier copy(reflink::never, stop, written);
    EXPECT_EQ(copy(from.get(), to.get(), before).error(), std::errc::operation_canceled);
    EXPECT_LE(bytes, std::uint64_t(1) << 16) << "not the whole";
    EXPECT_LT(status_at(to.get(), "")->size, before.size);
}

TEST(Directory, ItsMountIsAlsoToldByProc) {  // what statx does not tell before Linux 5.8
    for (const char* path : {"/", "/proc", "/tmp"}) {
        const auto place = open_place_at(AT_FDCWD, path);
        ASSERT_TRUE(place);
        const auto status = status_at(place->fd.get(), "");
        ASSERT_TRUE(status);
        ASSERT_NE(status->mount_id, 0U);
        EXPECT_EQ(mount_by_proc(place->fd.get()), status->mount_id) << path;
        file_status old = *status;
        old.mount_id = 0;
        EXPECT_EQ(mount_of(old, place->fd.get()), status->mount_id) << path;
        EXPECT_EQ(mount_of(old, -1), status->device) << "without /proc";
    }
    EXPECT_EQ(mount_by_proc(-1), 0U);
}

}  // namespace

}  // namespace aio::detail
