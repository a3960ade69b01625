// SPDX-License-Identifier: MIT
#include "scenario/scenario.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <sstream>

namespace aio::test::scenarios {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::map<std::string, int> happened;

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

}  // namespace aio::test::scenarios
