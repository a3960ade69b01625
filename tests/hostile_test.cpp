// SPDX-License-Identifier: MIT
// Operations on trees of a file system that lies: what cannot be is refused, what has no end is given up,
// nothing outside is touched, nothing waits for ever. Promises T-5, T-9, T-14.
#include "support/hostile.hpp"
#include "support/engines.hpp"
#include "support/system_calls.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <vector>

namespace aio::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// How many entries there are, the root included.
std::size_t count(const std::string& root) {
    return 1 + static_cast<std::size_t>(std::distance(fs::recursive_directory_iterator(root), {}));
}

class Hostile : public engine_test {
  protected:
    void SetUp() override {
        engine_test::SetUp();
        mounted_.emplace();
        if (!mounted_->missing().empty()) GTEST_SKIP() << "no FUSE here: " << mounted_->missing();
    }
    void TearDown() override {
        EXPECT_EQ(content_of(mounted_->outside() + "/kept"), "kept");
        EXPECT_EQ(std::distance(fs::directory_iterator(mounted_->outside()), {}), 1);
        mounted_.reset();
        engine_test::TearDown();
    }

    [[nodiscard]] std::string path(std::string_view name) const { return *mounted_ / name; }
    [[nodiscard]] std::string copy() const { return mounted_->beside("copy"); }

    /// The names that a walk gives, below the root.
    std::multiset<std::string> walked(std::string_view name, const tree_result** done = nullptr) {
        auto io = make_context();
        std::multiset<std::string> found;
        const std::string root = path(name);
        last_ = io->run(walk(root, [&](const walk_batch& batch) {
            for (const walk_entry entry : batch)
                if (entry.depth != 0) found.emplace(entry.path.substr(root.size() + 1));
        }));
        if (done) *done = &last_;
        return found;
    }

    std::optional<hostile_mount> mounted_;
    tree_result last_;
};

using names = std::multiset<std::string>;

std::string first_failure(const tree_result& of) {
    if (of.failures.empty()) return of.error().message();
    const tree_failure& first = of.failures.front();
    return first.operation + (' ' + first.path) + ": " + first.reason.message();
}

TEST_P(Hostile, AttributesWhoseListNeverFitsAreGivenUp) {  // T-14
    auto io = make_context();
    const tree_result copied = io->run(copy_tree(path("attributes"), copy()));
    EXPECT_EQ(copied.error(), std::errc::argument_list_too_long);
    EXPECT_EQ(copied.failed, 2U);  // of the directory, too
    EXPECT_EQ(content_of(copy() + "/file"), "text of it");
}

TEST_P(Hostile, NamesThatCannotBeAreRefusedAndTheRestIsKept) {  // T-9
    for (const char* where : {"slash", "nameless"}) {
        EXPECT_EQ(walked(where), names{"first"}) << where;
        EXPECT_EQ(last_.error(), std::errc::io_error);
        EXPECT_EQ(last_.failed, 1U);
        auto io = make_context();
        EXPECT_EQ(io->run(copy_tree(path(where), copy())).error(), std::errc::io_error);
        EXPECT_TRUE(exists(copy() + "/first"));
        fs::remove_all(copy());
        const tree_result removed = io->run(rmtree(path(where)));
        EXPECT_EQ(removed.error(), std::errc::io_error);
        EXPECT_EQ(removed.others, 1U);
    }
    EXPECT_EQ(walked("dots"), names{"first"});
    EXPECT_TRUE(last_);
    auto io = make_context();
    EXPECT_TRUE(io->run(rmtree(path("dots"))));
}

TEST_P(Hostile, LongNamesAreNamesAsOthers) {
    EXPECT_EQ(walked("long_names").size(), 100U);
    EXPECT_TRUE(last_) << last_.error().message();
    auto io = make_context();
    EXPECT_EQ(io->run(copy_tree(path("long_names"), copy())).failed, 100U) << "nothing else holds such names";
    EXPECT_TRUE(io->run(rmtree(path("long_names"))));
}

TEST_P(Hostile, NamesThatComeSeveralTimesAreNoHarm) {
    EXPECT_EQ(walked("duplicates").count("directory/inner"), 3U);
    auto io = make_context();
    const tree_result copied = io->run(copy_tree(path("duplicates"), copy()));
    EXPECT_TRUE(copied) << first_failure(copied);
    EXPECT_TRUE(exists(copy() + "/directory/inner"));
    EXPECT_TRUE(io->run(chmod_tree(path("duplicates"), 0755, 0644)));
    EXPECT_TRUE(io->run(disk_usage(path("duplicates"))));
    EXPECT_TRUE(io->run(rmtree(path("duplicates"))));
    EXPECT_FALSE(exists(path("duplicates")));
}

TEST_P(Hostile, ADirectoryThatBeginsAnewIsFoundOut) {  // T-14
    auto io = make_context();
    const names found = walked("circle");
    EXPECT_EQ(last_.error(), std::errc::io_error);
    EXPECT_GE(std::set<std::string>(found.begin(), found.end()).size(), 400U) << "all of it was given";
    EXPECT_LT(found.size(), 4000U);
    for (const tree_result& done :
         {io->run(disk_usage(path("circle"))), io->run(chmod_tree(path("circle"), 0755, 0644)),
          io->run(copy_tree(path("circle"), copy())), io->run(rmtree(path("circle")))}) {
        EXPECT_EQ(done.error(), std::errc::io_error);
        EXPECT_GE(done.others, 400U);
        EXPECT_LT(done.others, 4000U);
    }
}

TEST_P(Hostile, ATreeWithoutEndIsGivenUp) {  // T-14
    auto io = make_context();
    const auto is_given_up = [](const tree_result& done) {
        EXPECT_EQ(done.error(), std::errc::value_too_large);
        EXPECT_LT(done.others, 4000U);
    };
    const tree_options how{.entries_max = 400};
    is_given_up(io->run(walk(path("endless"), [](const walk_batch&) {}, {.tree = how})));
    is_given_up(io->run(disk_usage(path("endless"), {.tree = how})));
    is_given_up(io->run(chmod_tree(path("endless"), 0755, 0644, how)));
    is_given_up(io->run(copy_tree(path("endless"), copy(), {.tree = how})));
    is_given_up(io->run(rmtree(path("endless"), {.tree = how})));
    is_given_up(io->run(move(path("endless"), mounted_->beside("moved"), {.tree = how})));
    EXPECT_FALSE(exists(mounted_->beside("moved"))) << "half a copy is none";
}

TEST_P(Hostile, ATreeWithoutABottomIsGivenUp) {  // T-5
    auto io = make_context();
    const auto is_given_up = [](const tree_result& done) {
        EXPECT_EQ(done.error(), std::errc::not_enough_memory) << done.error().message();
        EXPECT_LT(done.directories, 1000U);
    };
    const tree_options how{.memory_max = 256 << 10};
    for (const walk_order order : {walk_order::found, walk_order::breadth})
        is_given_up(io->run(walk(path("deep"), [](const walk_batch&) {}, {.tree = how, .order = order})));
    is_given_up(io->run(disk_usage(path("deep"), {.tree = how})));
    is_given_up(io->run(chmod_tree(path("deep"), 0755, 0644, how)));
    is_given_up(io->run(rmtree(path("deep"), {.tree = how})));
    is_given_up(io->run(copy_tree(path("deep"), copy(), {.tree = how})));
}

TEST_P(Hostile, TypesThatAreNotTrueAreFailuresOfTheirEntries) {  // T-10
    auto io = make_context();
    EXPECT_EQ(walked("types").size(), 8U);
    const tree_result copied = io->run(copy_tree(path("types"), copy()));
    EXPECT_EQ(copied.failed, 6U);
    EXPECT_TRUE(exists(copy() + "/unknown"));
    for (const auto& each : fs::recursive_directory_iterator(copy()))
        EXPECT_TRUE(each.is_regular_file()) << each;
    EXPECT_TRUE(io->run(disk_usage(path("types"))).failed <= 2);
    const tree_result removed = io->run(rmtree(path("types")));
    EXPECT_EQ(removed.failed, 3U) << "two that claim to be directories, and a directory that does not";
}

TEST_P(Hostile, TypesThatAreNotToldAreLookedAt) {  // R-SCANDIR: the second way
    auto io = make_context();
    const auto scanned = [&] {
        auto found = io->run(scandir(path("types")));
        EXPECT_TRUE(found) << found.error().message();
        EXPECT_EQ(io->statistics().outstanding, 0U);
        const scan_result all = found.value_or(scan_result());
        std::set<std::string> each(all.others.begin(), all.others.end());
        each.insert(all.directories.begin(), all.directories.end());
        EXPECT_EQ(each.size(), 8U);
        EXPECT_EQ(all.others.size() + all.directories.size(), 8U) << "every name once";
        return all.directories;
    };
    EXPECT_TRUE(scanned().empty()) << "by its two links it has none";
    // The state after the second listing cannot be had; then none can.
    bool listed = false;
    bool taken = false;
    bool listed_again = false;
    bool always = false;
    const judged_system_calls fails({path("types")}, [&](std::string_view call, const std::string& of, auto) {
        if (of != path("types")) return fault();
        if (call == "getdents64") (taken ? listed_again : listed) = true;
        if (call != "statx") return fault();
        taken = taken || listed;
        return fault{.error = always || listed_again ? EIO : 0};
    });
    const auto found = scanned();
    for (const char* no_directory : {"unknown", "nonsense", "file_as_directory"})
        EXPECT_EQ(std::ranges::count(found, no_directory), 0) << no_directory;
    EXPECT_TRUE(listed_again);
    always = true;
    EXPECT_EQ(io->run(scandir(path("types"))).error(), std::errc::io_error);
}

TEST_P(Hostile, SizesThatAreNotTrueDoNotMatter) {
    auto io = make_context();
    const tree_result copied = io->run(copy_tree(path("sizes"), copy()));
    EXPECT_EQ(copied.failed, 1U) << "the kernel itself refuses a negative size";
    for (const char* name : {"empty", "huge", "short"})
        EXPECT_EQ(content_of(copy() + "/" + name), "text of it") << name;
    EXPECT_EQ(copied.others, 3U);
    EXPECT_EQ(copied.bytes, 30U) << "what was read";
    const tree_result used = io->run(disk_usage(path("sizes"), {.apparent_size = true}));
    const tree_result allocated = io->run(disk_usage(path("sizes")));
    const tree_result removed = io->run(rmtree(path("sizes")));
    for (const tree_result& done : {used, allocated, removed}) {
        EXPECT_EQ(done.error(), std::errc::io_error) << first_failure(done);
        EXPECT_EQ(done.failed, 1U);
        EXPECT_EQ(done.others, 3U);
    }
    EXPECT_EQ(used.bytes, (std::uint64_t(1) << 63) - 1 + 100'000) << "what is claimed";
    EXPECT_EQ(removed.directories, 0U);
    EXPECT_TRUE(exists(path("sizes"))) << "it is not empty";
}

TEST_P(Hostile, HolesThatLeadNowhereAreRead) {
    auto io = make_context();
    const tree_result copied = io->run(copy_tree(path("holes"), copy()));
    EXPECT_TRUE(copied) << copied.error().message();
    for (const char* name : {"back", "nowhere"})
        EXPECT_EQ(content_of(copy() + "/" + name).substr(0, 10), "text of it") << name;
}

TEST_P(Hostile, NumbersThatChangeAreNoHarm) {  // T-3
    auto io = make_context();
    EXPECT_EQ(walked("inodes").size(), 12U);
    // A directory has to be opened again where few may be open, and is another one then.
    const tree_options few{.limit = 1, .descriptors = 4};
    const tree_result used = io->run(disk_usage(path("inodes"), {.tree = few}));
    const tree_result copied = io->run(copy_tree(path("inodes"), copy(), {.tree = few}));
    const tree_result removed = io->run(rmtree(path("inodes"), {.tree = few}));
    for (const tree_result& done : {used, copied, removed}) {
        EXPECT_LE(done.directories, 5U);
        EXPECT_LE(done.others, 8U);
        EXPECT_LE(done.failed, 5U);
        for (const tree_failure& each : done.failures)
            EXPECT_EQ(each.reason.value(), ESTALE) << each.operation << ' ' << each.path;
    }
    EXPECT_EQ(used.bytes, (used.directories + used.others) * 4096);
    EXPECT_EQ(copied.bytes, copied.others * 10);
    EXPECT_EQ(count(copy()), copied.directories + copied.others);
    for (const auto& each : fs::recursive_directory_iterator(copy()))
        EXPECT_TRUE(each.is_directory() || content_of(each.path()) == "text of it") << each;
    EXPECT_EQ(count(path("inodes")), 13 - removed.directories - removed.others);
    // With enough of them none has to be.
    const tree_result rest = io->run(rmtree(path("inodes")));
    EXPECT_TRUE(rest) << first_failure(rest);
    EXPECT_EQ(removed.directories + rest.directories, 5U);
    EXPECT_EQ(removed.others + rest.others, 8U);
    EXPECT_FALSE(exists(path("inodes")));
}

TEST_P(Hostile, TimesThatGoBackAreNoHarm) {
    auto io = make_context();
    EXPECT_EQ(io->run(disk_usage(path("times"))).bytes, 8192U);
    const tree_result copied = io->run(copy_tree(path("times"), copy()));
    EXPECT_TRUE(copied) << first_failure(copied);
    EXPECT_EQ(content_of(copy() + "/file"), "text of it");
    const tree_result moved = io->run(move(path("times"), mounted_->beside("moved")));
    EXPECT_EQ(moved.error().value(), ESTALE) << "it is not what was copied";
    EXPECT_EQ(content_of(mounted_->beside("moved/file")), "text of it");
    EXPECT_TRUE(exists(path("times/file")));
    EXPECT_TRUE(io->run(rmtree(path("times"))));
    EXPECT_FALSE(exists(path("times")));
}

TEST_P(Hostile, WhatHangsEndsWithItsDeadline) {  // T-7
    if (!GetParam().has_threads) return;         // the polling thread itself would hang
    const options soon{.deadline = 50ms};
    const auto nothing = [](const walk_batch&) {};
    const auto begin = std::chrono::steady_clock::now();
    {
        auto io = make_context();
        const std::string root = path("hang_listing");
        for (const tree_result& done :
             {io->run(walk(root, nothing).with(soon)), io->run(disk_usage(root).with(soon)),
              io->run(chmod_tree(root, 0755, 0644).with(soon)), io->run(copy_tree(root, copy()).with(soon)),
              io->run(rmtree(root).with(soon))})
            EXPECT_EQ(done.error(), std::errc::timed_out);
    }
    {
        auto io = make_context();
        const std::string root = path("hang_reading");
        EXPECT_EQ(io->run(copy_tree(root, copy()).with(soon)).error(), std::errc::timed_out);
        // These read no file.
        for (const tree_result& done : {io->run(walk(root, nothing)), io->run(disk_usage(root))}) {
            EXPECT_TRUE(done) << first_failure(done);
            EXPECT_EQ(done.others, 1U);
        }
        // A ring would take its file for ready, and hold the polling thread up.
        const std::string file = root + "/file";
        EXPECT_EQ(io->run(load(file).with(soon)).error(), std::errc::timed_out);
        for (int how : {O_RDONLY, O_RDONLY | O_DIRECT}) {
            const auto opened = io->run(open(file, how));
            ASSERT_TRUE(opened) << opened.error().message();
            // By its position, which who reads so locks: whoever asks for it waits.
            EXPECT_EQ(io->run(read(*opened, 4096).with(soon)).error(), std::errc::timed_out);
            EXPECT_EQ(io->run(read(*opened, 4096, 0).with(soon)).error(), std::errc::timed_out);
        }
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
    mounted_->end();  // lets the workers go
}

TEST_P(Hostile, WhoPollsAsksNoServer) {  // statx may, whatever one tells it
    if (!GetParam().has_threads) return;
    auto io = make_context();
    const auto opened = io->run(open(path("times/file"), O_RDONLY));
    ASSERT_TRUE(opened) << opened.error().message();
    const auto poller = std::this_thread::get_id();
    std::atomic<std::size_t> by_poller{0};
    std::atomic<std::size_t> by_workers{0};
    const judged_system_calls judged({path("times")}, [&](const char* call, const std::string&, std::size_t) {
        if (call == std::string_view("statx"))
            ++(std::this_thread::get_id() == poller ? by_poller : by_workers);
        return fault{};
    });
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(io->run(stat(*opened)));
        EXPECT_TRUE(io->run(stat(path("times/file"))));
    }
    EXPECT_EQ(by_poller, 0U);
    EXPECT_EQ(by_workers + io->statistics().ring_completed, 6U);
}

TEST_P(Hostile, WhatHangsIsCancelledAsSoonAsItGoesOn) {  // T-7
    if (!GetParam().has_threads) return;                 // the polling thread itself would hang
    auto io = make_context();
    std::optional<tree_result> done;
    request copying = io->submit(copy_tree(path("hang_reading"), copy()),
                                 [&done](tree_result result) { done = std::move(result); });
    for (int turns = 0; turns < 20; ++turns) {  // until it hangs
        io->wait(deadline(10ms));
        io->poll();
    }
    copying.cancel();
    EXPECT_FALSE(io->flush(deadline(50ms)));
    mounted_->end();
    EXPECT_TRUE(io->flush());
    ASSERT_TRUE(done);
    EXPECT_EQ(done->error(), std::errc::operation_canceled);
    EXPECT_TRUE(!exists(copy()) || fs::is_empty(copy())) << "no temporary file";
}

AIO_ON_EVERY_ENGINE(Hostile);

}  // namespace

}  // namespace aio::test
