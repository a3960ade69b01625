// SPDX-License-Identifier: MIT
// aio mv: moves files and trees, as mv.
#include "arguments.hpp"
#include "command.hpp"
#include "destination.hpp"
#include "prompt.hpp"
#include "tree_runner.hpp"

#include <aio/copying.hpp>
#include <aio/metadata.hpp>

#include <fcntl.h>

#include <string_view>

namespace tool {

namespace {

struct settings {
    bool no_clobber = false;
    bool ask = false;
    bool update = false;
    bool verbose = false;
    bool progress = false;
    destination to;
};

class mover {
  public:
    explicit mover(settings how)
        : settings_(std::move(how)), runner_("mv", !settings_.ask && !settings_.verbose) {}

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
        if (settings_.update && !is_newer(from, to, false)) return;
        if (settings_.ask && !is_confirmed("mv", "overwrite " + quoted(to))) return;
        if (!settings_.to.take(to, from))
            return runner_.errors().error("move to", to, "will not overwrite what was just made");
    }
    aio::copy_options how = runner_.copy_options();
    how.existing = settings_.no_clobber ? aio::on_existing::fail : aio::on_existing::replace;
    // Which of the two names was at fault, the system does not say.
    const auto report = how.tree.failed;
    how.tree.failed = [&](const aio::tree_failure& each) {
        aio::tree_failure told = each;
        if (told.operation == std::string_view("rename")) told.path += " to " + to;
        return report(told);
    };
    const std::size_t errors = runner_.errors().count();
    runner_.run_tree(from, aio::move(from, to, how));
    if (settings_.verbose && errors == runner_.errors().count())
        runner_.print("renamed " + quoted(from) + " -> " + quoted(to) + '\n');
    static_cast<void>(settings_.to.take(to, from));
}

}  // namespace

int mv(std::span<char*> given) {
    settings how;
    arguments options("mv",
                      "Moves each PATH to the last one. At any moment the\n"
                      "source or the target is complete. From one file\n"
                      "system to another by copying and removing.");
    options.choice("-n,--no-clobber", [&] { how.no_clobber = true, how.ask = false; }, "overwrite nothing");
    options.choice(
        "-i,--interactive", [&] { how.no_clobber = false, how.ask = true; }, "ask before overwriting");
    options.flag("-u,--update", how.update, "overwrite only what is older");
    options.choice(
        "-f,--force", [&] { how.no_clobber = how.ask = false; }, "neither of them, which is usual");
    options.flag("-v,--verbose", how.verbose, "say what was moved");
    options.flag("--progress", how.progress, "as always on a terminal");
    how.to.declare(options);
    if (auto status = options.parse(given)) return *status;
    return mover(std::move(how)).run(options);
}

}  // namespace tool
