// SPDX-License-Identifier: MIT
// copy, copy_tree, move, store, append on every engine. What the copies hold is compared with cp's in
// tests/tool/cp.sh.
#include "support/engines.hpp"
#include "support/patience.hpp"
#include "support/steps.hpp"
#include "support/system_calls.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iterator>
#include <limits>
#include <map>
#include <semaphore>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace aio::test {

namespace {

namespace fs = std::filesystem;

class Copying : public engine_test {
  protected:
    void SetUp() override {
        engine_test::SetUp();
        tree_.emplace();
        file_ = tree_->write("file", "text");
    }
    void TearDown() override {
        EXPECT_FALSE(left_temporary_files());
        tree_.reset();
        engine_test::TearDown();
    }
    [[nodiscard]] bool left_temporary_files() const {
        for (const auto& each : fs::recursive_directory_iterator(tree_->root()))
            if (each.path().filename().string().starts_with(".aio-")) return true;
        return false;
    }
    [[nodiscard]] std::string path(std::string_view name) const { return *tree_ / name; }
    /// Each call of that name in the tree ends as `what`.
    [[nodiscard]] judged_system_calls every(std::string_view name, fault what) const {
        return {{tree_->root()}, [=](std::string_view call, const std::string&, auto) {
                    return call == name ? what : fault();
                }};
    }

    std::optional<temporary_tree> tree_;
    std::string file_;
};

TEST_P(Copying, CopyMakesTheSameFile) {  // R-COPY
    auto io = make_context();
    ::chmod(file_.c_str(), 06751);
    const timespec times[2] = {{1'000'000'000, 123'456'789}, {1'100'000'000, 987'654'321}};
    ::utimensat(AT_FDCWD, file_.c_str(), times, 0);
    const tree_result done = io->run(copy(file_, path("copy")));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(done.bytes, 4U);
    const file_status status = *io->run(stat(path("copy")));
    EXPECT_EQ(content_of(path("copy")), "text");
    EXPECT_EQ(status.permissions(), 06751U);
    EXPECT_EQ(status.mtime.tv_nsec, 987'654'321);
    EXPECT_EQ(status.atime.tv_sec, 1'000'000'000);
}

TEST_P(Copying, CopyRefusesWhatWouldHarm) {
    auto io = make_context();
    EXPECT_EQ(io->run(copy(file_, file_)).error(), std::errc::invalid_argument);
    fs::create_hard_link(file_, path("other"));
    EXPECT_EQ(io->run(copy(file_, path("other"))).error(), std::errc::invalid_argument);
    EXPECT_EQ(content_of(file_), "text");
    EXPECT_EQ(io->run(copy(tree_->root().string(), path("copy"))).error(), std::errc::is_a_directory);
    EXPECT_EQ(io->run(copy_tree(tree_->root().string(), path("copy"))).error(), std::errc::invalid_argument);
    EXPECT_FALSE(exists(path("copy")));
    EXPECT_EQ(io->run(copy(path("missing"), path("copy"))).error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(io->run(copy(file_, path("none/copy"))).error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(io->run(copy(file_, path(".."))).error(), std::errc::is_a_directory);
    EXPECT_EQ(io->run(copy(file_, path("other"), {.existing = on_existing::fail})).error(),
              std::errc::invalid_argument);
    tree_->write("there", "old");
    EXPECT_EQ(io->run(copy(file_, path("there"), {.existing = on_existing::fail})).error(),
              std::errc::file_exists);
    EXPECT_EQ(content_of(path("there")), "old");
}

// By any way to it: it would be emptied before it is read.
TEST_P(Copying, AFileIsNotWrittenOntoItselfThroughALink) {
    auto io = make_context();
    fs::create_symlink("file", path("link"));
    fs::create_symlink("link", path("farther"));
    for (const on_existing how : {on_existing::in_place, on_existing::as_cp, on_existing::as_cp_forced})
        for (const char* link : {"link", "farther"})
            EXPECT_EQ(io->run(copy(file_, path(link), {.existing = how})).error(),
                      std::errc::invalid_argument);
    EXPECT_EQ(content_of(file_), "text");
    EXPECT_EQ(fs::read_symlink(path("link")), "file");
}

TEST_P(Copying, ALinkReplacesAnyFileThatItDoesNotLeadTo) {
    auto io = make_context();
    fs::create_symlink("file", path("link"));
    for (const on_existing how : {on_existing::replace, on_existing::in_place, on_existing::as_cp}) {
        const std::string there = tree_->write("there", "old");
        fs::create_hard_link(there, path("kept"));
        EXPECT_TRUE(io->run(copy_tree(path("link"), there, {.existing = how})));
        EXPECT_EQ(fs::read_symlink(there), "file");
        EXPECT_EQ(content_of(path("kept")) + content_of(file_), "oldtext");
        EXPECT_EQ(io->run(copy_tree(path("link"), file_, {.existing = how})).error(),
                  std::errc::invalid_argument);
        fs::remove(there);
        fs::remove(path("kept"));
    }
}

TEST_P(Copying, CopyReplacesOrWritesInPlace) {
    auto io = make_context();
    for (const on_existing how : {on_existing::replace, on_existing::in_place, on_existing::as_cp}) {
        const std::string there = tree_->write("there", "a longer old text");
        ::chmod(there.c_str(), 0640);
        struct stat before = {};
        struct stat after = {};
        ::stat(there.c_str(), &before);
        EXPECT_TRUE(io->run(copy(file_, there, {.existing = how, .keep = preserve::nothing})));
        ::stat(there.c_str(), &after);
        EXPECT_EQ(content_of(there), "text");
        EXPECT_EQ(before.st_ino == after.st_ino, how == on_existing::in_place);
        if (how != on_existing::replace) {
            EXPECT_EQ(after.st_mode & 07777U, 0640U);
        }
    }
    for (const bool durable : {false, true})  // a device cannot be synced
        EXPECT_TRUE(io->run(copy(file_, "/dev/null", {.existing = on_existing::as_cp, .durable = durable})));
    EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_P(Copying, BelowARootNothingIsWrittenThroughLinks) {
    auto io = make_context();
    fs::create_directories(path("tree/sub"));
    for (const char* name : {"tree/linked", "tree/sub/named"})
        tree_->write(name, "text");
    for (const on_existing how : {on_existing::in_place, on_existing::as_cp, on_existing::as_cp_forced})
        for (const preserve keep : {preserve::nothing, preserve::all}) {
            const std::string outside = tree_->write("outside", "a longer old text");
            fs::create_directories(path("copy/sub"));
            fs::create_symlink("../outside", path("copy/linked"));
            fs::create_hard_link(outside, path("copy/sub/named"));
            std::set<std::string> told;
            copy_options options{.existing = how, .keep = keep};
            options.copied = [&told](const copy_entry& each) { told.emplace(each.to); };
            const tree_result done = io->run(copy_tree(path("tree"), path("copy"), options));
            EXPECT_TRUE(done) << done.error().message();
            EXPECT_EQ(content_of(outside), "a longer old text");
            EXPECT_EQ(told, (std::set{path("copy/linked"), path("copy/sub/named")})) << "what was made";
            for (const std::string& each : told) {
                EXPECT_EQ(content_of(each), "text");
                EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(each)));
            }
            fs::remove_all(path("copy"));
        }
}

TEST_P(Copying, WhatCannotBeReplacedAsCpDoesIsWrittenInPlace) {
    auto io = make_context();
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    fs::create_directory(path("tree"));
    tree_->write("tree/file", "text");
    const struct {
        const char* call;
        int error;
    } refusals[] = {{"fchownat", EPERM},    // the owner cannot be handed on
                    {"renameat2", EBUSY}};  // a mount point
    for (const auto& each : refusals) {
        const judged_system_calls refuses = every(each.call, {.error = each.error});
        const copy_options as_cp{.existing = on_existing::as_cp, .keep = preserve::nothing};
        fs::create_directory(path("copy"));
        for (const auto& [from, name] : {std::pair(file_, "there"), std::pair(path("tree"), "copy/file")}) {
            const std::string there = tree_->write(name, "a longer old text");
            ::chmod(there.c_str(), 0640);
            const file_status before = *io->run(stat(there));
            const std::string to = from == file_ ? there : path("copy");
            EXPECT_TRUE(io->run(copy_tree(from, to, as_cp))) << each.call;
            const file_status after = *io->run(stat(there));
            EXPECT_TRUE(same_file(before, after)) << each.call;
            EXPECT_EQ(content_of(there), "text");
            EXPECT_EQ(after.permissions(), 0640U);
        }

        // Others may have given it a name elsewhere.
        fs::create_hard_link(tree_->write("outside", "old"), path("copy/again"));
        fs::rename(path("copy/again"), path("copy/file"));
        const tree_result linked = io->run(copy_tree(path("tree"), path("copy"), as_cp));
        EXPECT_EQ(linked.error(), std::errc::too_many_links) << each.call;
        EXPECT_EQ(content_of(path("outside")), "old");

        // What comes out of a pipe comes once.
        copy_options reading = as_cp;
        reading.read_special = true;
        const file_status before = *io->run(stat(path("there")));
        const std::jthread writes([&] { std::ofstream(path("fifo")) << std::string(200'000, 'x'); });
        const tree_result piped = io->run(aio::copy(path("fifo"), path("there"), reading));
        EXPECT_TRUE(piped) << each.call << ": " << piped.error().message();
        EXPECT_EQ(content_of(path("there")), std::string(200'000, 'x'));
        EXPECT_TRUE(same_file(before, *io->run(stat(path("there"))))) << each.call;
        fs::remove_all(path("copy"));
    }
    const judged_system_calls busy = every("renameat2", {.error = EBUSY});
    EXPECT_EQ(io->run(copy(path("tree/file"), file_)).error(), std::errc::device_or_resource_busy);
}

TEST_P(Copying, OverwriteIsAskedAboutWhatWouldBeWrittenOver) {
    auto io = make_context();
    for (const on_existing how : {on_existing::replace, on_existing::in_place, on_existing::as_cp}) {
        const bool replaces = how == on_existing::replace;
        const std::string there = tree_->write("there", "old");
        fs::create_symlink("there", path("link"));
        fs::create_symlink("nowhere", path("dangling"));
        bool answer = false;
        file_type asked = file_type::unknown;
        copy_options options{.existing = how};
        options.overwrite = [&](const copy_entry& each) {
            asked = each.destination->type();
            return answer;
        };
        EXPECT_TRUE(io->run(aio::copy(file_, path("link"), options)));
        EXPECT_EQ(asked, replaces ? file_type::symlink : file_type::regular);
        EXPECT_TRUE(io->run(aio::copy(file_, path("dangling"), options)));
        EXPECT_EQ(asked, file_type::symlink) << "there is nothing else";
        EXPECT_EQ(content_of(there), "old");
        answer = true;
        EXPECT_TRUE(io->run(aio::copy(file_, path("link"), options)));
        EXPECT_EQ(content_of(path("link")), "text");
        EXPECT_EQ(content_of(there), replaces ? "old" : "text");
        const std::error_code led = io->run(aio::copy(file_, path("dangling"), options)).error();
        EXPECT_EQ(led, replaces ? std::errc() : std::errc::no_such_file_or_directory);
        EXPECT_FALSE(exists(path("nowhere")));
        fs::remove(path("link"));
        fs::remove(path("dangling"));
    }
}

TEST_P(Copying, CopyReadsWhatClaimsToBeEmpty) {
    auto io = make_context();
    EXPECT_TRUE(io->run(copy("/proc/version", path("version"), {.keep = preserve::nothing})));
    EXPECT_EQ(content_of(path("version")), content_of("/proc/version"));
}

TEST_P(Copying, HolesStayHoles) {
    auto io = make_context();
    const std::string sparse = tree_->write("sparse", std::string(200'000, 'x'));
    ASSERT_EQ(::truncate(sparse.c_str(), 8 << 20), 0);
    std::ofstream(sparse, std::ios::app) << "end";
    ASSERT_EQ(::truncate(sparse.c_str(), 12 << 20), 0);
    for (const reflink clone : {reflink::if_possible, reflink::never}) {
        EXPECT_TRUE(io->run(copy(sparse, path("copy"), {.clone = clone})));
        EXPECT_TRUE(content_of(sparse) == content_of(path("copy")));
        EXPECT_LT(io->run(stat(path("copy")))->blocks * 512, 1U << 20);
    }
}

TEST_P(Copying, BlocksThatMustBeSharedAndCannotAreAnError) {
    auto io = make_context();
    const judged_system_calls cannot = every("ioctl", {.error = EOPNOTSUPP});
    const copy_options shared{.clone = reflink::always};
    EXPECT_EQ(io->run(aio::copy(file_, path("copy"), shared)).error(), std::errc::operation_not_supported);
    EXPECT_FALSE(exists(path("copy")));
    const std::string there = tree_->write("there", "old");
    EXPECT_EQ(io->run(aio::copy(file_, there, shared)).error(), std::errc::operation_not_supported);
    EXPECT_EQ(content_of(there), "old");
    fs::create_directory(path("tree"));
    tree_->write("tree/one", "1");
    tree_->write("tree/two", "2");
    const tree_result done = io->run(copy_tree(path("tree"), path("copy"), shared));
    EXPECT_EQ(done.error(), std::errc::operation_not_supported);
    EXPECT_EQ(done.failed, 2U) << "not the first one only";
    EXPECT_TRUE(fs::is_empty(path("copy")));
    EXPECT_TRUE(io->run(copy(file_, there)));
    EXPECT_EQ(content_of(there), "text");
}

TEST_P(Copying, TheLargestFileIsCopiedWithoutItsHoles) {
    const temporary_tree memory(in_memory());
    const std::string largest = memory.write("largest");
    const int fd = ::open(largest.c_str(), O_WRONLY | O_CLOEXEC);
    const bool written = ::pwrite(fd, "x", 1, std::numeric_limits<off_t>::max() - 1) == 1;
    ::close(fd);
    if (!written) GTEST_SKIP() << "no file is that large here";
    auto io = make_context();
    const tree_result done = io->run(copy(largest, memory / "copy"));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(done.bytes, static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()));
    EXPECT_EQ(fs::file_size(memory / "copy"), done.bytes);
}

// A read of more than is left of all offsets is EINVAL.
TEST_P(Copying, DataAtTheEndOfTheLargestFileIsCopied) {
    const temporary_tree memory(in_memory());
    const std::string large = memory.write("large");
    const auto end_of = [](const std::string& path, char* bytes, std::size_t size, auto call) {
        const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        const ssize_t moved = call(fd, bytes, size, std::numeric_limits<off_t>::max() - 8192);
        ::close(fd);
        return moved == static_cast<ssize_t>(size);
    };
    std::string data(5000, 'x'), copied(5000, '-');
    if (!end_of(large, data.data(), data.size(), ::pwrite)) GTEST_SKIP() << "no file is that large here";
    auto io = make_context();
    const tree_result done = io->run(copy(large, memory / "copy"));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(fs::file_size(memory / "copy"), fs::file_size(large));
    EXPECT_TRUE(end_of(memory / "copy", copied.data(), copied.size(), ::pread));
    EXPECT_EQ(copied, data);
}

TEST_P(Copying, TreesKeepLinksAmongThemselves) {
    auto io = make_context();
    fs::create_directories(path("tree/a/b"));
    tree_->write("tree/a/one", "linked");
    fs::create_hard_link(path("tree/a/one"), path("tree/a/b/two"));
    fs::create_hard_link(path("tree/a/one"), path("tree/three"));
    fs::create_symlink("/nowhere", path("tree/link"));
    ASSERT_EQ(::mkfifo(path("tree/fifo").c_str(), 0640), 0);
    std::set<std::string> told;
    copy_options how;
    how.copied = [&told](const copy_entry& each) { told.emplace(each.to); };
    const tree_result done = io->run(copy_tree(path("tree"), path("copy"), how));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_TRUE(fs::equivalent(path("copy/a/one"), path("copy/a/b/two")));
    EXPECT_TRUE(fs::equivalent(path("copy/a/one"), path("copy/three")));
    EXPECT_EQ(fs::hard_link_count(path("copy/three")), 3U);
    EXPECT_EQ(fs::read_symlink(path("copy/link")), "/nowhere");
    EXPECT_TRUE(fs::is_fifo(path("copy/fifo")));
    EXPECT_EQ(told.size(), 8U);
    EXPECT_TRUE(told.contains(path("copy/a/b/two")));
    EXPECT_TRUE(io->run(copy_tree(path("tree"), path("copy")))) << "once more, onto itself";
    EXPECT_EQ(fs::hard_link_count(path("copy/three")), 3U);
}

/// Lets what is made in a directory be used by somebody else. False if there are no ACLs here.
bool make_inherit(const std::string& directory) {
    struct {
        std::uint32_t version = 2;
        struct {
            std::uint16_t tag, permissions;
            std::uint32_t id;
        } entries[5] = {{1, 7, ~0U}, {2, 7, 65534}, {4, 7, ~0U}, {16, 7, ~0U}, {32, 7, ~0U}};
    } acl;
    return ::setxattr(directory.c_str(), "system.posix_acl_default", &acl, sizeof acl, 0) == 0;
}

TEST_P(Copying, SeveralCopiesKeepLinksAmongThemselvesIfTheyShareThem) {
    auto io = make_context();
    fs::create_directories(path("one/below"));
    fs::create_directories(path("two"));
    fs::create_directory(path("into"));
    fs::create_hard_link(file_, path("one/below/name"));
    fs::create_hard_link(file_, path("two/name"));
    copied_links links;
    copy_options how{.links = &links};
    for (const char* each : {"one", "two", "file"})
        EXPECT_TRUE(io->run(copy_tree(path(each), path("into/") + each, how)));
    const auto found = [&](const char* name) { return *io->run(lstat(path(name))); };
    EXPECT_EQ(found("into/file").links, 3U);
    EXPECT_TRUE(same_file(found("into/file"), found("into/one/below/name")));
    EXPECT_TRUE(same_file(found("into/file"), found("into/two/name")));
    EXPECT_EQ(found("file").links, 3U) << "none of them a name of the source";

    fs::rename(path("into/one"), path("elsewhere"));
    for (const char* each : {"one", "file"})  // what was remembered is all found by now
        EXPECT_TRUE(io->run(copy_tree(path(each), path("into/") + each + "2", how)));
    EXPECT_TRUE(same_file(found("into/file2"), found("into/one2/below/name")));

    copy_options alone;
    EXPECT_TRUE(io->run(copy_tree(path("one"), path("alone1"), alone)));
    EXPECT_TRUE(io->run(copy_tree(path("two"), path("alone2"), alone)));
    EXPECT_EQ(found("alone1/below/name").links, 1U);
    EXPECT_EQ(found("alone2/name").links, 1U);
}

TEST_P(Copying, WhatWasCopiedFirstMayHaveBeenASingleFile) {
    auto io = make_context();
    fs::create_directories(path("one"));
    fs::create_directory(path("into"));
    for (const char* name : {"one/name", "other"})
        fs::create_hard_link(file_, path(name));
    tree_->write("into/other", "old");
    copied_links links;
    for (const char* each : {"file", "one", "other"})
        EXPECT_TRUE(io->run(copy_tree(path(each), path("into/") + each, {.links = &links})));
    for (const char* each : {"into/one/name", "into/other"})
        EXPECT_TRUE(fs::equivalent(path("into/file"), path(each))) << each;
    EXPECT_EQ(fs::hard_link_count(path("into/file")), 3U);
    EXPECT_EQ(content_of(path("into/file")), "text");
}

/// Files that are made from here on are younger: the kernel's clock for them ticks every few milliseconds.
void await_a_later_time() {
    const auto now = [] {
        timespec time = {};
        ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
        return std::pair(time.tv_sec, time.tv_nsec);
    };
    for (const auto begin = now(); now() == begin;) {
    }
}

TEST_P(Copying, AFileThatHasTheNumberOfAnotherIsCopied) {
    auto io = make_context();
    fs::create_directory(path("one"));
    fs::create_hard_link(file_, path("one/name"));
    copied_links links;
    copy_options how{.links = &links};
    EXPECT_TRUE(io->run(copy_tree(path("one"), path("copy1"), how)));
    fs::remove_all(path("one"));
    fs::remove(file_);
    await_a_later_time();
    tree_->write("file", "other");  // with the number of the one that is gone, on most file systems
    EXPECT_TRUE(io->run(copy_tree(file_, path("copy2"), how)));
    EXPECT_EQ(content_of(path("copy2")), "other");
}

TEST_P(Copying, WhatWasCopiedFirstMayBeGoneOrAnotherFileByNow) {
    auto io = make_context();
    fs::create_directory(path("into"));
    for (const std::string each : {"one", "two", "three"}) {
        fs::create_directories(path(each + "/below"));
        fs::create_hard_link(file_, path(each + "/below/name"));
    }
    copied_links links;
    const auto copy_next = [&](const std::string& name) {
        const tree_result done = io->run(copy_tree(path(name), path("into/" + name), {.links = &links}));
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_EQ(content_of(path("into/" + name + "/below/name")), "text");
        EXPECT_EQ(fs::hard_link_count(path("into/" + name + "/below/name")), 1U);
    };
    copy_next("one");
    fs::rename(path("into/one/below"), path("elsewhere"));
    copy_next("two");
    fs::remove(path("into/two/below/name"));
    await_a_later_time();
    tree_->write("into/two/below/name", "other");  // with the number of the one that is gone, as above
    copy_next("three");
    EXPECT_EQ(content_of(path("elsewhere/name")) + content_of(path("into/two/below/name")), "textother");
}

TEST_P(Copying, NobodyMayEverDoMoreThanWithTheSource) {  // T-12
    fs::create_directories(path("tree/private"));
    fs::create_directory(path("to"));
    tree_->write("tree/readable", "text");
    tree_->write("tree/private/secret", "text");
    ASSERT_EQ(::mkfifo(path("tree/private/fifo").c_str(), 0600), 0);
    const std::map<std::string, mode_t> modes = {{"", 0750},
                                                 {"/readable", 0640},
                                                 {"/private", 0700},
                                                 {"/private/secret", 0600},
                                                 {"/private/fifo", 0600}};
    for (const auto& [name, mode] : modes)
        ASSERT_EQ(::chmod(path("tree" + name).c_str(), mode), 0);
    if (!make_inherit(path("to"))) GTEST_SKIP() << "no ACLs here";
    const mode_t mask = ::umask(0);
    const std::string copy = path("to/copy");
    std::size_t looks = 0;
    const auto look = [&](int, std::string_view) {
        std::error_code ignored;
        for (fs::recursive_directory_iterator each(path("to"), ignored), end; each != end;
             each.increment(ignored)) {
            const std::string found = each->path();
            struct stat status = {};
            if (::lstat(found.c_str(), &status) != 0) continue;
            ++looks;
            const auto of = modes.find(found.substr(copy.size()));
            const mode_t allowed = of == modes.end() ? 0700 : of->second;
            EXPECT_EQ(status.st_mode & 0077U & ~allowed, 0U) << found;
            const bool has_acl = ::getxattr(found.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
            EXPECT_FALSE(has_acl && (status.st_mode & 0070U) != 0) << found << ": somebody else's too";
        }
    };
    {
        auto io = make_context();
        const steps watched(look);
        EXPECT_TRUE(io->run(copy_tree(path("tree"), copy)));
    }
    look(0, "");
    ::umask(mask);
    EXPECT_GT(looks, 20U);
    EXPECT_EQ(::getxattr((copy + "/private").c_str(), "system.posix_acl_default", nullptr, 0), -1)
        << "the source has none";
}

TEST_P(Copying, AttributesAreCopied) {
    if (::setxattr(file_.c_str(), "user.note", "text", 4, 0) != 0) GTEST_SKIP() << "no attributes here";
    auto io = make_context();
    std::string value(4, '\0');
    EXPECT_TRUE(io->run(copy(file_, path("all"))));
    EXPECT_EQ(::getxattr(path("all").c_str(), "user.note", value.data(), value.size()), 4);
    EXPECT_EQ(value, "text");
    EXPECT_TRUE(io->run(copy(file_, path("basics"), {.keep = preserve::basics})));
    EXPECT_EQ(::getxattr(path("basics").c_str(), "user.note", nullptr, 0), -1);
}

TEST_P(Copying, ContentIsCountedWhileItIsWritten) {
    auto io = make_context();
    const std::string large = tree_->write("large", std::string(std::size_t(9) << 20, 'x'));
    std::atomic<std::uint64_t> bytes = 0;
    std::atomic<int> calls = 0;
    copy_options how{.clone = reflink::never};
    how.written = [&](std::uint64_t more) {
        bytes += more;
        ++calls;
    };
    EXPECT_TRUE(io->run(aio::copy(large, path("copy"), how)));
    EXPECT_EQ(bytes, std::uint64_t(9) << 20);
    EXPECT_GT(calls, 2) << "not only at the end";
    EXPECT_TRUE(io->run(aio::copy(file_, path("copy"), how)));
    EXPECT_EQ(bytes, (std::uint64_t(9) << 20) + 4);
}

TEST_P(Copying, WhatAppearsMeanwhileIsReplacedByTheWholeCopy) {  // R-COPY
    const std::string text(10'000, 'x');
    const std::string source = tree_->write("source", text);
    for (const on_existing existing :
         {on_existing::replace, on_existing::in_place, on_existing::as_cp, on_existing::fail}) {
        auto io = make_context();
        const std::string there = path("there");
        fs::remove(there);
        copy_options how{.existing = existing, .clone = reflink::never};
        how.written = [&](std::uint64_t) {
            ::close(::open(there.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
        };
        const tree_result done = io->run(aio::copy(source, there, how));
        const bool fails = existing == on_existing::fail;
        EXPECT_EQ(static_cast<bool>(done), !fails);
        EXPECT_EQ(done.error() == std::errc::file_exists, fails);
        EXPECT_EQ(content_of(there), fails ? "" : text);
    }
}

TEST_P(Copying, AFileThatIsSwappedBeforeItIsOpenedIsNotCopied) {  // T-10, of a root
    auto io = make_context();
    const std::string other = tree_->write("other", "other");
    const judged_system_calls swaps(
        {tree_->root()}, [&, left = 1](std::string_view call, const std::string& of, auto) mutable {
            if (call == "openat" && of == file_ && left-- > 0) fs::rename(other, file_);
            return fault{};
        });
    EXPECT_EQ(io->run(copy(file_, path("copy"))).error().value(), ESTALE);
    EXPECT_FALSE(fs::exists(path("copy")));
}

TEST_P(Copying, AFileUnderALeaseIsWaitedFor) {
    auto io = make_context();
    ASSERT_NE(::signal(SIGIO, SIG_IGN), SIG_ERR);  // how its holder is told
    const aio::file leased(::open(file_.c_str(), O_RDWR | O_CLOEXEC));
    if (::fcntl(leased.fd(), F_SETLEASE, F_WRLCK) != 0) {
        EXPECT_EQ(errno, EINVAL) << "a file system without leases";
        return;
    }
    std::thread holder([&] {  // gives it back when somebody has asked for it
        EXPECT_TRUE(eventually([&] { return ::fcntl(leased.fd(), F_GETLEASE) != F_WRLCK; }));
        ::fcntl(leased.fd(), F_SETLEASE, F_UNLCK);
    });
    fs::create_directory(path("tree"));
    fs::rename(file_, path("tree/file"));
    EXPECT_TRUE(io->run(copy_tree(path("tree"), path("copy"))));
    EXPECT_EQ(content_of(path("copy/file")), "text");
    holder.join();
}

TEST_P(Copying, AStopIsHeardInTheMiddleOfAFile) {  // T-7
    auto io = make_context();
    const std::string large = tree_->write("large", std::string(std::size_t(9) << 20, 'x'));
    const auto poller = std::this_thread::get_id();
    struct {
        std::stop_source source;
        std::binary_semaphore heard{0};
        std::atomic<std::uint64_t> bytes = 0;
    } stop;
    copy_options how{.clone = reflink::never};
    how.written = [&](std::uint64_t more) {
        stop.bytes += more;
        if (!stop.source.request_stop() || std::this_thread::get_id() == poller) return;
        // The poller passes it on, before it delivers what comes after.
        io->submit(nop(), [&](const auto&) { stop.heard.release(); });
        EXPECT_TRUE(stop.heard.try_acquire_for(long_enough()));
    };
    const auto token = stop.source.get_token();
    EXPECT_FALSE(io->run(aio::copy(large, path("copy"), how).with({.stop = token}))) << "it went on";
    EXPECT_LT(stop.bytes, std::uint64_t(9) << 20);
    EXPECT_FALSE(fs::exists(path("copy")));
}

TEST_P(Copying, AStopWhileSomebodyIsAskedKeepsWhatIsThere) {  // T-7
    auto io = make_context();
    const std::string there = tree_->write("there", "old");
    const auto poller = std::this_thread::get_id();
    std::stop_source stop;
    std::binary_semaphore heard{0};
    copy_options how;
    how.overwrite = [&](const copy_entry&) {
        stop.request_stop();
        if (std::this_thread::get_id() == poller) return true;
        io->submit(nop(), [&](const auto&) { heard.release(); });
        EXPECT_TRUE(heard.try_acquire_for(long_enough()));
        return true;
    };
    const tree_result done = io->run(aio::copy(file_, there, how).with({.stop = stop.get_token()}));
    EXPECT_EQ(done.error(), std::errc::operation_canceled);
    EXPECT_EQ(content_of(there), "old");
}

TEST_P(Copying, AStoppedCopyLeavesNoPartialFile) {
    auto io = make_context();
    fs::create_directory(path("tree"));
    for (int i = 0; i < 300; ++i)
        tree_->write("tree/" + std::to_string(i), std::string(10'000, 'x'));
    std::stop_source stop;
    copy_options how;
    how.tree.limit = 1;
    how.copied = [&stop](const copy_entry& each) {
        if (each.type == file_type::regular) stop.request_stop();
    };
    const tree_result done =
        io->run(copy_tree(path("tree"), path("copy"), how).with({.stop = stop.get_token()}));
    EXPECT_EQ(done.error(), std::errc::operation_canceled);
    for (const auto& each : fs::directory_iterator(path("copy")))
        EXPECT_EQ(fs::file_size(each), 10'000U);
}

TEST_P(Copying, NamesOfAFileStayTogetherWhereLinksToItAreFollowed) {
    auto io = make_context();
    fs::create_directory(path("tree"));
    tree_->write("tree/one", "linked");
    fs::create_hard_link(path("tree/one"), path("tree/two"));
    for (const char* each : {"tree/0", "tree/1", "tree/2", "tree/3"})
        fs::create_symlink("one", path(each));
    EXPECT_TRUE(io->run(copy_tree(path("tree"), path("copy"), {.follow = follow_links::always})));
    EXPECT_EQ(fs::hard_link_count(path("copy/one")), 6U);
}

TEST_P(Copying, ACopyThatIsMetOnTheWayIsLeftOut) {  // R-COPY; it would grow for ever
    auto io = make_context();
    fs::create_directories(path("tree/below"));
    tree_->write("tree/below/file", "text");
    fs::create_symlink("../../copy/below", path("tree/below/link"));
    const tree_result done = io->run(copy_tree(path("tree"), path("copy"), {.follow = follow_links::always}));
    EXPECT_EQ(done.error(), std::errc::invalid_argument);
    EXPECT_EQ(done.failed, 1U);
    EXPECT_EQ(content_of(path("copy/below/file")), "text");
    EXPECT_FALSE(exists(path("copy/below/link")));
}

TEST_P(Copying, ALinkThatIsFollowedToAFifoBecomesAFifo) {
    auto io = make_context();
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0640), 0);
    fs::create_directory(path("tree"));
    fs::create_symlink("../fifo", path("tree/link"));
    const tree_result one = io->run(copy(path("tree/link"), path("copy")));
    EXPECT_TRUE(one) << one.error().message();
    EXPECT_TRUE(fs::is_fifo(path("copy")));
    const tree_result all = io->run(copy_tree(path("tree"), path("all"), {.follow = follow_links::always}));
    EXPECT_TRUE(all) << all.error().message();
    EXPECT_TRUE(fs::is_fifo(path("all/link")));
}

TEST_P(Copying, ALinkThatIsFollowedToNowhereIsAFailure) {  // T-6
    auto io = make_context();
    fs::create_directory(path("tree"));
    fs::create_symlink("nowhere", path("tree/link"));
    tree_->write("tree/file", "text");
    const tree_result done = io->run(copy_tree(path("tree"), path("copy"), {.follow = follow_links::always}));
    EXPECT_EQ(done.error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(done.failed, 1U);
    EXPECT_EQ(content_of(path("copy/file")), "text");
}

TEST_P(Copying, ASocketThatIsToBeReadIsTheErrorOfOpen) {
    auto io = make_context();
    ASSERT_EQ(::mknod(path("socket").c_str(), S_IFSOCK | 0600, 0), 0);
    EXPECT_EQ(io->run(copy(path("socket"), path("copy"), {.read_special = true})).error(),
              std::errc::no_such_device_or_address);
}

TEST_P(Copying, MoveRenames) {  // R-MOVE
    auto io = make_context();
    tree_->write("there", "old");
    EXPECT_EQ(io->run(move(file_, path("there"), {.existing = on_existing::fail})).error(),
              std::errc::file_exists);
    EXPECT_TRUE(io->run(move(file_, path("there"))));
    EXPECT_FALSE(exists(file_));
    EXPECT_EQ(content_of(path("there")), "text");
    EXPECT_EQ(io->run(move(file_, path("there"))).error(), std::errc::no_such_file_or_directory);
}

TEST_P(Copying, ADurableMoveMayLeadThroughItsSource) {
    auto io = make_context();
    fs::create_directory(path("tree"));
    const tree_result done = io->run(move(path("tree"), path("tree/../moved"), {.durable = true}));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_TRUE(exists(path("moved")));
}

TEST_P(Copying, MoveBetweenFileSystemsRefusesWhatRenameRefuses) {
    const auto other = elsewhere();
    if (!other) GTEST_SKIP() << "there is one file system";
    auto io = make_context();
    fs::create_directory(path("tree"));
    tree_->write("tree/file", "text");
    fs::create_directory_symlink("tree", path("link"));
    EXPECT_EQ(io->run(move(path("tree/."), *other / "copy")).error(), std::errc::device_or_resource_busy);
    EXPECT_EQ(io->run(move(path("link/"), *other / "copy")).error(), std::errc::not_a_directory);
    EXPECT_EQ(io->run(move(file_ + '/', *other / "copy")).error(), std::errc::not_a_directory);
    copy_options how;
    how.written = [](std::uint64_t) { ADD_FAILURE() << "copied, though it cannot be called so"; };
    EXPECT_EQ(io->run(aio::move(file_, *other / "copy/", how)).error(), std::errc::not_a_directory);
    EXPECT_EQ(content_of(path("tree/file")), "text");
    EXPECT_TRUE(fs::is_empty(other->root()));
}

TEST_P(Copying, MoveBetweenFileSystemsRemovesWhatItCopied) {
    const auto other = elsewhere();
    if (!other) GTEST_SKIP() << "there is one file system";
    auto io = make_context();
    fs::create_directories(path("tree/a"));
    tree_->write("tree/a/file", "text");
    fs::create_symlink("gone", path("tree/link"));
    const tree_result done = io->run(move(path("tree"), *other / "tree"));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_FALSE(exists(path("tree")));
    EXPECT_EQ(content_of(*other / "tree/a/file"), "text");
    EXPECT_EQ(fs::read_symlink(*other / "tree/link"), "gone");
    EXPECT_TRUE(io->run(move(*other / "tree/a/file", path("back"))));
    EXPECT_EQ(content_of(path("back")), "text");
    EXPECT_FALSE(exists(*other / "tree/a/file"));
}

TEST_P(Copying, MoveBetweenFileSystemsTellsOfACopyThatItCannotTakeAway) {  // T-11
    const auto other = elsewhere();
    if (!other) GTEST_SKIP() << "there is one file system";
    auto io = make_context();
    const std::string taken = *other / "taken";
    std::vector<std::string> told;
    copy_options how{.existing = on_existing::fail};
    how.tree.failed = [&told](const tree_failure& each) {
        told.push_back(std::string(each.operation) + ' ' + each.path);
        return on_failure::go_on;
    };
    how.copied = [&](const copy_entry&) { other->write("taken", "old"); };
    const judged_system_calls refuses({other->root()}, [](std::string_view call, const std::string&, auto) {
        return fault{.error = call.starts_with("unlink") ? EIO : 0};
    });
    const tree_result done = io->run(aio::move(file_, taken, how));
    EXPECT_EQ(done.error(), std::errc::file_exists);
    EXPECT_EQ(done.failed, 2U);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0], "rename " + file_);
    EXPECT_TRUE(told[1].starts_with("remove " + (*other / ".aio-"))) << told[1];
    EXPECT_EQ(content_of(told[1].substr(7)), "text") << "it is where it is said to be";
    EXPECT_EQ(content_of(file_) + content_of(taken), "textold");
}

TEST_P(Copying, MoveBetweenFileSystemsThatIsShutDownLeavesNothing) {
    const auto other = elsewhere();
    if (!other) GTEST_SKIP() << "there is one file system";
    auto io = make_context();
    fs::create_directory(path("tree"));
    for (int i = 0; i < 100; ++i)
        tree_->write("tree/" + std::to_string(i), std::string(100'000, 'x'));
    tree_result outcome;
    io->submit(move(path("tree"), *other / "copy"), [&](tree_result moved) { outcome = std::move(moved); });
    while (fs::is_empty(other->root()) && io->statistics().outstanding) {
        io->wait(std::chrono::milliseconds(1));
        io->poll();
    }
    io->shutdown();
    const bool is_there = exists(*other / "copy");  // it was faster
    EXPECT_TRUE(is_there || outcome.error() == std::errc::operation_canceled) << outcome.error().message();
    EXPECT_TRUE(is_there || fs::is_empty(other->root()));
    EXPECT_TRUE(is_there || content_of(path("tree/99")).size() == 100'000);
}

TEST_P(Copying, StoreReplacesTheWholeFile) {
    auto io = make_context();
    ::chmod(file_.c_str(), 0604);
    EXPECT_TRUE(io->run(store(file_, "new")));
    EXPECT_EQ(content_of(file_), "new");
    EXPECT_EQ(io->run(stat(file_))->permissions(), 0604U);
    ::chmod(file_.c_str(), 06711);
    EXPECT_TRUE(io->run(store(file_, "new")));
    EXPECT_EQ(io->run(stat(file_))->permissions(), 0711U) << "what root said of another program";
    EXPECT_TRUE(io->run(store(path("fresh"), "", {.mode = 0600, .durable = false})));
    EXPECT_EQ(io->run(stat(path("fresh")))->permissions(), 0600U);
    EXPECT_EQ(io->run(store(file_, "x", {.existing = on_existing::fail})).error(), std::errc::file_exists);
    EXPECT_EQ(io->run(store(tree_->root().string(), "x")).error(), std::errc::is_a_directory);
    EXPECT_EQ(io->run(store(path("none/file"), "x")).error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(io->run(store(path("new/"), "x")).error(), std::errc::is_a_directory);
    EXPECT_FALSE(exists(path("new")));
    directory base = *io->run(open_directory(tree_->root().string()));
    EXPECT_TRUE(io->run(store({base, "named"}, "by handle")));
    EXPECT_EQ(content_of(path("named")), "by handle");
    EXPECT_EQ(io->run(store("/dev/full/x", "x")).error(), std::errc::not_a_directory);
}

TEST_P(Copying, AppendWritesAtTheEnd) {
    auto io = make_context();
    EXPECT_TRUE(io->run(append(file_, " and more", {.durable = true})));
    EXPECT_TRUE(io->run(append(path("fresh"), "a")));
    EXPECT_EQ(content_of(file_), "text and more");
    EXPECT_EQ(content_of(path("fresh")), "a");
    EXPECT_EQ(io->run(append("/dev/full", "x")).error(), std::errc::no_space_on_device);
    EXPECT_EQ(io->run(append(tree_->root().string(), "x")).error(), std::errc::is_a_directory);
}

AIO_ON_EVERY_ENGINE(Copying);

}  // namespace

}  // namespace aio::test
