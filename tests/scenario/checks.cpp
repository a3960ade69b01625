// SPDX-License-Identifier: MIT
// What must be when a scenario was played.
#include "scenario/scenario.hpp"

#include "support/leaks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace aio::test::scenarios {

namespace fs = std::filesystem;

void scenario::check() const {
    EXPECT_EQ(count_descriptors_below(at_.root()), 0U);
    check_outside();
    check_temporaries();
    check_files_are_whole();
    check_nothing_is_lost();
    for (const composite& each : program_) {
        std::string told = std::string(names[std::size_t(each.what)]) + " " + each.from + " " + each.to +
                           ": " + each.outcome.message();
        for (const tree_failure& failure : each.tree.failures)
            told.append("; ").append(failure.operation).append(" ").append(failure.path);
        SCOPED_TRACE(told);
        EXPECT_EQ(each.delivered, 1);
        EXPECT_TRUE(each.handle.done());
        check_report(each);
        if (!each.on.is_shared) check_effect(each);
    }
}

/// Nothing but what the program may make, and what links lead to is as it was.
void scenario::check_outside() const {
    EXPECT_EQ(look_at(bait_), bait_before_);
    const std::set<std::string> expected = {"tree", "file", "old", "new", "stored", "log"};
    for (const auto& each : fs::directory_iterator(at_.root()))
        EXPECT_TRUE(each.path() == bait_ || std::ranges::count(parts_, each.path().string(), &part::root))
            << each;
    for (const part& in : parts_)
        for (const auto& each : fs::directory_iterator(in.root))
            EXPECT_TRUE(expected.contains(each.path().filename().string()) ||
                        is_temporary(each.path().string()))
                << each;
}

/// What has a temporary name was to be removed, and could not be.
void scenario::check_temporaries() const {
    std::size_t unexplained = 0;
    for (const auto& [name, is] : look_at(at_.root())) {
        const bool is_one = name.substr(name.rfind('/') + 1).starts_with(".aio-");
        if (is_one && !unremoved_.contains(at_.root().string() + name)) ++unexplained;
    }
    EXPECT_LE(unexplained, unlink_faults_);
}

/// Whether it is made of whole pieces; of beginnings, too, if `partial`.
bool is_made_of(std::string_view content, const std::vector<std::string>& pieces, bool partial) {
    const auto common = [&](const std::string& piece) {
        return static_cast<std::size_t>(std::ranges::mismatch(piece, content).in1 - piece.begin());
    };
    while (!content.empty()) {
        std::size_t taken = 0;
        for (const std::string& piece : pieces)
            if (const auto n = common(piece); n == piece.size() || partial) taken = std::max(taken, n);
        if (taken == 0) return false;
        content.remove_prefix(taken);
    }
    return true;
}

/// Whoever replaces, moves or copies what: a file has the content that it had or was given, all of it.
void scenario::check_files_are_whole() const {
    for (const part& in : parts_) {
        std::vector<std::string> pieces;
        bool has_failed = false;
        for (const composite& each : program_)
            if (&each.on == &in && each.what == kind::append) {
                pieces.push_back(each.written);
                has_failed |= bool(each.outcome);
            }
        for (const auto& [name, is] : look_at(in.root)) {
            if (!is.is(S_IFREG) || (name == "/old" && !in.is_shared && !pieces.empty())) continue;
            if (std::string_view(name).substr(name.rfind('/') + 1).starts_with(".aio-")) continue;
            if (name == "/log")
                EXPECT_TRUE(is_made_of(is.content, pieces, has_failed));
            else
                EXPECT_TRUE(contents_.contains(is.content)) << in.root << name << ", " << is.content.size();
        }
    }
}

/// What several copy and move at once is still somewhere, unless somebody removes.
void scenario::check_nothing_is_lost() const {
    const part& shared = parts_.front();
    for (const composite& each : program_)
        if (&each.on == &shared && each.what == kind::rmtree) return;
    std::set<std::string> there;
    for (const auto& [name, is] : look_at(shared.root))
        there.insert(is.content);
    for (const snapshot& before : {shared.tree, shared.file})
        for (const auto& [name, was] : before)
            EXPECT_TRUE(there.contains(was.content)) << name;
}

/// Every failure is named, and nobody's but its own.
void scenario::check_report(const composite& each) const {
    const part& on = each.on;
    const bool is_there =
        each.what == kind::store ? !on.old.empty() : each.from.ends_with("file") && !on.old.empty();
    const auto is_possible = [&](const std::error_code& reason) {
        if (reason == std::errc::operation_canceled) return each.is_cancelled;
        if (reason == std::errc::timed_out) return each.is_timed;
        if (reason == std::errc::interrupted) return false;
        if (on.is_shared || on.faults.contains(reason.value())) return true;
        if (reason == std::errc::file_exists && each.fails_if_there && is_there) return true;
        return !each.is_of_tree() && operation_faults_.contains(reason.value());
    };
    EXPECT_TRUE(!each.outcome || is_possible(each.outcome));
    if (!each.is_of_tree()) return;
    const tree_result& is = each.tree;
    EXPECT_EQ(is.failures.size(), std::min<std::size_t>(is.failed, tree_result::failures_max));
    for (const tree_failure& failure : is.failures) {
        EXPECT_TRUE(failure.operation && *failure.operation);
        // What a move had to leave behind stands beside what it was to become.
        const bool is_left = is_temporary(failure.path) && failure.operation == std::string_view("remove");
        EXPECT_TRUE(is_within(failure.path, each.from) || is_within(failure.path, each.to) || is_left)
            << failure.path;
        // It is unlinked by an operation of its own, which meets what operations meet.
        EXPECT_TRUE(failure.reason && (is_possible(failure.reason) ||
                                       (is_left && operation_faults_.contains(failure.reason.value()))))
            << failure.operation << " " << failure.path << ": " << failure.reason.message();
    }
}

/// Whatever is not as wanted is named by a failure: by one of its names, or what it is in; or, if it was to
/// be removed, something in it.
void scenario::check_named(const composite& each, const snapshot& wanted, const snapshot& found) const {
    if (each.tree.stopped || each.tree.failed > tree_result::failures_max) return;
    const auto first_name = [&](const std::string& name) {
        const auto is = wanted.find(name);
        return is == wanted.end() || is->second.twin.empty() ? name : is->second.twin;
    };
    snapshot all = wanted;
    all.insert(found.begin(), found.end());
    for (const auto& [name, is] : all) {
        if (is_temporary(name)) continue;  // looked at elsewhere
        if (wanted.contains(name) && found.contains(name) && wanted.at(name).same_but_names(found.at(name)))
            continue;
        EXPECT_TRUE(std::ranges::any_of(each.tree.failures, [&](const tree_failure& failure) {
            if (is_temporary(failure.path)) return false;
            const std::string& root = is_within(failure.path, each.from) ? each.from : each.to;
            const std::string failed = failure.path.substr(root.size());
            return is_within(name, failed) || first_name(name) == first_name(failed) ||
                   (wanted.empty() && is_within(failed, name));
        })) << name;
    }
}

/// What has its name is complete, and nobody can do more with it than with its source.
void scenario::check_copy(const composite& each, const snapshot& from, const snapshot& old) const {
    EXPECT_EQ(look_at(each.from), from);
    const snapshot copied = look_at(each.to);
    if (!each.outcome) {
        EXPECT_EQ(copied, from);
        return;
    }
    if (copied == old && (each.what == kind::copy || copied.empty())) return;
    for (const auto& [name, is] : copied) {
        if (is_temporary(name)) continue;
        ASSERT_TRUE(from.contains(name)) << name;
        const seen& source = from.at(name);
        EXPECT_EQ(is.mode & S_IFMT, source.mode & S_IFMT) << name;
        EXPECT_EQ(is.content, source.content) << name;
        EXPECT_EQ(is.is(S_IFLNK) ? 0U : is.mode & 077U & ~source.mode, 0U) << name;
    }
    check_named(each, from, copied);
}

/// One side is complete, the other as it was, or what stays of it is named.
void scenario::check_move(const composite& each, const snapshot& from, const snapshot& old) const {
    const snapshot source = look_at(each.from);
    const snapshot moved = look_at(each.to);
    if (!each.outcome) {
        EXPECT_TRUE(source.empty());
        EXPECT_EQ(moved, from);
    } else if (moved == from) {
        check_named(each, {}, source);
    } else {
        EXPECT_EQ(source, from);
        EXPECT_EQ(moved, old);
    }
}

/// The old content or the new; of what was appended perhaps a part.
void scenario::check_written(const composite& each) const {
    const part& on = each.on;
    const std::string before = on.old.empty() ? "" : on.old.at("").content;
    const std::string now = content_of(each.to);
    const std::string after = each.what == kind::append ? before + each.written : each.written;
    if (!each.outcome) {
        EXPECT_EQ(now, after);
        EXPECT_TRUE(on.old.empty() || look_at(each.to).at("").mode == on.old.at("").mode);
    } else if (each.outcome == std::errc::operation_canceled) {
        EXPECT_EQ(look_at(each.to), on.old);
    } else if (each.what == kind::append) {
        EXPECT_TRUE(now.starts_with(before) && after.starts_with(now));
    } else {
        const bool may_be_new = on.sync_failed || each.outcome == std::errc::timed_out;
        EXPECT_TRUE(look_at(each.to) == on.old || (may_be_new && now == after));
    }
}

/// Everything once, each directory before what is in it; after a failure not everything.
void scenario::check_walk(const composite& each) const {
    std::set<std::string> met;
    for (const std::string& name : each.walked) {
        EXPECT_TRUE(each.on.tree.contains(name)) << name;
        EXPECT_TRUE(name.empty() || met.contains(name.substr(0, name.rfind('/')))) << name;
        EXPECT_TRUE(met.insert(name).second) << name;
    }
    snapshot found;
    for (const std::string& name : met)
        found.insert(*each.on.tree.find(name));
    EXPECT_TRUE(each.outcome || found == each.on.tree);
    check_named(each, each.on.tree, found);
}

/// What it did to files that nobody else works with.
void scenario::check_effect(const composite& each) const {
    const part& on = each.on;
    const bool is_done = !each.outcome;
    switch (each.what) {
        case kind::copy_tree:
            return check_copy(each, on.tree, {});
        case kind::copy:
            return check_copy(each, on.file, on.old);
        case kind::move_tree:
            return check_move(each, on.tree, {});
        case kind::move:
            return check_move(each, on.file, on.old);
        case kind::store:
        case kind::append:
            return check_written(each);
        case kind::rmtree: {
            const snapshot left = look_at(each.from);
            EXPECT_TRUE(!is_done || left.empty());
            for (const auto& [name, is] : left)
                EXPECT_TRUE(on.tree.contains(name) && on.tree.at(name).content == is.content) << name;
            return check_named(each, {}, left);
        }
        case kind::chmod_tree: {
            snapshot wanted = on.tree;
            for (auto& [name, is] : wanted)
                if (!is.is(S_IFLNK)) is.mode = (is.mode & S_IFMT) | (is.is(S_IFDIR) ? 0750 : 0640);
            const snapshot now = look_at(each.from);
            EXPECT_TRUE(!is_done || now == wanted);
            return check_named(each, wanted, now);
        }
        case kind::walk:
            check_walk(each);
            break;
        case kind::load:
            EXPECT_EQ(each.loaded, is_done ? on.file.at("").content : "");
            break;
        case kind::disk_usage: {
            std::uint64_t blocks = 0;
            for (const auto& [name, is] : on.tree)
                blocks += is.twin.empty() ? is.blocks : 0;
            EXPECT_TRUE(!is_done || each.tree.bytes == blocks * 512);
            break;
        }
        case kind::pathsync:
            break;
    }
    EXPECT_EQ(look_at(on / "tree"), on.tree);
    EXPECT_EQ(look_at(on / "file"), on.file);
}

}  // namespace aio::test::scenarios
