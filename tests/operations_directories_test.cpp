// SPDX-License-Identifier: MIT
// mkdir, make_directories, rmdir, readdir.
#include "operations_fixture.hpp"

#include "operations/listing.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <set>
#include <vector>

namespace {

using aio::test::failure;

class Directories : public aio::test::operations {};
class Readdir : public aio::test::operations {
  protected:
    std::set<std::string> names_in(const std::string& of) {
        std::set<std::string> names;
        for (const auto& each : std::filesystem::directory_iterator(of))
            names.insert(each.path().filename().string());
        return names;
    }
};

std::vector<std::string> names(const aio::directory_listing& listing) {
    std::vector<std::string> all;
    for (const aio::directory_entry& entry : listing)
        all.emplace_back(entry.name);
    return all;
}

std::set<std::string> name_set(const aio::directory_listing& listing) {
    auto all = names(listing);
    std::set<std::string> set(all.begin(), all.end());
    EXPECT_EQ(set.size(), all.size()) << "each name once";
    return set;
}

// R-MKDIR: 0777 & 027
TEST_F(Directories, MkdirMakesOneLessTheUmask) {
    const mode_t old = ::umask(027);
    EXPECT_EQ(failure(run(aio::mkdir(path("d")))), 0);
    EXPECT_EQ(failure(run(aio::mkdir({open_root(), "e"}, 0701))), 0);
    ::umask(old);
    EXPECT_EQ(run(aio::stat(path("d")))->permissions(), 0750U);
    EXPECT_EQ(run(aio::stat(path("e")))->permissions(), 0700U);
    EXPECT_EQ(failure(run(aio::mkdir(path("d")))), EEXIST);
    EXPECT_EQ(failure(run(aio::mkdir(path("x/y")))), ENOENT);
    EXPECT_EQ(failure(run(aio::mkdir(make_file("f") + "/d"))), ENOTDIR);
}

TEST_F(Directories, MakeDirectoriesMakesWhatIsMissing) {
    auto base = open_root();
    EXPECT_EQ(failure(run(aio::make_directories(path("a/b/c")))), 0);
    EXPECT_EQ(failure(run(aio::make_directories(path("a/b/c")))), 0) << "again";
    EXPECT_EQ(failure(run(aio::make_directories(path("a//b/./d///")))), 0);
    EXPECT_EQ(failure(run(aio::make_directories({base, "p/../q/r"}, 0700))), 0);
    EXPECT_EQ(failure(run(aio::make_directories(base))), 0);
    EXPECT_EQ(failure(run(aio::make_directories("/"))), 0);
    EXPECT_EQ(failure(run(aio::make_directories("/proc/self"))), 0) << "where none can be made";
    for (const char* made : {"a/b/c", "a/b/d", "p", "q/r"})
        EXPECT_TRUE(run(aio::stat(path(made)))->is_directory()) << made;
    EXPECT_EQ(run(aio::stat(path("q/r")))->permissions(), 0700U);
    EXPECT_NE(run(aio::stat(path("q")))->permissions(), 0700U);
    ASSERT_EQ(::symlink("a", path("s").c_str()), 0);
    EXPECT_EQ(failure(run(aio::make_directories(path("s")))), 0);
    EXPECT_EQ(failure(run(aio::make_directories(path("s/x/y")))), 0);
    EXPECT_TRUE(run(aio::stat(path("a/x/y")))->is_directory());
}

TEST_F(Directories, MakeDirectoriesSaysWhatIsInTheWay) {
    make_file("f");
    ASSERT_EQ(::symlink("nowhere", path("s").c_str()), 0);
    EXPECT_EQ(failure(run(aio::make_directories(path("f")))), EEXIST);
    EXPECT_EQ(failure(run(aio::make_directories(path("f/a/b")))), ENOTDIR);
    EXPECT_EQ(failure(run(aio::make_directories(path("new/../f/b")))), ENOTDIR);
    EXPECT_EQ(failure(run(aio::make_directories(path("s")))), EEXIST);
    EXPECT_EQ(failure(run(aio::make_directories(path("s/a")))), ENOTDIR) << "the dangling link";
    EXPECT_EQ(failure(run(aio::make_directories(""))), ENOENT);
    EXPECT_EQ(failure(run(aio::make_directories("/proc/x/y"))), ENOENT);
    EXPECT_EQ(failure(run(aio::make_directories(path(std::string(300, 'x')) + "/y"))), ENAMETOOLONG);
}

// R-RMDIR
TEST_F(Directories, RmdirRemovesEmptyOnes) {
    ASSERT_EQ(failure(run(aio::make_directories(path("a/b")))), 0);
    ASSERT_EQ(::symlink("a", path("s").c_str()), 0);
    EXPECT_EQ(failure(run(aio::rmdir(path("a")))), ENOTEMPTY);
    EXPECT_EQ(failure(run(aio::rmdir(path("s")))), ENOTDIR);
    EXPECT_EQ(failure(run(aio::rmdir(make_file("f")))), ENOTDIR);
    EXPECT_EQ(failure(run(aio::rmdir({open_root(), "a/b"}))), 0);
    EXPECT_EQ(failure(run(aio::rmdir(path("a/")))), 0);
    aio::test::expect_bad_paths_refused(root, [&](aio::path_view p) { return failure(run(aio::rmdir(p))); });
}

TEST_F(Directories, NoPermissionIsEACCES) {
    ASSERT_EQ(::mkdir(path("d").c_str(), 0), 0);
    ASSERT_EQ(::chmod(root.c_str(), 0555), 0);
    EXPECT_EQ(as_nobody([&] {
                  aio::context theirs;
                  if (failure(theirs.run(aio::mkdir(path("x")))) != EACCES) return 1;
                  if (failure(theirs.run(aio::make_directories(path("x/y")))) != EACCES) return 2;
                  if (failure(theirs.run(aio::rmdir(path("d")))) != EACCES) return 3;
                  return failure(theirs.run(aio::readdir(path("d"))));
              }),
              EACCES);
    ::chmod(root.c_str(), 0700);
    ::chmod(path("d").c_str(), 0700);
}

// R-READDIR, T-05
TEST_F(Readdir, GivesEachNameButTheDots) {
    make_file("a");
    make_file(".hidden");
    make_file("...");
    make_file("..x");
    make_file(std::string(255, 'x'));
    ASSERT_EQ(::mkdir(path("d").c_str(), 0700), 0);
    auto listing = run(aio::readdir(root));
    ASSERT_TRUE(listing);
    EXPECT_EQ(name_set(*listing), names_in(root));
    EXPECT_EQ(listing->size(), 6U);
    EXPECT_FALSE(listing->directory()) << "not asked for";
    EXPECT_EQ(run(aio::readdir(path("d")))->size(), 0U) << "an empty directory is an empty listing";
}

TEST_F(Readdir, GivesTypesAndInodes) {
    make_file("file");
    make_fifo("fifo");
    ASSERT_EQ(::mkdir(path("dir").c_str(), 0700), 0);
    ASSERT_EQ(::symlink("dir", path("link").c_str()), 0);
    auto listing = run(aio::readdir(open_root()));
    ASSERT_TRUE(listing);
    for (const auto& entry : *listing) {
        auto status = run(aio::lstat(path(entry.name)));
        EXPECT_EQ(entry.inode, status->inode) << entry.name;
        if (listing->types_known()) {
            EXPECT_EQ(entry.type, status->type()) << entry.name;
        }
        EXPECT_EQ(std::strlen(entry.name.data()), entry.name.size()) << "a NUL follows the name";
    }
}

TEST_F(Readdir, BadPathsAreRefused) {
    aio::test::expect_bad_paths_refused(root,
                                        [&](aio::path_view p) { return failure(run(aio::readdir(p))); });
    EXPECT_EQ(failure(run(aio::readdir(make_file("f")))), ENOTDIR);
    EXPECT_EQ(failure(run(aio::readdir(make_fifo("fifo")))), ENOTDIR) << "and does not wait for a writer";
}

TEST_F(Readdir, NofollowRefusesALink) {
    ASSERT_EQ(::mkdir(path("d").c_str(), 0700), 0);
    ASSERT_EQ(::symlink("d", path("s").c_str()), 0);
    EXPECT_EQ(failure(run(aio::readdir(path("s")))), 0);
    EXPECT_EQ(failure(run(aio::readdir(path("s"), {.nofollow = true}))), ENOTDIR);
    EXPECT_EQ(failure(run(aio::readdir(path("d"), {.nofollow = true}))), 0);
}

TEST_F(Readdir, KeepsTheDirectoryOpenIfAsked) {
    make_file("f", "123");
    auto listing = run(aio::readdir(root, {.nofollow = true, .keep_open = true}));
    ASSERT_TRUE(listing && listing->directory());
    EXPECT_EQ(run(aio::stat({listing->directory(), (*listing)[0].name}))->size, 3U);
    io->submit(aio::readdir(root, {.keep_open = true}));  // nobody receives it: it is closed (M-15)
    io->flush();
}

TEST_F(Readdir, NamesStayWhenTheListingMoves) {
    make_file("f");
    auto listing = run(aio::readdir(root));
    const std::string_view name = (*listing)[0].name;
    const aio::directory_listing other = std::move(*listing);
    EXPECT_EQ(name, "f");
    EXPECT_EQ(other[0].name.data(), name.data());
}

TEST_F(Readdir, OfARemovedDirectoryIsEmptyOrENOENT) {
    ASSERT_EQ(::mkdir(path("d").c_str(), 0700), 0);
    auto base = run(aio::open_directory(path("d")));
    ASSERT_EQ(::rmdir(path("d").c_str()), 0);
    auto listing = run(aio::readdir(*base));
    EXPECT_TRUE(failure(listing) == ENOENT || listing->empty());
}

// B-12, B-14, B-39
TEST_F(Readdir, EveryOrderHasTheSameNames) {
    std::size_t made = 0;
    for (std::size_t size : {0U, 1U, 30U, 31U, 60U, 61U, 2000U}) {
        for (; made < size; ++made) {
            const std::string name = "name" + std::to_string(made * 7919 % 100'000);
            if (made % 3 == 0) {
                ASSERT_EQ(::mkdir(path(name).c_str(), 0700), 0);
            } else {
                make_file(name + (made % 2 ? ".txt" : ""));
            }
        }
        const auto expected = names_in(root);
        ASSERT_EQ(expected.size(), size);
        for (bool stat_order : {false, true}) {
            for (bool directories_first : {false, true}) {
                auto listing = run(
                    aio::readdir(root, {.stat_order = stat_order, .directories_first = directories_first}));
                ASSERT_TRUE(listing);
                EXPECT_EQ(name_set(*listing), expected);
            }
        }
    }
}

/// A listing made up, with inode numbers as given.
struct made_up {
    std::string_view name;
    aio::file_type type;
    std::uint64_t inode;
};

std::vector<std::string> in_order(std::initializer_list<made_up> entries, const aio::readdir_options& how) {
    aio::directory_listing::builder builder;
    for (const auto& each : entries)
        EXPECT_TRUE(builder.add(each.name, each.type, each.inode));
    return names(std::move(builder).finish(how));
}

constexpr auto unknown = aio::file_type::unknown;
constexpr auto regular = aio::file_type::regular;
constexpr auto directory = aio::file_type::directory;
using strings = std::vector<std::string>;

TEST(Listing, StatOrderIsByInode) {
    EXPECT_EQ(in_order({{"c", regular, 30}, {"a", directory, 10}, {"b", regular, 20}}, {.stat_order = true}),
              (strings{"a", "b", "c"}));
    EXPECT_EQ(in_order({{"c", regular, 1}, {"a", regular, 1}, {"b", regular, 1}}, {.stat_order = true}),
              (strings{"c", "a", "b"}))
        << "B-13: equal ones stay as they are";
    EXPECT_EQ(in_order({{"c", regular, 30}, {"a", directory, 10}}, {}), (strings{"c", "a"}));
}

TEST(Listing, DirectoriesComeFirstAndOthersKeepTheirOrder) {
    const std::initializer_list<made_up> entries = {{"x", regular, 9},
                                                    {"d2", directory, 8},
                                                    {"y", regular, 7},
                                                    {"d1", directory, 6},
                                                    {"z", aio::file_type::symlink, 5}};
    EXPECT_EQ(in_order(entries, {.directories_first = true}), (strings{"d1", "d2", "x", "y", "z"}));
    EXPECT_EQ(in_order(entries, {.stat_order = true, .directories_first = true}),
              (strings{"d1", "d2", "z", "y", "x"}));
}

TEST(Listing, UnknownTypesComeByLikelihood) {
    EXPECT_EQ(in_order({{"file.txt", unknown, 1},
                        {"longername", unknown, 2},
                        {"four", unknown, 3},
                        {"abc", unknown, 4},
                        {"a", unknown, 5},
                        {".git", unknown, 6},
                        {"known", directory, 7},
                        {"file", regular, 0}},
                       {.directories_first = true}),
              (strings{"known", ".git", "a", "abc", "four", "longername", "file", "file.txt"}));
}

TEST(Listing, LargeOnesSortWithoutDeepRecursion) {
    std::mt19937 random(1);
    for (int kind = 0; kind < 3; ++kind) {
        aio::directory_listing::builder builder;
        for (std::uint64_t i = 0; i < 100'000; ++i) {
            const std::uint64_t inode = kind == 0 ? i : kind == 1 ? 5 : random();
            ASSERT_TRUE(builder.add("n" + std::to_string(i), i % 5 ? regular : unknown, inode));
        }
        auto listing = std::move(builder).finish({.stat_order = true});
        EXPECT_EQ(listing.size(), 100'000U);
        EXPECT_TRUE(std::is_sorted(listing.begin(), listing.end(),
                                   [](const auto& a, const auto& b) { return a.inode < b.inode; }));
        EXPECT_FALSE(listing.types_known());
    }
}

// safety.md, promise 14: names that lead elsewhere, from a hostile file system.
TEST(Listing, NamesThatCannotBeAreEIO) {
    for (std::string_view bad : {"", "/", "a/b", "../x", "/etc"}) {
        aio::directory_listing::builder builder;
        EXPECT_EQ(failure(builder.add(bad, regular, 1)), EIO) << bad;
    }
    aio::directory_listing::builder builder;
    EXPECT_TRUE(builder.add(".", directory, 1));
    EXPECT_TRUE(builder.add("..", directory, 1));
    EXPECT_TRUE(builder.add("...", directory, 1));
    EXPECT_EQ(std::move(builder).finish({}).size(), 1U);
}

/// One record as getdents64 gives it: a name of 45 bytes without a NUL.
std::array<std::byte, 64> record_of(std::uint16_t size, std::uint8_t type) {
    constexpr std::size_t name = offsetof(dirent64, d_name);
    std::array<std::byte, 64> made;
    const std::uint64_t inode = 7;
    std::memset(made.data(), 0, name);
    std::memset(made.data() + name, 'x', made.size() - name);
    std::memcpy(made.data() + offsetof(dirent64, d_ino), &inode, sizeof inode);
    std::memcpy(made.data() + offsetof(dirent64, d_reclen), &size, sizeof size);
    std::memcpy(made.data() + offsetof(dirent64, d_type), &type, sizeof type);
    return made;
}

TEST(Listing, RecordsThatCannotBeAreEIO) {
    for (std::uint16_t wrong : std::initializer_list<std::uint16_t>{0, 1, 18, 19, 65, 65535}) {
        aio::directory_listing::builder builder;
        EXPECT_EQ(failure(builder.add(record_of(wrong, DT_REG))), EIO) << wrong;
    }
    aio::directory_listing::builder builder;
    ASSERT_TRUE(builder.add(record_of(64, 99)));
    auto listing = std::move(builder).finish({});
    ASSERT_EQ(listing.size(), 1U);
    EXPECT_EQ(listing[0].name, std::string(64 - offsetof(dirent64, d_name), 'x'))
        << "no NUL: the record's end";
    EXPECT_EQ(listing[0].type, unknown) << "a number that nobody knows";
    EXPECT_EQ(listing[0].inode, 7U);
}

}  // namespace
