// SPDX-License-Identifier: MIT
// aio mv: moves files and trees, as mv.
#include "arguments.hpp"
#include "command.hpp"
#include "destination.hpp"
#include "prompt.hpp"
#include "tree_runner.hpp"

#include <aio/copying.hpp>
#include <aio/metadata.hpp>

#include <unistd.h>

#include <string_view>

namespace tool {

namespace {

struct settings {
    bool no_clobber = false;
    bool ask = false;
    bool force = false;
    bool update = false;
    bool verbose = false;
    bool progress = false;
    destination to;
};

class mover {
  public:
    explicit mover(settings how)
        : settings_(std::move(how)),
          runner_("mv", settings_.progress || (!settings_.ask && !settings_.verbose)) {}

    int run(const arguments& options) {
        if (auto status = settings_.to.settle(options, runner_.errors())) return *status;
        runner_.will_do(settings_.to.sources());
        for (const std::string& from : settings_.to.sources()) {
            if (runner_.stopped()) break;
            move(from);
        }
        return runner_.finish();
    }

  private:
    void move(const std::string& from);
    [[nodiscard]] bool may_replace(const std::string& to, const aio::file_status& there) const;

    settings settings_;
    tree_runner runner_;
};

void mover::move(const std::string& from) {
    const std::string to = settings_.to.path_for(from);
    const aio::result<aio::file_status> status = runner_.io().run(aio::lstat(from));
    if (!status) return runner_.errors().error("lstat", from, status.error());
    const aio::result<aio::file_status> there = runner_.io().run(aio::lstat(to));
    if (there) {
        if (settings_.no_clobber) return;
        // rename(2) would do nothing and leave both names.
        if (is_same_file(from, to, false))
            return runner_.errors().error(quoted(from) + " and", quoted(to), "are the same file");
        if (settings_.update && !status->is_directory() && !is_newer(from, to, false)) return;
        if (!may_replace(to, *there)) return;
        if (settings_.to.made_from(to))
            return runner_.errors().error("move to", to, "will not overwrite what was just made");
    }
    aio::copy_options how = runner_.copy_options();
    how.existing = settings_.no_clobber ? aio::on_existing::fail : aio::on_existing::replace;
    // Which of the two names was at fault, the system does not say.
    const auto report = how.tree.failed;
    how.tree.failed = [&](const aio::tree_failure& each) {
        if (each.operation != std::string_view("rename")) return report(each);
        // Made meanwhile, or there under a name that ends in a slash.
        if (settings_.no_clobber && each.reason == std::errc::file_exists) return aio::on_failure::go_on;
        aio::tree_failure told = each;
        told.path += " to " + (to.empty() ? "''" : to);
        return report(told);
    };
    if (!runner_.run_tree(from, aio::move(from, to, how), counting::whole)) return;
    settings_.to.note_made(to, from);
    if (settings_.verbose) runner_.print("renamed " + quoted(from) + " -> " + quoted(to) + '\n');
}

/// As mv: with -i always asked, else only about what one may not write, by a person at a terminal.
bool mover::may_replace(const std::string& to, const aio::file_status& there) const {
    const bool asks =
        settings_.ask || (!settings_.force && ::isatty(STDIN_FILENO) == 1 && is_protected(to, there.mode));
    return !asks || is_confirmed("mv", overwrite_question(to, there.mode, true));
}

}  // namespace

int mv(std::span<char*> given) {
    settings how;
    arguments options("mv",
                      "Moves each PATH to the last one. At any moment the\n"
                      "source or the target is complete. From one file\n"
                      "system to another by copying and removing.");
    const auto choose = [&how](bool no_clobber, bool ask, bool force) {
        return [=, &how] { how.no_clobber = no_clobber, how.ask = ask, how.force = force; };
    };
    options.choice("-n,--no-clobber", choose(true, false, false), "overwrite nothing");
    options.choice("-i,--interactive", choose(false, true, false), "ask before overwriting");
    options.flag("-u,--update", how.update, "overwrite only what is older");
    options.choice("-f,--force", choose(false, false, true), "never ask");
    options.flag("-v,--verbose", how.verbose, "say what was moved");
    options.flag("--progress", how.progress, "on a terminal, also with -v or -i");
    how.to.declare(options);
    if (auto status = options.parse(given)) return *status;
    return mover(std::move(how)).run(options);
}

}  // namespace tool
