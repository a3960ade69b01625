// SPDX-License-Identifier: MIT
// rmtree, walk, disk_usage, chmod_tree, chown_tree on every engine: what they do, what they leave alone, and
// how they end early.
#include "support/engines.hpp"
#include "support/steps.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <latch>
#include <memory>
#include <new>
#include <set>
#include <vector>

namespace aio::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Trees : public engine_test {
  protected:
    void SetUp() override {
        engine_test::SetUp();
        tree_.emplace();
        root_ = *tree_ / "root";
        fs::create_directories(root_ + "/a/b/c");
        fs::create_directories(root_ + "/d");
        tree_->write("root/a/file", "text");
        tree_->write("root/a/b/file", "more");
        tree_->write("outside", "kept");
        fs::create_symlink(tree_->root(), root_ + "/d/up");
        ASSERT_EQ(::mkfifo((root_ + "/d/fifo").c_str(), 0600), 0);
    }
    void TearDown() override {
        tree_.reset();
        engine_test::TearDown();
    }

    /// `width` directories of as many files.
    void grow(int width) const {
        for (int i = 0; i < width; ++i) {
            const std::string directory = root_ + "/grown" + std::to_string(i);
            fs::create_directory(directory);
            for (int j = 0; j < width; ++j)
                std::ofstream(directory + "/" + std::to_string(j)) << j;
        }
    }
    [[nodiscard]] std::set<std::string> expected() const {
        std::set<std::string> paths{root_};
        for (const auto& each : fs::recursive_directory_iterator(root_))
            paths.insert(each.path());
        return paths;
    }

    std::optional<temporary_tree> tree_;
    std::string root_;
};

TEST_P(Trees, RmtreeRemovesAllOfItAndNothingElse) {  // R-RMTREE
    auto io = make_context();
    const tree_result done = io->run(rmtree(root_));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(done.directories, 5U);
    EXPECT_EQ(done.others, 4U);
    EXPECT_FALSE(exists(root_));
    EXPECT_TRUE(exists(*tree_ / "outside"));
}

TEST_P(Trees, RmtreeOfALinkIsAnErrorAndRemovesNothing) {  // safety: promise 2
    auto io = make_context();
    fs::create_directory_symlink(root_, *tree_ / "link");
    for (const char* name : {"/link", "/link/"}) {
        const tree_result done = io->run(rmtree(tree_->root().string() + name));
        EXPECT_EQ(done.error(), std::errc::not_a_directory) << name;
        EXPECT_EQ(done.failed, 1U);
    }
    EXPECT_TRUE(exists(root_ + "/a/b/file"));
}

TEST_P(Trees, RmtreeRefusesWhatMustNotBeRemoved) {
    auto io = make_context();
    EXPECT_EQ(io->run(rmtree(tree_->root().string() + "/missing")).error(),
              std::errc::no_such_file_or_directory);
    EXPECT_EQ(io->run(rmtree(*tree_ / "outside")).error(), std::errc::not_a_directory);
    EXPECT_EQ(io->run(rmtree("")).error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(io->run(rmtree("/")).error(), std::errc::device_or_resource_busy);
    EXPECT_EQ(io->run(rmtree("/usr/..")).error(), std::errc::device_or_resource_busy);
    EXPECT_EQ(io->run(rmtree(root_ + "/a/.")).error(), std::errc::invalid_argument);
    EXPECT_EQ(io->run(rmtree(root_ + "/a/..")).error(), std::errc::invalid_argument);
    EXPECT_TRUE(exists(root_ + "/a/b/file"));
    EXPECT_TRUE(exists(*tree_ / "outside"));
}

TEST_P(Trees, RmtreeTakesAHandleAndAName) {
    auto io = make_context();
    directory base = *io->run(open_directory(root_));
    const tree_result done = io->run(rmtree({base, "a"}));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_FALSE(exists(root_ + "/a"));
    EXPECT_TRUE(exists(root_ + "/d/fifo"));
}

TEST_P(Trees, RmtreeAsksAndTells) {
    auto io = make_context();
    std::vector<std::string> removed;
    rmtree_options how;
    how.confirm = [](const tree_entry& entry, bool) { return !entry.path.ends_with("fifo"); };
    how.removed = [&removed](const tree_entry& entry) { removed.emplace_back(entry.path); };
    const tree_result done = io->run(rmtree(root_, how));
    EXPECT_TRUE(done) << "what is not wanted is no failure";
    EXPECT_TRUE(exists(root_ + "/d/fifo"));
    EXPECT_FALSE(exists(root_ + "/a"));
    EXPECT_FALSE(exists(root_ + "/d/up"));
    EXPECT_EQ(removed.size(), 6U);
    EXPECT_TRUE(std::find(removed.begin(), removed.end(), root_ + "/a/b/file") != removed.end());
}

TEST_P(Trees, RmtreeAsksOnceAboutAnEmptyDirectory) {
    auto io = make_context();
    fs::create_directory(root_ + "/empty");
    std::multiset<std::string> asked;
    rmtree_options how;
    how.confirm = [&asked](const tree_entry& entry, bool) { return asked.emplace(entry.path), true; };
    EXPECT_TRUE(io->run(rmtree(root_, how)));
    EXPECT_EQ(asked.count(root_ + "/empty"), 1U);
    EXPECT_EQ(asked.count(root_ + "/a"), 2U);
    asked.clear();
    fs::create_directory(root_);
    EXPECT_TRUE(io->run(rmtree(root_, how)));
    EXPECT_EQ(asked.size(), 1U);
}

TEST_P(Trees, RmtreeKeepsADirectoryThatIsWantedThoughAllInItIsNot) {
    auto io = make_context();
    const std::string kept = root_ + "/a/b";
    std::multiset<std::string> asked;
    rmtree_options how;
    how.confirm = [&](const tree_entry& entry, bool descend) {
        asked.emplace(entry.path);
        return descend || entry.path != kept;
    };
    const tree_result done = io->run(rmtree(root_, how));
    EXPECT_TRUE(done) << "what is not wanted is no failure";
    EXPECT_EQ(expected(), (std::set<std::string>{root_, root_ + "/a", kept}));
    EXPECT_EQ(done.directories, 2U);
    EXPECT_EQ(done.others, 4U);
    EXPECT_EQ(asked.count(kept), 2U);
    EXPECT_EQ(asked.count(root_), 1U) << "it cannot go, so nobody is asked";
}

TEST_P(Trees, RmtreeAsksAboutEachOfManyNamesOnce) {  // whether there are any was looked at before
    auto io = make_context();
    const std::string many = root_ + "/many/";
    fs::create_directory(many);
    for (int i = 0; i < 100; ++i)
        std::ofstream(many + std::string(100, 'n') + std::to_string(i)) << i;
    std::multiset<std::string> asked;
    rmtree_options how;
    how.confirm = [&asked](const tree_entry& entry, bool) { return asked.emplace(entry.path), true; };
    const tree_result done = io->run(rmtree(root_ + "/many", how));
    EXPECT_TRUE(done);
    EXPECT_EQ(done.others, 100U);
    EXPECT_EQ(asked.size(), 102U);
    EXPECT_EQ(std::set<std::string>(asked.begin(), asked.end()).size(), 101U);
    EXPECT_EQ(asked.count(root_ + "/many"), 2U);
    EXPECT_FALSE(exists(root_ + "/many"));
}

TEST_P(Trees, WhatOthersCreateMeanwhileIsRemovedInThreePasses) {  // T-8
    auto io = make_context();
    int created = 0;
    int limit = 2;
    rmtree_options how;
    how.removed = [&](const tree_entry& entry) {
        if (entry.type == file_type::directory || created == limit) return;
        std::ofstream(root_ + "/new" + std::to_string(++created)) << "new";
    };
    EXPECT_TRUE(io->run(rmtree(root_, how))) << "somebody who ends";
    fs::create_directory(root_);
    std::ofstream(root_ + "/first") << "text";
    created = 0;
    limit = 100'000;
    const tree_result done = io->run(rmtree(root_, how));
    EXPECT_EQ(done.error(), std::errc::directory_not_empty);
    EXPECT_LE(done.others, 10U) << "and somebody who does not";
    EXPECT_TRUE(exists(*tree_ / "outside"));
}

TEST_P(Trees, AStopTokenStopsBetweenEntries) {
    auto io = make_context();
    grow(60);
    std::stop_source stop;
    rmtree_options how;
    how.tree.limit = 1;
    how.removed = [&stop](const tree_entry&) { stop.request_stop(); };
    const tree_result done = io->run(rmtree(root_, how).with({.stop = stop.get_token()}));
    EXPECT_EQ(done.error(), std::errc::operation_canceled);
    EXPECT_LT(done.others, 3000U);
    EXPECT_TRUE(exists(root_));
}

TEST_P(Trees, AWishToStopAtTheFirstFailureIsHeard) {
    auto io = make_context();
    grow(20);
    std::set<std::string> seen;
    walk_options how;
    how.tree.failed = [](const tree_failure&) { return on_failure::stop; };
    const tree_result done = io->run(walk(root_ + "/missing", [](const walk_batch&) {}, how));
    EXPECT_EQ(done.error(), std::errc::no_such_file_or_directory);
}

TEST_P(Trees, AFunctionThatThrowsEndsItAndIsHeard) {  // M-6
    auto io = make_context();
    grow(30);
    const auto enough = [](const walk_batch&) { throw std::runtime_error("enough"); };
    EXPECT_THROW(static_cast<void>(io->run(walk(root_, enough))), std::runtime_error);
}

TEST_P(Trees, WalkFindsEverythingOnceParentsFirst) {
    auto io = make_context();
    grow(12);
    for (const walk_order order : {walk_order::found, walk_order::breadth}) {
        std::set<std::string> found;
        unsigned depth = 0;
        walk_options how;
        how.order = order;
        how.by_inode = true;
        how.status = true;
        const tree_result done = io->run(walk(
            root_,
            [&](const walk_batch& batch) {
                for (const walk_entry entry : batch) {
                    EXPECT_TRUE(found.emplace(entry.path).second) << entry.path << " twice";
                    EXPECT_TRUE(entry.path.ends_with(entry.name));
                    EXPECT_EQ(entry.depth, static_cast<unsigned>(std::count(
                                               entry.path.begin() + static_cast<std::ptrdiff_t>(root_.size()),
                                               entry.path.end(), '/')));
                    EXPECT_TRUE(entry.depth == 0 || found.contains(fs::path(entry.path).parent_path()))
                        << entry.path;
                    EXPECT_TRUE(order == walk_order::found || entry.depth >= depth) << entry.path;
                    depth = entry.depth;
                    ASSERT_TRUE(entry.status);
                    EXPECT_EQ(entry.status->inode, entry.inode);
                    EXPECT_EQ(entry.status->type(), entry.type);
                }
            },
            how));
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_EQ(found, expected());
        EXPECT_EQ(done.directories + done.others, found.size());
    }
}

TEST_P(Trees, WalkGoesOnWhereItStoodInADirectoryThatWasClosedMeanwhile) {
    auto io = make_context();
    const std::string large = root_ + "/large/";  // more than is read at once, and deep directories among it
    const std::string long_name(200, 'n');
    for (int i = 0; i < 600; ++i) {
        const std::string each = large + long_name + std::to_string(i);
        fs::create_directories(i % 3 ? each : each + "/a/b/c/d/e");
    }
    walk_options how;
    how.tree.descriptors = 4;
    how.tree.limit = 1;
    for (const walk_order order : {walk_order::found, walk_order::breadth}) {
        how.order = order;
        unsigned depth = 0;
        std::set<std::string> found;
        const auto find = [&](const walk_batch& batch) {
            for (const walk_entry entry : batch) {
                EXPECT_TRUE(found.emplace(entry.path).second) << entry.path << " twice";
                EXPECT_TRUE(order == walk_order::found || entry.depth >= depth) << entry.path;
                depth = entry.depth;
            }
        };
        EXPECT_TRUE(io->run(walk(root_, find, how)));
        EXPECT_EQ(found, expected());
        // The same, stopped at the first entry of the third level.
        found.clear();
        depth = 0;
        std::stop_source stop;
        const auto find_some = [&](const walk_batch& batch) {
            find(batch);
            if (depth > 2) stop.request_stop();
        };
        const tree_result stopped = io->run(walk(root_, find_some, how).with({.stop = stop.get_token()}));
        EXPECT_EQ(stopped.error(), std::errc::operation_canceled);
        EXPECT_LT(found.size(), expected().size());
    }
}

TEST_P(Trees, WhatIsGoneWhenItsTurnComesIsAFailureAndTheRestIsWalked) {
    auto io = make_context();
    constexpr int width = 60;
    for (int i = 0; i < width; ++i)
        fs::create_directories(root_ + "/wide/" + std::to_string(i) + "/a/b");
    std::set<std::string> moved;
    std::set<std::string> found;
    std::set<std::string> failed;
    walk_options how;
    how.order = walk_order::breadth;
    how.tree.descriptors = 4;  // most are closed until their turn comes
    how.tree.limit = 1;
    how.filter = [&](const walk_entry& entry) {  // the first of the last level: all others go away
        if (entry.name == "b" && entry.depth == 4 && moved.empty()) {
            const std::string here(entry.path);
            for (int i = 0; i < width; ++i) {
                const std::string other = root_ + "/wide/" + std::to_string(i);
                if (here.starts_with(other + "/")) continue;
                fs::rename(other, *tree_ / ("moved" + std::to_string(i)));
                moved.emplace(other);
            }
        }
        return walk_choice::take;
    };
    how.tree.failed = [&](const tree_failure& failure) {
        failed.emplace(failure.path);
        return on_failure::go_on;
    };
    const auto take = [&](const walk_batch& batch) {
        for (const walk_entry entry : batch)
            if (entry.name == "b" && entry.depth == 4) found.emplace(entry.path);
    };
    const tree_result done = io->run(walk(root_, take, how));
    EXPECT_EQ(done.error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(moved.size(), width - 1U);
    EXPECT_EQ(found.size() + failed.size(), std::size_t(width)) << "what was still open is walked";
    EXPECT_GE(failed.size(), width - 5U);
    for (const std::string& each : failed)
        EXPECT_TRUE(moved.contains(each)) << each;
    EXPECT_TRUE(io->flush());
}

TEST_P(Trees, WalkObeysItsFilter) {
    auto io = make_context();
    std::set<std::string> found;
    walk_options how;
    how.filter = [](const walk_entry& entry) {
        if (entry.name == "a") return walk_choice::only_in;
        if (entry.name == "b") return walk_choice::only_it;
        if (entry.name == "d") return walk_choice::neither;
        return walk_choice::take;
    };
    EXPECT_TRUE(io->run(walk(
        root_,
        [&](const walk_batch& batch) {
            for (const walk_entry entry : batch)
                found.emplace(entry.path);
        },
        how)));
    EXPECT_EQ(found, (std::set<std::string>{root_, root_ + "/a/b", root_ + "/a/file"}));
}

TEST_P(Trees, WantOfMemoryInAFunctionIsTheirs) {
    auto io = make_context();
    const tree_result done = io->run(walk(root_, [](const walk_batch&) -> void { throw std::bad_alloc(); }));
    EXPECT_EQ(done.error(), std::errc::not_enough_memory);
    EXPECT_TRUE(io->flush());
}

TEST_P(Trees, AFilterSeesThePathsThatAreGiven) {
    auto io = make_context();
    for (const std::string& root : {root_, root_ + '/'}) {
        std::set<std::string> asked;
        std::set<std::string> given;
        walk_options how;
        how.tree.limit = 1;
        how.filter = [&asked](const walk_entry& entry) {
            asked.emplace(entry.path);
            return walk_choice::take;
        };
        const auto take = [&given](const walk_batch& batch) {
            for (const walk_entry entry : batch)
                given.emplace(entry.path);
        };
        EXPECT_TRUE(io->run(walk(root, take, how)));
        EXPECT_EQ(asked, given);
        EXPECT_TRUE(asked.contains(root_ + "/a/file"));
    }
}

task<std::size_t> count_batches(std::string root, std::size_t at_most, std::set<std::string>* found) {
    tree_walk tree(root);
    std::size_t batches = 0;
    while (batches < at_most) {
        auto batch = co_await tree.next();
        if (!batch) break;
        EXPECT_FALSE(batch->empty());
        for (const walk_entry entry : *batch)
            found->emplace(entry.path);
        ++batches;
    }
    co_return batches;
}

task<tree_result> walk_moved(std::string root, std::set<std::string>* found) {
    tree_walk made(root);
    tree_walk other = std::move(made);
    made = std::move(other);
    while (auto batch = co_await made.next())
        for (auto each = batch->begin(); each != batch->end();) {
            const walk_entry entry = *each++;
            found->emplace(entry.path);
        }
    const tree_result once = made.result();
    EXPECT_EQ(once.error(), made.result().error());  // it stays
    co_return made.result();
}

TEST_P(Trees, AWalkTellsItsResultWhenItIsOver) {
    auto io = make_context();
    std::set<std::string> found;
    const tree_result done = io->run(walk_moved(root_, &found));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(found, expected());
    EXPECT_EQ(done.directories + done.others, found.size());
    EXPECT_EQ(io->run(walk_moved(root_ + "/none", &found)).error(), std::errc::no_such_file_or_directory);
}

TEST_P(Trees, WalkIsAwaitedBatchByBatch) {
    auto io = make_context();
    grow(40);
    std::set<std::string> found;
    EXPECT_GE(io->run(count_batches(root_, 1000, &found)), 1U);
    EXPECT_EQ(found, expected());
    EXPECT_EQ(io->run(count_batches(root_, 1, &found)), 1U) << "a walk that is left early";
}

task<tree_result> options_in_place(std::string root, std::size_t* found) {
    co_return co_await walk(root, [found](const walk_batch& batch) { *found += batch.size(); },
                            {.by_inode = true, .filter = [](const walk_entry& entry) {
                                 return entry.type == file_type::fifo ? walk_choice::neither
                                                                      : walk_choice::take;
                             }});
}

TEST_P(Trees, OptionsMayBeWrittenWhereTheyAreUsed) {  // what g++ 12 destroys twice, if it is not trivial
    auto io = make_context();
    std::size_t found = 0;
    EXPECT_TRUE(io->run(options_in_place(root_, &found)));
    EXPECT_EQ(found, expected().size() - 1);
}

TEST_P(Trees, DiskUsageCountsAFileOnce) {
    auto io = make_context();
    tree_->write("root/a/big", std::string(100'000, 'x'));
    fs::create_hard_link(root_ + "/a/big", root_ + "/a/b/again");
    std::uint64_t sum = 0;
    std::uint64_t of_root = 0;
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
    for (const std::string& each : expected()) {
        struct stat status = {};
        ::lstat(each.c_str(), &status);
        if (seen.emplace(status.st_dev, status.st_ino).second)
            sum += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    disk_usage_options how;
    how.directory = [&of_root](const directory_usage& of) {
        if (of.depth == 0) of_root = of.bytes;
    };
    const tree_result found = io->run(disk_usage(root_, how));
    EXPECT_TRUE(found);
    EXPECT_EQ(found.bytes, sum);
    EXPECT_EQ(of_root, sum);
    EXPECT_EQ(found.directories + found.others, expected().size());
}

TEST_P(Trees, DiskUsageOfALinkIsTheLinks) {
    auto io = make_context();
    const std::string link = root_ + "/d/up";
    EXPECT_EQ(io->run(disk_usage(link, {.apparent_size = true})).bytes,
              fs::read_symlink(link).string().size());
    EXPECT_EQ(io->run(disk_usage(root_ + "/d/fifo", {.apparent_size = true})).bytes, 0U);
}

TEST_P(Trees, DiskUsageCountsTreesInTreesOnce) {
    auto io = make_context();
    const tree_result whole = io->run(disk_usage(root_));
    const tree_result part = io->run(disk_usage(root_ + "/a/b"));
    counted_files counted;
    for (const std::string& root : {root_, root_ + "/a/b"})
        counted.add_root(io->run(lstat(root)).value());
    disk_usage_options how;
    how.counted = &counted;
    EXPECT_EQ(io->run(disk_usage(root_ + "/a/b", how)).bytes, part.bytes);
    EXPECT_EQ(io->run(disk_usage(root_, how)).bytes, whole.bytes - part.bytes);
    const tree_result again = io->run(disk_usage(root_, how));
    EXPECT_TRUE(again);
    EXPECT_EQ(again.directories + again.others, 0U);
}

TEST_P(Trees, ChmodTreeChangesWhatItIsToldAndNoLinksTarget) {
    auto io = make_context();
    const std::string outside = *tree_ / "outside";
    ::chmod(outside.c_str(), 0644);
    fs::create_symlink(outside, root_ + "/a/link");
    EXPECT_TRUE(io->run(chmod_tree(root_, 0711, 0640)));
    const auto mode = [](const std::string& path) {
        struct stat status = {};
        ::lstat(path.c_str(), &status);
        return status.st_mode & 07777U;
    };
    EXPECT_EQ(mode(root_), 0711U);
    EXPECT_EQ(mode(root_ + "/a/b/c"), 0711U);
    EXPECT_EQ(mode(root_ + "/a/b/file"), 0640U);
    EXPECT_EQ(mode(root_ + "/d/fifo"), 0640U);
    EXPECT_EQ(mode(outside), 0644U);
    EXPECT_TRUE(io->run(chmod_tree(root_, keep_mode, 0600)));
    EXPECT_EQ(mode(root_ + "/a"), 0711U);
    EXPECT_EQ(mode(root_ + "/a/file"), 0600U);
    EXPECT_TRUE(io->run(chown_tree(root_, ::geteuid(), keep)));
    EXPECT_EQ(io->run(chown_tree(root_, -1, keep)).error(), std::errc::invalid_argument);
    EXPECT_EQ(io->run(chown_tree(root_, keep, -1)).error(), std::errc::invalid_argument);
    EXPECT_TRUE(io->run(chmod_tree(root_, 0, 0))) << "it does not lock itself out";
    EXPECT_EQ(mode(root_), 0U);
    ::chmod(root_.c_str(), 0700);
    for (const char* below : {"/a", "/a/b", "/a/b/c"})  // nothing is set wider to go in
        ::chmod((root_ + below).c_str(), 0700);
    EXPECT_TRUE(io->run(chmod_tree(root_ + "/a", 0700, 0600)));
}

TEST_P(Trees, ProgressComesInPoll) {
    auto io = make_context();
    grow(30);
    tree_progress last;
    std::size_t calls = 0;
    disk_usage_options how;
    how.tree.progress = [&](const tree_progress& now) {
        EXPECT_GE(now.others, last.others);
        last = now;
        ++calls;
    };
    const tree_result done = io->run(disk_usage(root_, how));
    EXPECT_GE(calls, 1U);
    EXPECT_EQ(last.others, done.others);
    EXPECT_EQ(last.bytes, done.bytes);
}

TEST_P(Trees, SeveralAtOnceAndDroppedOnes) {
    auto io = make_context();
    grow(20);
    std::size_t found = 0;
    for (int i = 0; i < 4; ++i)
        io->submit(walk(root_, [&found](const walk_batch& batch) { found += batch.size(); }));
    io->flush();
    EXPECT_EQ(found, 4 * expected().size());
    request dropped = io->submit(rmtree(root_), [](const tree_result&) { FAIL(); });
    io->poll();
    dropped.forget();
    io->flush();
}

TEST_P(Trees, OfAContextThatIsDestroyedAreLeftBetweenTwoEntries) {  // C-DESTROY
    grow(20);
    const auto owned = std::make_shared<int>();
    std::latch entered(1);
    std::latch released(1);
    std::size_t left = expected().size();
    {
        const steps blocks([&, calls = 0](int, std::string_view name) mutable {
            if (name != "file" || calls++) return;
            left = expected().size() - 1;
            entered.count_down();
            released.wait();
        });
        {
            auto io = make_context();
            rmtree_options how;
            how.tree.limit = 1;
            io->submit(rmtree(root_, how), [owned](const tree_result&) { ADD_FAILURE(); });
            io->poll();
            if (GetParam().has_threads) entered.wait();
        }  // waits for nothing
        EXPECT_EQ(owned.use_count(), 1);
        released.count_down();
        const auto works = [](const std::string& name) { return name.ends_with("/aio"); };
        EXPECT_TRUE(eventually([&] { return std::ranges::none_of(names_of_other_threads(), works); }));
    }
    EXPECT_EQ(expected().size(), left);
    EXPECT_TRUE(exists(*tree_ / "outside"));
}

AIO_ON_EVERY_ENGINE(Trees);

TEST(TreeOptions, AFunctionThatIsANullPointerIsNone) {
    void (*const nobody)(const tree_progress&) = nullptr;
    const tree_options how{.progress = nobody};
    EXPECT_FALSE(how.progress);
    EXPECT_TRUE(tree_options{.progress = [](const tree_progress&) {}}.progress);
}

}  // namespace

}  // namespace aio::test
