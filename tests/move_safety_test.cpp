// SPDX-License-Identifier: MIT
// What a move between file systems promises beyond its result: source or copy is complete, nothing is removed
// that was not copied, nothing else is left behind.
#include "support/child.hpp"
#include "support/leaks.hpp"
#include "support/system_calls.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <sys/mount.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

namespace aio::test {

namespace {

namespace fs = std::filesystem;

class MoveSafety : public leak_checked {
  protected:
    void SetUp() override {
        leak_checked::SetUp();
        if (!other_) GTEST_SKIP() << "there is one file system";
        tree_.emplace();
        file_ = tree_->write("file", "text");
    }
    void TearDown() override {
        if (tree_) {
            EXPECT_EQ(temporary_files_in(*tree_) + temporary_files_in(*other_), 0);
        }
        tree_.reset();
        other_.reset();
        leak_checked::TearDown();
    }
    [[nodiscard]] std::string path(std::string_view name) const { return *tree_ / name; }
    [[nodiscard]] std::string there(std::string_view name) const { return *other_ / name; }

    static std::ptrdiff_t temporary_files_in(const temporary_tree& tree) {
        return std::count_if(fs::recursive_directory_iterator(tree.root()), {}, [](const auto& each) {
            return each.path().filename().string().starts_with(".aio-");
        });
    }

    std::optional<temporary_tree> tree_;
    std::optional<temporary_tree> other_ = elsewhere();
    std::string file_;
};

TEST_F(MoveSafety, RemovesNothingThatChangedSince) {
    context io;
    copy_options how;
    how.copied = [](const copy_entry& each) {
        if (each.type == file_type::regular) std::ofstream(std::string(each.from), std::ios::app) << "!";
    };
    const tree_result single = io.run(aio::move(file_, there("file"), how));
    EXPECT_EQ(single.error(), std::error_code(ESTALE, std::system_category()));
    EXPECT_EQ(content_of(file_), "text!");
    EXPECT_EQ(content_of(there("file")), "text");

    fs::create_directory(path("tree"));
    tree_->write("tree/file", "text");
    const tree_result whole = io.run(aio::move(path("tree"), there("tree"), how));
    EXPECT_EQ(whole.error(), std::error_code(ESTALE, std::system_category()));
    EXPECT_EQ(content_of(path("tree/file")), "text!");
    EXPECT_EQ(content_of(there("tree/file")), "text");
}

TEST_F(MoveSafety, KeepsWhatWasWrittenBetweenTwoNames) {
    fs::create_directory(path("tree"));
    fs::create_hard_link(tree_->write("tree/a", "text"), path("tree/b"));
    context io;
    copy_options how;
    how.tree.limit = 1;
    how.copied = [first = true](const copy_entry& each) mutable {
        if (each.type != file_type::regular || !std::exchange(first, false)) return;
        std::ofstream(std::string(each.from), std::ios::app) << "!";
    };
    const tree_result whole = io.run(aio::move(path("tree"), there("tree"), how));
    EXPECT_EQ(whole.error(), std::error_code(ESTALE, std::system_category()));
    for (const char* name : {"tree/a", "tree/b"}) {
        EXPECT_EQ(content_of(path(name)), "text!") << name;
        EXPECT_EQ(content_of(there(name)), "text") << name;
    }
}

TEST_F(MoveSafety, RemovesNothingThatItCannotLookAt) {
    fs::create_directory(path("tree"));
    tree_->write("tree/file", "text");
    context io;
    copy_options how;
    bool is_copied = false;
    how.copied = [&](const copy_entry& each) { is_copied |= each.type == file_type::regular; };
    const judged_system_calls refuses(
        {tree_->root()}, [&](std::string_view call, const std::string& of, auto) {
            return fault{.error = is_copied && call == "statx" && of == path("tree/file") ? EIO : 0};
        });
    const tree_result moved = io.run(aio::move(path("tree"), there("tree"), how));
    EXPECT_EQ(moved.error(), std::errc::io_error);
    EXPECT_EQ(content_of(path("tree/file")), "text");
}

TEST_F(MoveSafety, RemovesNoOtherDirectoryThatTookTheName) {
    fs::create_directory(path("tree"));
    context io;
    int renames = 0;
    const judged_system_calls swaps({other_->root()}, [&](std::string_view call, const std::string&, auto) {
        if (call == "renameat2" && ++renames == 2) {  // the first was in vain, before the copy
            fs::rename(path("tree"), path("moved"));
            fs::create_directory(path("tree"));
        }
        return fault();
    });
    const tree_result moved = io.run(aio::move(path("tree"), there("tree")));
    EXPECT_EQ(moved.error(), std::error_code(ESTALE, std::system_category()));
    EXPECT_TRUE(exists(path("tree")));
}

TEST_F(MoveSafety, LeavesNothingIfAFunctionThrows) {
    fs::create_directory(path("tree"));
    tree_->write("tree/file", "text");
    context io;
    copy_options in_poll;
    in_poll.tree.progress = [](const tree_progress&) { throw std::domain_error("progress"); };
    EXPECT_THROW(static_cast<void>(io.run(aio::move(path("tree"), there("tree"), in_poll))),
                 std::domain_error);
    EXPECT_TRUE(fs::is_empty(other_->root()));
    copy_options on_a_worker;
    on_a_worker.copied = [](const copy_entry&) { throw std::domain_error("copied"); };
    EXPECT_EQ(io.run(aio::move(path("tree"), there("tree"), on_a_worker)).error(),
              std::errc::state_not_recoverable);
    EXPECT_TRUE(fs::is_empty(other_->root()));
    EXPECT_EQ(content_of(path("tree/file")), "text");
}

TEST_F(MoveSafety, KnowsBeforeItCopiesWhatItMayNotReplace) {
    context io;
    fs::create_directories(path("tree"));
    fs::create_directories(there("full/directory"));
    const std::string taken = other_->write("file", "there");
    copy_options how;
    how.copied = [](const copy_entry& each) { ADD_FAILURE() << each.from; };
    const auto refused = [&](const std::string& from, const std::string& to) {
        const tree_result moved = io.run(aio::move(from, to, how));
        return moved.error();
    };
    EXPECT_EQ(refused(path("tree"), there("full")), std::errc::directory_not_empty);
    EXPECT_EQ(refused(path("tree"), taken), std::errc::not_a_directory);
    EXPECT_EQ(refused(file_, there("full")), std::errc::is_a_directory);
    how.existing = on_existing::fail;
    EXPECT_EQ(refused(file_, taken), std::errc::file_exists);
}

TEST_F(MoveSafety, ForkedByWayOfAnotherMountOfTheSameDirectoryIsRefused) {
    fs::create_directories(path("one/empty"));
    fs::create_directory(path("two"));
    tree_->write("one/file", "text");
    const child_end end = run_in_child([this] {
        own_mounts();
        require(::mount(path("one").c_str(), path("two").c_str(), nullptr, MS_BIND, nullptr) == 0);
        context io;
        for (const char* name : {"empty", "file"})
            require(io.run(aio::move(path("one/") + name, path("two/") + name)).error() ==
                    std::errc::invalid_argument);
    });
    if (end.status == not_permitted) GTEST_SKIP() << "no mount namespace";
    EXPECT_EQ(unexpected_end(end), "") << end.output;
    EXPECT_TRUE(exists(path("one/empty")));
    EXPECT_EQ(content_of(path("one/file")), "text");
}

TEST_F(MoveSafety, StoppedLeavesTheSourceAndNothingElse) {
    fs::create_directory(path("tree"));
    for (int i = 0; i < 300; ++i)
        tree_->write("tree/" + std::to_string(i), "text");
    context io;
    std::stop_source stop;
    copy_options how;
    how.tree.limit = 1;
    how.copied = [&stop](const copy_entry&) { stop.request_stop(); };
    const tree_result done =
        io.run(aio::move(path("tree"), there("tree"), how).with({.stop = stop.get_token()}));
    EXPECT_EQ(done.error(), std::errc::operation_canceled);
    EXPECT_TRUE(fs::is_empty(other_->root()));
    EXPECT_EQ(std::distance(fs::directory_iterator(path("tree")), fs::directory_iterator()), 300);
}

TEST_F(MoveSafety, ReportsTheNamesThatItWasGiven) {
    context io;
    const std::string to = there("moved");
    std::size_t failures = 0;
    bool has_failed = true;
    for (int n = 0; has_failed; ++n) {
        const std::string from = path("tree" + std::to_string(n));
        fs::create_directory(from);
        std::ofstream(from + "/file") << "text";
        copy_options how;
        how.copied = [&to](const copy_entry& each) { EXPECT_TRUE(each.to.starts_with(to)) << each.to; };
        const failing_system_call fails({other_->root()}, {.error = EIO}, n);
        for (const tree_failure& each : io.run(aio::move(from, to, how)).failures) {
            EXPECT_TRUE(each.path.starts_with(to) || each.path.starts_with(from)) << each.path;
            ++failures;
        }
        has_failed = !fails.happened().empty();
        fs::remove_all(to);
    }
    EXPECT_GT(failures, 5U);
}

}  // namespace

}  // namespace aio::test
