// SPDX-License-Identifier: MIT
// aio du: how much space trees take, as du.
#include "arguments.hpp"
#include "command.hpp"
#include "size_text.hpp"
#include "tree_runner.hpp"

#include <aio/metadata.hpp>

#include <charconv>
#include <cstdio>
#include <limits>

namespace tool {

namespace {

struct settings {
    bool summarize = false;
    bool human = false;
    bool total = false;
    bool one_file_system = false;
    bool progress = false;
    std::optional<std::string> depth;
    std::vector<std::string> paths;
};

class usage_command {
  public:
    usage_command(settings how, unsigned depth)
        : settings_(std::move(how)), depth_(depth), runner_("du", settings_.progress, true) {}

    int run() {
        if (settings_.paths.size() > 1) note_roots();
        for (const std::string& path : settings_.paths) {
            if (runner_.stopped()) break;
            measure(path);
        }
        if (settings_.total) print(total_, "total");
        return runner_.finish();
    }

  private:
    /// One that lies in another, or is named twice, is counted where it comes first.
    void note_roots() {
        for (const std::string& path : settings_.paths)
            if (const auto found = runner_.io().run(aio::lstat(path))) counted_.add_root(*found);
    }
    void measure(const std::string& path) {
        aio::disk_usage_options how;
        how.tree = runner_.options();
        how.tree.one_file_system = settings_.one_file_system;
        how.counted = &counted_;
        how.directory = [this, &path](const aio::directory_usage& of) {
            if (of.depth <= depth_) print(of.bytes, of.depth ? of.path : path);
        };
        const aio::tree_result found = runner_.run_tree(path, aio::disk_usage(path, how));
        total_ += found.bytes;
        const bool is_file = found.directories == 0 && found.others == 1;
        if (is_file) print(found.bytes, path);
    }

    void print(std::uint64_t bytes, std::string_view path) {
        std::string line = settings_.human ? size_text(bytes) : std::to_string((bytes + 1023) / 1024);
        line += '\t';
        // A terminal would obey what a name may contain.
        runner_.print(line.append(runner_.out().is_terminal() ? printable(path) : std::string(path)) += '\n');
    }

    const settings settings_;
    const unsigned depth_;
    std::uint64_t total_ = 0;
    aio::counted_files counted_;
    tree_runner runner_;
};

}  // namespace

int du(std::span<char*> given) {
    settings how;
    arguments options("du", "Prints how much space each PATH takes, in KiB,\nand each directory in it.",
                      "--help");
    options.flag("-s,--summarize", how.summarize, "only each PATH");
    options.flag("-c,--total", how.total, "and the sum of all");
    options.choice("-h,--human-readable", [&] { how.human = true; }, "as 12K, 3.4G");
    options.choice("-k", [&] { how.human = false; }, "in KiB, as usual");
    options.flag("-x,--one-file-system", how.one_file_system, "leave out what is mounted there");
    options.value("-d,--max-depth", "N", how.depth, "directories to N levels below");
    options.flag("--progress", how.progress, "show progress on a terminal");
    options.operands("PATH", how.paths, 0, "what to measure; without one: .");
    if (auto status = options.parse(given)) return *status;
    unsigned depth = std::numeric_limits<unsigned>::max();
    if (how.depth) {
        const std::string& text = *how.depth;
        const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), depth);
        if (wrong != std::errc() || end != text.data() + text.size())
            return options.complain("--max-depth: not a number: " + text);
    }
    if (how.summarize && how.depth && depth != 0)
        return options.complain("--summarize and --max-depth=" + *how.depth + " exclude each other");
    if (how.summarize && how.depth)
        std::fputs("aio du: warning: summarizing is the same as using --max-depth=0\n", stderr);
    if (how.summarize) depth = 0;
    if (how.paths.empty()) how.paths.emplace_back(".");
    return usage_command(std::move(how), depth).run();
}

}  // namespace tool
