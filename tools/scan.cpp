// SPDX-License-Identifier: MIT
// aio scan: prints everything below directories, as the seed's treescan.
#include "arguments.hpp"
#include "command.hpp"
#include "interrupt.hpp"
#include "lister.hpp"
#include "progress.hpp"

#include <aio/metadata.hpp>

#include <array>
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
    bool progress = false;
    bool sync = false;
    bool summary = false;
    std::optional<std::string> grep;
    std::vector<std::string> paths;
};

std::optional<int> parse(std::span<char*> given, settings& into, lister::options& how) {
    arguments options("scan",
                      "Prints everything below each PATH.\nWithout one: below the current directory.");
    options.flag("-q,--quiet", into.quiet, "print no paths");
    options.flag("-0,--print0", into.null, "end paths with NUL, not newline");
    options.flag("-s,--stat", into.stat, "call lstat for all but directories");
    options.flag("-d,--dirs", into.directories, "print only directories");
    options.flag("-f,--files", into.files, "print all but directories");
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
    how.terminator = into.null ? '\0' : '\n';
    how.stat = into.stat;
    how.sync = into.sync;
    try {
        if (into.grep) how.only = std::make_unique<pattern>(*into.grep);
    } catch (const std::invalid_argument& wrong) {
        return options.complain("--grep: " + std::string(wrong.what()));
    }
    return std::nullopt;
}

/// One scan, from the operands to the summary.
class scanner {
  public:
    scanner(settings how, lister::options print)
        : settings_(std::move(how)),
          lister_(io_, out_, errors_, std::move(print)),
          tree_(io_, lister_, tree_limits()) {}

    int run();

  private:
    [[nodiscard]] tree::limits tree_limits() const {
        return tree::limits::fitting(settings_.sync ? 1 + lister::syncs_at_once : 1);
    }
    void begin_operands();
    aio::task<> examine(std::string operand);
    [[nodiscard]] bool done() const noexcept {
        return tree_.done() && examining_ == 0 && next_operand_ == settings_.paths.size();
    }
    void print_summary();

    // Small, so that an interrupt, or the end of the output, is seen soon.
    static constexpr std::size_t results_at_once = 256;
    static constexpr std::size_t operands_at_once = 8;

    settings settings_;
    report errors_{"scan"};
    output out_{errors_};
    aio::context io_{{.budget = {.requests = results_at_once, .time = {}}}};
    lister lister_;
    tree tree_;
    std::size_t next_operand_ = 0;
    std::size_t examining_ = 0;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

int scanner::run() {
    progress shown(settings_.progress);
    begin_operands();
    while (!done() && !is_interrupted() && !out_.ended()) {
        if (!io_.wait(aio::deadline(longest_wait)) && out_.is_terminal()) out_.flush();
        io_.poll();
        begin_operands();
        shown.show(lister_.found(), errors_.count());
    }
    shown.erase();
    const bool was_interrupted = is_interrupted();
    if (settings_.summary) print_summary();
    out_.finish();
    // Not waiting for what is still under way: nobody wants to know any more.
    if (was_interrupted) exit_at_once(interrupted);
    if (!done()) exit_at_once(errors_.status());
    return errors_.status();
}

/// Operands wait their turn, so that a million of them are not all open at once.
void scanner::begin_operands() {
    while (next_operand_ < settings_.paths.size() && examining_ < operands_at_once && tree_.wants_root()) {
        ++examining_;
        io_.submit(examine(settings_.paths[next_operand_++]), [this] { --examining_; });
    }
}

/// A link is itself, as it is for find; "link/" is what it leads to.
aio::task<> scanner::examine(std::string operand) {
    const aio::result<aio::file_status> status = co_await aio::lstat(operand);
    if (!status)
        errors_.error("lstat", operand, status.error());
    else if (status->is_directory())
        tree_.add(std::move(operand));
    else
        co_await lister_.plain_operand(std::move(operand), status->type());
}

void scanner::print_summary() {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began_;
    const lister::counts& found = lister_.found();
    std::array<char, 200> line = {};
    std::snprintf(line.data(), line.size(),
                  "%ju directories, %ju files, %ju symlinks, %ju others, %zu errors, %.3f s\n",
                  found.directories, found.files, found.symlinks, found.others, errors_.count(),
                  seconds.count());
    out_.block() += line.data();
}

}  // namespace

int scan(std::span<char*> given) {
    settings how;
    lister::options print;
    if (auto status = parse(given, how, print)) return *status;
    return scanner(std::move(how), std::move(print)).run();
}

}  // namespace tool
