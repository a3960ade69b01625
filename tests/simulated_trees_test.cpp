// SPDX-License-Identifier: MIT
// Random programs of composites on trees, several in flight, in simulated worlds, one per seed: whatever goes
// wrong, nothing is lost, nothing is left behind, and what is reported is what became of the files.
//
// AIO_SEED=n plays one seed and prints what happened; AIO_SEEDS=first-last plays these instead of 1-200.
#include <aio/aio.hpp>
#include <aio/simulation.hpp>

#include "random_source.hpp"
#include "support/leaks.hpp"
#include "support/system_calls.hpp"
#include "support/temporary.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <stop_token>
#include <string>
#include <vector>

namespace aio::test {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using aio::detail::random_source;

// What is seen of a tree.

struct seen {
    mode_t mode = 0;
    std::string modified;
    std::string content;  // or where a link leads
    std::string twin;     // the first name of the same file, if there are several
    std::uint64_t blocks = 0;

    [[nodiscard]] bool is(mode_t type) const { return (mode & S_IFMT) == type; }
    /// Holes are not content, and a partial copy has not all names of a file.
    [[nodiscard]] bool same_but_names(const seen& other) const {
        return mode == other.mode && modified == other.modified && content == other.content;
    }
    bool operator==(const seen& other) const { return same_but_names(other) && twin == other.twin; }
};
using snapshot = std::map<std::string, seen>;  // by the path below the root, whose own is ""

snapshot look_at(const std::string& root) {
    snapshot found;
    if (!exists(root)) return found;
    std::set<std::string> names{""};
    if (fs::is_directory(fs::symlink_status(root)))
        for (const auto& each : fs::recursive_directory_iterator(root))
            names.insert(each.path().string().substr(root.size()));
    std::map<ino_t, std::string> first;
    for (const std::string& name : names) {
        struct stat status = {};
        ::lstat((root + name).c_str(), &status);
        seen& each = found[name];
        each.mode = status.st_mode;
        each.modified = std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
        if (S_ISREG(status.st_mode)) each.content = content_of(root + name);
        if (S_ISLNK(status.st_mode)) each.content = fs::read_symlink(root + name);
        each.blocks = static_cast<std::uint64_t>(status.st_blocks);
        const auto [twin, is_first] = first.emplace(status.st_ino, name);
        if (!is_first) each.twin = twin->second;
    }
    return found;
}

bool is_temporary(const std::string& path) {
    return path.contains("/.aio-");
}
/// Whether it is `above` or below it.
bool is_within(std::string_view path, std::string_view above) {
    return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
}

// The world: trees, and a program.

/// A directory that some composites have for themselves, or share.
struct part {
    std::string root;
    bool is_shared = false;
    bool moves_between = false;  // a rename met another file system
    std::set<int> faults = {};   // errno of what calls in it met
    bool sync_failed = false;
    snapshot tree = {};  // as they were
    snapshot file = {};
    snapshot old = {};  // empty if there is none

    [[nodiscard]] std::string operator/(const char* name) const { return root + "/" + name; }
};

enum class kind : std::uint8_t {
    copy_tree,
    copy,
    move_tree,
    move,
    rmtree,
    store,
    append,
    load,
    walk,
    disk_usage,
    chmod_tree,
    pathsync
};
constexpr std::array names = {"copy_tree", "copy", "move_tree", "move",       "rmtree",     "store",
                              "append",    "load", "walk",      "disk_usage", "chmod_tree", "pathsync"};

struct composite {
    kind what;
    part& on;
    std::string from, to;  // what it reads or is about, and what it makes
    std::string written;   // by store and append
    bool fails_if_there = false;
    bool is_timed = false;
    bool is_cancelled = false;
    int stops_at = -1;  // the how manieth call in its part asks it to stop
    std::stop_source stop = {};
    request handle = {};

    int delivered = 0;
    std::error_code outcome = {};
    tree_result tree = {};  // of those that give one
    std::string loaded = {};
    std::vector<std::string> walked = {};

    [[nodiscard]] bool is_of_tree() const {
        return what != kind::store && what != kind::append && what != kind::load && what != kind::pathsync;
    }
    [[nodiscard]] bool was_stopped() const {
        return outcome == std::errc::operation_canceled || outcome == std::errc::timed_out;
    }
};

/// How often something happened in all worlds: what never does is not tested.
std::map<std::string, int> happened;

class scenario {
  public:
    explicit scenario(std::uint64_t seed)
        : dice_(~seed),
          calls_(seed ^ 0x5eed),
          world_({.seed = seed,
                  .faults = {.error = dice_.chance(0.3) ? 0.1 : 0,
                             .short_count = dice_.chance(0.3) ? 0.2 : 0,
                             .thread_failure = dice_.chance(0.2) ? 0.5 : 0}}),
          fault_chance_(std::array{0.0, 0.005, 0.02, 0.1}[dice_.below(4)]) {}

    void play() {
        plant();
        draw_program();
        {
            context io({.threads = {.min = unsigned(dice_.below(4)), .max = 1 + unsigned(dice_.below(6))},
                        .simulation = &world_});
            const judged_system_calls faults(at_.root(), [this](auto... call) { return judge(call...); });
            run(io);
        }
        read_trace();
        check();
        note_what_happened();
    }
    /// All that the seed decides.
    [[nodiscard]] const std::string& transcript() const { return transcript_; }

  private:
    void plant();
    void plant_tree(const std::string& at, std::uint64_t size);
    std::string new_content();
    void finish(const std::string& path);
    void draw_program();
    void draw(part& on);

    void run(context& io);
    void start(context& io, composite& each);
    void disturb();
    fault judge(std::string_view call, const std::string& path, std::size_t bytes);

    void check() const;
    void check_outside() const;
    void check_temporaries() const;
    void check_files_are_whole() const;
    void check_nothing_is_lost() const;
    void check_report(const composite& each) const;
    void check_effect(const composite& each) const;
    void check_copy(const composite& each, const snapshot& from, const snapshot& old) const;
    void check_move(const composite& each, const snapshot& from, const snapshot& old) const;
    void check_written(const composite& each) const;
    void check_walk(const composite& each) const;
    void check_named(const composite& each, const snapshot& wanted, const snapshot& found) const;
    void read_trace();
    void note_what_happened();

    random_source dice_;
    random_source calls_;  // for what becomes of system calls
    simulation world_;
    double fault_chance_;
    temporary_tree at_{in_memory()};
    std::string bait_ = at_ / "bait";
    snapshot bait_before_;
    std::deque<part> parts_;
    std::deque<composite> program_;
    std::set<std::string> contents_{""};  // that a whole file may have
    std::set<std::string> removing_;      // temporary names that were to be removed
    std::set<std::string> unremoved_;     // and met a fault then
    std::size_t unlink_faults_ = 0;       // of the operation: only a move uses it, to take its copy away
    std::set<int> operation_faults_;
    std::string faults_;
    std::string transcript_;
};

std::string scenario::new_content() {
    constexpr std::array<std::size_t, 4> sizes = {0, 10, 5000, 20000};
    std::string content = "file " + std::to_string(contents_.size());
    content.append(sizes[dice_.below(sizes.size())], static_cast<char>('a' + dice_.below(26)));
    contents_.insert(content);
    return content;
}

/// Permissions and a time that no copy has by chance.
void scenario::finish(const std::string& path) {
    const auto status = fs::symlink_status(path);
    if (!fs::is_symlink(status)) fs::permissions(path, fs::perms(0700 | dice_.below(0100)));
    const timespec then = {.tv_sec = 1'500'000'000 + static_cast<time_t>(dice_.below(100'000'000)),
                           .tv_nsec = static_cast<long>(dice_.below(1'000'000'000))};
    const timespec both[] = {then, then};
    ::utimensat(AT_FDCWD, path.c_str(), both, AT_SYMLINK_NOFOLLOW);
}

void scenario::plant_tree(const std::string& at, std::uint64_t size) {
    fs::create_directory(at);
    std::vector<std::string> directories{at};
    std::vector<std::string> files;
    std::vector<std::string> all{at};
    for (std::uint64_t n = 0; n < size; ++n) {
        const std::string name = std::to_string(n);
        const std::string path = directories[dice_.below(directories.size())] + "/" + name;
        all.push_back(path);
        switch (dice_.below(10)) {
            case 0:
            case 1:
            case 2:
                fs::create_directory(path);
                directories.push_back(path);
                break;
            case 3: {  // to a file, nowhere, itself, a directory and a file outside
                const std::array<std::string, 5> texts = {"1", "nowhere", name, bait_, bait_ + "/file"};
                fs::create_symlink(texts[dice_.below(texts.size())], path);
                break;
            }
            case 4:
                ::mkfifo(path.c_str(), 0600);
                break;
            case 5:
                if (!files.empty()) {
                    fs::create_hard_link(files[dice_.below(files.size())], path);
                    break;
                }
                [[fallthrough]];
            default:
                std::ofstream(path) << new_content();
                if (dice_.chance(0.2)) {
                    fs::resize_file(path, 30'000 + dice_.below(10'000));  // a hole
                    contents_.insert(content_of(path));
                }
                files.push_back(path);
        }
    }
    std::ranges::for_each(all.rbegin(), all.rend(), [this](const std::string& path) { finish(path); });
}

void scenario::plant() {
    fs::create_directory(bait_);
    std::ofstream(bait_ + "/file") << new_content();
    bait_before_ = look_at(bait_);
    const auto count = 3 + dice_.below(5);
    for (std::uint64_t n = 0; n < count; ++n) {
        part& each = parts_.emplace_back(part{.root = at_ / std::to_string(n), .is_shared = n == 0});
        fs::create_directory(each.root);
        plant_tree(each / "tree", 1 + dice_.below(14));
        std::ofstream(each / "file") << new_content();
        finish(each / "file");
        if (dice_.chance(0.5)) {
            std::ofstream(each / "old") << new_content();
            finish(each / "old");
        }
        each.tree = look_at(each / "tree");
        each.file = look_at(each / "file");
        each.old = look_at(each / "old");
    }
}

void scenario::draw_program() {
    for (part& each : parts_)
        for (auto n = each.is_shared ? dice_.below(5) : 1; n; --n)
            draw(each);
}

void scenario::draw(part& on) {
    const auto what = static_cast<kind>(dice_.below(names.size()));
    composite& each =
        program_.emplace_back(composite{.what = what, .on = on, .from = {}, .to = {}, .written = {}});
    const bool is_of_file = what == kind::copy || what == kind::move || what == kind::load ||
                            what == kind::store || what == kind::append;
    each.from = on / (is_of_file ? "file" : "tree");
    each.to = on / (is_of_file ? "old" : "new");
    // Others of the same part may bring what was moved back, or find it where it went.
    if (on.is_shared && !is_of_file && dice_.chance(0.3)) std::swap(each.from, each.to);
    if (what == kind::store || what == kind::append) {
        each.written = new_content();
        if (on.is_shared) each.to = on / (what == kind::store ? "stored" : "log");
    }
    each.fails_if_there = dice_.chance(0.2);
    if (dice_.chance(0.1)) each.stops_at = static_cast<int>(dice_.below(100));
}

// The program runs.

void scenario::start(context& io, composite& each) {
    options how;
    const std::stop_token token = each.stop.get_token();
    how.stop = token;
    if (dice_.chance(0.5)) how.priority = lowest_priority + int(dice_.below(9));
    each.is_timed = dice_.chance(0.1);
    if (each.is_timed) how.deadline = std::chrono::microseconds(dice_.below(60'000));
    const tree_options tree{.limit = 1 + unsigned(dice_.below(8)),
                            .descriptors = 4 + unsigned(dice_.below(12))};
    const bool durable = dice_.chance(0.3);
    const auto existing = each.fails_if_there ? on_existing::fail : on_existing::replace;
    const copy_options copying{.tree = tree, .existing = existing, .durable = durable};
    const auto submit = [&](auto&& work) {
        each.handle = io.submit(std::move(work).with(how), [&each](auto&& outcome) {
            ++each.delivered;
            if (!outcome) each.outcome = outcome.error();
            if constexpr (std::is_same_v<std::decay_t<decltype(outcome)>, tree_result>)
                each.tree = outcome;
            else if constexpr (requires { each.loaded = *outcome; })
                if (outcome) each.loaded = *outcome;
        });
    };
    switch (each.what) {
        case kind::copy_tree:
            return submit(copy_tree(each.from, each.to, copying));
        case kind::copy:
            return submit(aio::copy(each.from, each.to, copying));
        case kind::move_tree:
        case kind::move:
            return submit(aio::move(each.from, each.to, copying));
        case kind::rmtree:
            return submit(rmtree(each.from, {.tree = tree}));
        case kind::store:
            return submit(store(each.to, each.written, {.existing = existing, .durable = durable}));
        case kind::append:
            return submit(append(each.to, each.written, {.durable = durable}));
        case kind::load:
            return submit(load(each.from));
        case kind::walk:
            return submit(walk(each.from,
                               [&each](const walk_batch& batch) {
                                   for (const walk_entry& entry : batch)
                                       each.walked.emplace_back(entry.path.substr(each.from.size()));
                               },
                               {.tree = tree, .status = dice_.chance(0.5)}));
        case kind::disk_usage:
            return submit(disk_usage(each.from, {.tree = tree}));
        case kind::chmod_tree:
            return submit(chmod_tree(each.from, 0750, 0640, tree));
        case kind::pathsync:
            return submit(pathsync(each.from));
    }
}

void scenario::disturb() {
    composite& each = program_[dice_.below(program_.size())];
    if (!each.handle) return;
    if (dice_.chance(0.5)) {
        each.handle.priority(lowest_priority + int(dice_.below(9)));
        return;
    }
    each.is_cancelled = true;
    dice_.chance(0.5) ? each.handle.cancel() : static_cast<void>(each.stop.request_stop());
}

void scenario::run(context& io) {
    const double restlessness = dice_.chance(0.4) ? 0.1 : 0;
    for (composite& each : program_) {
        start(io, each);
        if (dice_.chance(0.3)) io.wait(std::chrono::microseconds(dice_.below(20'000)));
        if (dice_.chance(0.3)) io.poll();
    }
    while (io.statistics().outstanding) {
        io.wait(std::chrono::microseconds(dice_.below(10'000)));
        io.poll({.requests = dice_.below(4), .time = {}});
        if (dice_.chance(restlessness)) disturb();
    }
    EXPECT_TRUE(io.flush());
    const statistics left = io.statistics();
    EXPECT_EQ(left.outstanding + left.ready + left.running + left.pending, 0U);
}

/// Draws what becomes of a system call. One that leads to a copy and ENOENT, which says that somebody else
/// was faster, are no faults.
fault scenario::judge(std::string_view call, const std::string& path, std::size_t bytes) {
    const auto in =
        std::ranges::find_if(parts_, [&](const part& each) { return is_within(path, each.root); });
    if (in == parts_.end()) return {};
    for (composite& each : program_)
        if (&each.on == &*in && each.stops_at >= 0 && --each.stops_at < 0) {
            each.is_cancelled = true;
            each.stop.request_stop();
        }
    if (call == "renameat2" && !is_temporary(path) && calls_.chance(0.6)) {
        in->moves_between = true;
        return {.error = EXDEV};
    }
    if (call == "unlinkat" && is_temporary(path)) removing_.insert(path);
    if (!calls_.chance(fault_chance_)) return {};
    if (bytes >= 2 && calls_.chance(0.5)) return {.short_count = true};
    constexpr std::array errors = {EINTR, EIO, ENOSPC, EMFILE, ENOMEM};
    const int error = errors[calls_.below(errors.size())];
    faults_.append(call).append(" ").append(::strerrorname_np(error)).append("\n");
    if (error == EINTR) return {.error = error};
    in->faults.insert(error);
    // A directory is opened to be synced.
    if (call == "fsync" || path == in->root + "/.") in->sync_failed = true;
    // To remove a tree the directory that it is in is opened first.
    for (const std::string& each : removing_)
        if (is_within(path, each) || (call == "openat" && path == each.substr(0, each.rfind('/')) + "/."))
            unremoved_.insert(each);
    return {.error = error};
}

// What must be.

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
        EXPECT_TRUE(is_within(failure.path, each.from) || is_within(failure.path, each.to)) << failure.path;
        EXPECT_TRUE(failure.reason && is_possible(failure.reason))
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

/// Errors that the simulation drew for operations, of which load and pathsync are made.
void scenario::read_trace() {
    std::istringstream trace(world_.trace());
    for (std::string line; std::getline(trace, line);) {
        std::istringstream words(line);
        std::string time, request, operation, priority, event;
        int error = 0;
        if (!(words >> time >> request >> operation >> priority >> event >> error) || event != "fault")
            continue;
        operation_faults_.insert(error);
        if (operation == "unlink") ++unlink_faults_;
    }
}

void scenario::note_what_happened() {
    std::ostringstream text;
    text << world_.trace() << faults_;
    for (const composite& each : program_) {
        const char* name = names[std::size_t(each.what)];
        const char* ended = each.was_stopped() ? " stopped" : each.outcome ? " failed" : " done";
        ++happened[std::string(name) + ended];
        if (!each.outcome && each.on.moves_between) ++happened["between file systems"];
        text << name << ended << " " << each.outcome.value() << " " << each.tree.failed << "\n";
    }
    happened["faults"] += static_cast<int>(std::ranges::count(faults_, '\n'));
    happened["temporary names left"] += static_cast<int>(unremoved_.size());
    for (const auto& [name, is] : look_at(at_.root()))
        if (!is_temporary(name)) text << name << " " << is.mode << " " << is.content.size() << "\n";
    transcript_ = text.str();
}

class SimulatedTrees : public leak_checked {
  protected:
    static void play(std::uint64_t seed) {
        SCOPED_TRACE("replay with AIO_SEED=" + std::to_string(seed));
        std::string transcript;
        for (int time = 0; time < 2; ++time) {
            scenario each(seed);
            each.play();
            EXPECT_TRUE(!time || each.transcript() == transcript) << transcript << "\n" << each.transcript();
            transcript = each.transcript();
        }
        if (std::getenv("AIO_SEED")) std::cout << transcript;
    }
};

TEST_F(SimulatedTrees, NothingIsLostOrLeftBehind) {
    if (const char* seed = std::getenv("AIO_SEED")) return play(std::strtoull(seed, nullptr, 10));
    std::uint64_t seed = 1;
    std::uint64_t last = 200;
    if (const char* wanted = std::getenv("AIO_SEEDS")) {
        ASSERT_EQ(std::sscanf(wanted, "%" SCNu64 "-%" SCNu64, &seed, &last), 2) << wanted;
    }
    const bool is_enough = last - seed >= 199;
    for (; seed <= last && !HasFailure(); ++seed) {
        if (seed % 200 == 0) ::alarm(120);  // the fixture's, for each few
        play(seed);
    }
    if (HasFailure() || !is_enough) return;
    for (const char* name : names)
        for (const char* ended : {" done", " failed"})
            EXPECT_GT(happened[std::string(name) + ended], 0) << name << ended;
    for (const char* each : {"copy_tree stopped", "move_tree stopped", "rmtree stopped",
                             "between file systems", "faults", "temporary names left"})
        EXPECT_GT(happened[each], 0) << each;
    if (std::getenv("AIO_SEEDS"))
        for (const auto& [what, times] : happened)
            std::cout << what << ": " << times << "\n";
}

}  // namespace

}  // namespace aio::test
