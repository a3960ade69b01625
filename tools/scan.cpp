// SPDX-License-Identifier: MIT
// aio scan: prints everything below directories, as the seed's treescan.
#include "arguments.hpp"
#include "command.hpp"
#include "interrupt.hpp"
#include "listing.hpp"
#include "tree_runner.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace tool {

namespace {

struct settings {
    bool quiet = false;
    bool null = false;
    bool stat = false;
    bool directories = false;
    bool files = false;
    bool json = false;
    bool one_file_system = false;
    bool progress = false;
    bool sync = false;
    bool summary = false;
    std::optional<std::string> grep;
    std::vector<std::string> paths;
};

std::optional<int> parse(std::span<char*> given, settings& into, listing::options& how) {
    arguments options("scan",
                      "Prints everything below each PATH.\nWithout one: below the current directory.");
    options.flag("-q,--quiet", into.quiet, "print no paths");
    options.flag("-0,--print0", into.null, "end paths with NUL, not newline");
    options.flag("-s,--stat", into.stat, "call lstat for everything");
    options.flag("-d,--dirs", into.directories, "print only directories");
    options.flag("-f,--files", into.files, "print all but directories");
    options.flag("-x,--one-file-system", into.one_file_system, "do not enter what is mounted");
    options.flag("--json", into.json, "print an object for each, a line each");
    options.value("-g,--grep", "RE", into.grep, "print only paths that match");
    options.flag("-p,--progress", into.progress, "show progress on a terminal");
    options.flag("--sync", into.sync, "write all of it to disk (fsync)");
    options.flag("--summary", into.summary, "print a line of counts at the end");
    options.operands("PATH", into.paths, 0, "what to scan");
    if (auto status = options.parse(given)) return status;

    if (into.directories && into.files) return options.complain("--dirs and --files exclude each other");
    if (into.paths.empty()) into.paths.emplace_back(".");
    how.print_directories = !into.quiet && !into.files;
    how.print_others = !into.quiet && !into.directories;
    how.json = into.json;
    how.terminator = into.null ? '\0' : '\n';
    try {
        if (into.grep) how.only = std::make_unique<pattern>(*into.grep);
    } catch (const std::invalid_argument& wrong) {
        return options.complain("--grep: " + std::string(wrong.what()));
    }
    return std::nullopt;
}

/// Writes a file or directory to the disk. Below the root a link in its place is not followed; a FIFO is not
/// waited for. On a worker.
int sync_entry(const aio::walk_entry& entry) {
    // Only these have content of their own to be written; opening a device may do anything.
    if (entry.type != aio::file_type::regular && entry.type != aio::file_type::directory) return 0;
    std::string name(entry.depth == 0 ? entry.path : entry.name);
    if (entry.depth == 0 && entry.type == aio::file_type::directory) name += '/';  // what a link leads to
    const int base = entry.depth == 0 ? AT_FDCWD : entry.directory;
    const int fd = ::openat(base, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : errno;
    const int reason = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    return reason;
}

/// One scan, from the operands to the summary.
class scanner {
  public:
    scanner(settings how, listing::options print)
        : settings_(std::move(how)),
          runner_("scan", settings_.progress, true),
          listing_(runner_.out(), std::move(print)) {}

    int run();

  private:
    [[nodiscard]] aio::walk_options options();
    void note_sync_failure(const aio::walk_entry& entry, int reason);
    void print_summary();

    settings settings_;
    tree_runner runner_;
    listing listing_;
    std::mutex mutex_;
    std::vector<std::pair<std::string, int>> unsynced_;  // under the mutex
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

int scanner::run() {
    for (const std::string& path : settings_.paths) {
        if (runner_.stopped()) break;
        runner_.run_tree(
            path, aio::walk(path, [this](const aio::walk_batch& batch) { listing_.add(batch); }, options()));
    }
    for (const auto& [path, reason] : unsynced_)
        runner_.errors().error("sync", path, std::error_code(reason, std::system_category()));
    if (settings_.summary) print_summary();
    return runner_.finish();
}

aio::walk_options scanner::options() {
    aio::walk_options how;
    how.tree = runner_.options();
    how.tree.one_file_system = settings_.one_file_system;
    how.status = settings_.stat;
    if (settings_.sync)
        how.filter = [this](const aio::walk_entry& entry) {
            if (const int reason = sync_entry(entry)) note_sync_failure(entry, reason);
            return aio::walk_choice::take;
        };
    return how;
}

void scanner::note_sync_failure(const aio::walk_entry& entry, int reason) {
    const std::lock_guard lock(mutex_);
    unsynced_.emplace_back(entry.path, reason);
}

void scanner::print_summary() {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began_;
    const listing::counts& found = listing_.found();
    std::array<char, 200> line = {};
    std::snprintf(line.data(), line.size(),
                  "%ju directories, %ju files, %ju symlinks, %ju others, %zu errors, %.3f s\n",
                  found.directories, found.files, found.symlinks, found.others, runner_.errors().count(),
                  seconds.count());
    runner_.out().block() += line.data();
}

}  // namespace

int scan(std::span<char*> given) {
    settings how;
    listing::options print;
    if (auto status = parse(given, how, print)) return *status;
    return scanner(std::move(how), std::move(print)).run();
}

}  // namespace tool
