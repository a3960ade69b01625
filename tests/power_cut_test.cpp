// SPDX-License-Identifier: MIT
// What the disk may hold when the power fails, at each system call of what is durable.
#include "support/engines.hpp"
#include "support/steps.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <set>

namespace aio::test {

namespace {

namespace fs = std::filesystem;

/// All that may be found under a name: contents, or nothing at all.
using outcomes = std::set<std::optional<std::string>>;

/// Below a directory, what the disk may hold. Of a file: what was in it when it was synced, or anything
/// since; of a name: the file that it had when its directory was synced, or any that it had since, or none.
/// Each by itself, in whatever order: the worst that a file system may do.
class disk {
  public:
    explicit disk(fs::path root) : root_(std::move(root)), top_(inode_of(root_)) {
        look();
        for (auto& [name, files] : names_)
            files.erase(nothing);
        for (auto& [file, contents] : contents_)
            contents.erase("");
    }

    /// Notes what has changed.
    void look() {
        now_.clear();
        look_into(root_, top_);
        for (const auto& [name, file] : now_)
            names_.try_emplace(name, std::set{nothing}).first->second.insert(file);
        for (auto& [name, files] : names_)
            if (!now_.contains(name)) files.insert(nothing);
    }
    void sync(int fd) {
        look();
        struct ::stat found = {};
        ASSERT_EQ(::fstat(fd, &found), 0);
        // A file may have no name yet.
        if (S_ISREG(found.st_mode))
            contents_[found.st_ino] = {content_of("/proc/self/fd/" + std::to_string(fd))};
        for (auto& [name, files] : names_) {
            if (name.first != found.st_ino) continue;
            const auto there = now_.find(name);
            files = {there == now_.end() ? nothing : there->second};
        }
    }
    [[nodiscard]] outcomes possible(const fs::path& name) const {
        std::set<ino_t> found = {top_};
        for (const auto& part : name) {
            std::set<ino_t> next;
            for (const ino_t directory : found) {
                const auto of = names_.find({directory, part});
                if (of == names_.end())
                    next.insert(nothing);
                else
                    next.insert(of->second.begin(), of->second.end());
            }
            found = std::move(next);
        }
        outcomes all;
        for (const ino_t file : found) {
            if (file == nothing)
                all.insert(std::nullopt);
            else
                all.insert(contents_.at(file).begin(), contents_.at(file).end());
        }
        return all;
    }

  private:
    using entry = std::pair<ino_t, std::string>;  // its directory, and its name there
    static constexpr ino_t nothing = 0;

    static ino_t inode_of(const fs::path& path) {
        struct ::stat found = {};
        return ::lstat(path.c_str(), &found) == 0 ? found.st_ino : nothing;
    }
    void look_into(const fs::path& directory, ino_t number) {
        for (const auto& each : fs::directory_iterator(directory)) {
            const ino_t file = inode_of(each.path());
            now_[{number, each.path().filename()}] = file;
            if (each.is_directory()) {
                look_into(each.path(), file);
            } else {
                auto& contents = contents_.try_emplace(file, std::set<std::string>{""}).first->second;
                contents.insert(content_of(each.path()));
            }
        }
    }

    const fs::path root_;
    const ino_t top_;
    std::map<entry, ino_t> now_;
    std::map<entry, std::set<ino_t>> names_;
    std::map<ino_t, std::set<std::string>> contents_;
};

/// Before each system call, and before what is synced counts as being on the disk.
template <class Look>
steps watch(disk& kept, Look& look) {
    return steps([&look](int, std::string_view) { look(); },
                 [&kept, &look](int fd) {
                     look();
                     kept.sync(fd);
                 });
}

class PowerCut : public engine_test {
  protected:
    void SetUp() override {
        engine_test::SetUp();
        tree_.emplace(in_memory());
        outside_.emplace();
    }
    void TearDown() override {
        tree_.reset();
        outside_.reset();
        engine_test::TearDown();
    }

    /// At every step of `work` the power fails: under `name` there must be one of `allowed`, and `wanted`
    /// once it is done.
    template <class Work>
    void fails_during(Work work, const std::string& name, const outcomes& allowed, const outcomes& wanted) {
        auto io = make_context();
        disk kept(tree_->root());
        int looks = 0;
        const auto look = [&] {
            kept.look();
            ++looks;
            for (const auto& each : kept.possible(name))
                EXPECT_TRUE(allowed.contains(each))
                    << "at step " << looks << ": " << each.value_or("nothing");
        };
        {
            const steps each = watch(kept, look);
            work(*io);
        }
        kept.look();
        EXPECT_EQ(kept.possible(name), wanted);
        EXPECT_GE(looks, 2);
    }

    std::optional<temporary_tree> tree_;
    std::optional<temporary_tree> outside_;
};

TEST_P(PowerCut, StoreLeavesTheOldFileOrTheNew) {
    tree_->write("f", "old");
    fails_during([&](context& io) { EXPECT_TRUE(io.run(store(*tree_ / "f", "new text"))); }, "f",
                 {"old", "new text"}, {"new text"});
    fails_during([&](context& io) { EXPECT_TRUE(io.run(store(*tree_ / "g", "text"))); }, "g",
                 {std::nullopt, "text"}, {"text"});
}

TEST_P(PowerCut, AppendKeepsWhatWasThere) {
    const append_options how{.durable = true};
    tree_->write("f", "old");
    fails_during([&](context& io) { EXPECT_TRUE(io.run(append(*tree_ / "f", ", new", how))); }, "f",
                 {"old", "old, new"}, {"old, new"});
    fails_during([&](context& io) { EXPECT_TRUE(io.run(append(*tree_ / "g", "text", how))); }, "g",
                 {std::nullopt, "", "text"}, {"text"});
}

TEST_P(PowerCut, WhatWasSyncedStays) {  // R-PATHSYNC
    const std::string path = tree_->write("f", "old");
    const auto work = [&](context&) {
        context io(context_options{.routes = routes_used::threads});  // a ring's fsync is not seen from here
        std::ofstream(path) << "new text";
        EXPECT_TRUE(io.run(pathsync(path)));
    };
    fails_during(work, "f", {"", "old", "new text"}, {"new text"});
}

TEST_P(PowerCut, ACopyIsCompleteWhenItHasItsName) {
    copy_options how;
    how.durable = true;
    const std::string source = outside_->write("source", "new text");
    tree_->write("f", "old");
    fails_during([&](context& io) { EXPECT_TRUE(io.run(aio::copy(source, *tree_ / "f", how))); }, "f",
                 {"old", "new text"}, {"new text"});
    fails_during([&](context& io) { EXPECT_TRUE(io.run(aio::copy(source, *tree_ / "g", how))); }, "g",
                 {std::nullopt, "new text"}, {"new text"});
    how.existing = on_existing::in_place;
    fails_during([&](context& io) { EXPECT_TRUE(io.run(aio::copy(source, *tree_ / "f", how))); }, "f",
                 {"", "new text"}, {"new text"});
}

TEST_P(PowerCut, ACopiedTreeIsThereWhenItIsDone) {
    copy_options how;
    how.durable = true;
    fs::create_directories(*outside_ / "tree/a/b");
    outside_->write("tree/a/b/f", "text");
    fails_during(
        [&](context& io) { EXPECT_TRUE(io.run(copy_tree(*outside_ / "tree", *tree_ / "tree", how))); },
        "tree/a/b/f", {std::nullopt, "text"}, {"text"});
}

TEST_P(PowerCut, AMoveRemovesOnlyWhatIsThereForGood) {
    copy_options how;
    how.durable = true;
    fs::create_directories(*outside_ / "tree/a");
    if (is_same_file_system(outside_->root(), tree_->root())) GTEST_SKIP() << "there is one file system";
    const std::string source = outside_->write("tree/a/f", "text");
    auto io = make_context();
    disk kept(tree_->root());
    const auto look = [&] {
        kept.look();
        if (fs::exists(source)) return;
        EXPECT_EQ(kept.possible("tree/a/f"), outcomes{"text"});
    };
    const steps each = watch(kept, look);
    EXPECT_TRUE(io->run(aio::move(*outside_ / "tree", *tree_ / "tree", how)));
    EXPECT_FALSE(fs::exists(source));
    look();
}

AIO_ON_EVERY_ENGINE(PowerCut);

}  // namespace

}  // namespace aio::test
