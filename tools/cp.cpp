// SPDX-License-Identifier: MIT
// aio cp: copies files and trees, as cp.
#include "arguments.hpp"
#include "command.hpp"
#include "destination.hpp"
#include "prompt.hpp"
#include "tree_runner.hpp"

#include <aio/copying.hpp>
#include <aio/metadata.hpp>

namespace tool {

namespace {

struct settings {
    bool recursive = false;
    bool recursive_too = false;
    bool archive = false;
    bool preserve = false;
    std::optional<aio::follow_links> follow;
    bool no_clobber = false;
    bool ask = false;
    bool update = false;
    bool verbose = false;
    bool force = false;
    bool one_file_system = false;
    bool progress = false;
    std::optional<std::string> reflink;
    destination to;
};

class copier {
  public:
    explicit copier(settings how)
        : settings_(std::move(how)),
          runner_("cp", settings_.progress || (!settings_.ask && !settings_.verbose)) {}

    int run(const arguments& options);

  private:
    [[nodiscard]] aio::copy_options copy_options(const std::string& to);
    void copy(const std::string& from);
    void warn_again(const std::string& from) { runner_.errors().warning("again, and left out:", from); }
    void refuse_again(const std::string& from, const std::string& to, bool follow);
    [[nodiscard]] bool overwrites(const aio::copy_entry& entry, const std::string& root);

    settings settings_;
    tree_runner runner_;
};

int copier::run(const arguments& options) {
    if (auto status = settings_.to.settle(options, runner_.errors())) return *status;
    runner_.will_do(settings_.to.sources());
    for (const std::string& from : settings_.to.sources()) {
        if (runner_.stopped()) break;
        copy(from);
    }
    return runner_.finish();
}

aio::copy_options copier::copy_options(const std::string& to) {
    aio::copy_options how = runner_.copy_options();
    how.tree.one_file_system = settings_.one_file_system;
    how.existing = settings_.force ? aio::on_existing::as_cp_forced : aio::on_existing::as_cp;
    how.keep = settings_.archive    ? aio::preserve::all
               : settings_.preserve ? aio::preserve::basics
                                    : aio::preserve::nothing;
    how.follow =
        settings_.follow.value_or(settings_.recursive ? aio::follow_links::never : aio::follow_links::root);
    how.read_special = !settings_.recursive;
    if (settings_.reflink)
        how.clone = *settings_.reflink == "always"  ? aio::reflink::always
                    : *settings_.reflink == "never" ? aio::reflink::never
                                                    : aio::reflink::if_possible;
    if (settings_.ask) how.tree.limit = 1;
    if (settings_.ask || settings_.no_clobber || settings_.update)
        how.overwrite = [this, &to](const aio::copy_entry& entry) { return overwrites(entry, to); };
    if (settings_.verbose)
        how.copied = [this](const aio::copy_entry& entry) {
            runner_.print(quoted(entry.from) + " -> " + quoted(entry.to) + '\n');
        };
    return how;
}

/// On a worker.
bool copier::overwrites(const aio::copy_entry& entry, const std::string& root) {
    // A link that leads nowhere is refused, whatever is said about what it might have led to.
    const bool is_content = entry.type == aio::file_type::regular;
    if (is_content && entry.destination->is_symlink() && entry.to == root) return true;
    if (settings_.no_clobber) return false;
    if (settings_.update && !is_newer(entry.source->mtime, entry.destination->mtime)) return false;
    if (!settings_.ask) return true;
    const std::string to(entry.to);
    return is_confirmed("cp", overwrite_question(to, entry.destination->mode, settings_.force));
}

void copier::copy(const std::string& from) {
    const std::string to = settings_.to.path_for(from);
    const aio::copy_options how = copy_options(to);
    const bool follow = how.follow != aio::follow_links::never || from.ends_with('/');
    const aio::result<aio::file_status> status =
        runner_.io().run(follow ? aio::stat(from) : aio::lstat(from));
    if (!status) return runner_.errors().error("stat", from, status.error());
    if (status->is_directory() && !settings_.recursive)
        return runner_.errors().error("omitting directory", from, "-r is not specified");
    if (is_same_file(from, to, follow)) {
        if (settings_.no_clobber) return;
        return runner_.errors().error(quoted(from) + " and", quoted(to), "are the same file");
    }
    const std::string* before = settings_.to.made_from(to);
    if (before && !status->is_directory()) return refuse_again(from, to, follow);
    if (before && is_same_file(*before, from, follow)) return warn_again(from);
    const aio::tree_result made = runner_.run_tree(from, aio::copy_tree(from, to, how));
    if (made.directories + made.others != 0) settings_.to.note_made(to, from);
}

/// Where something was made just now, unless it would stay anyway.
void copier::refuse_again(const std::string& from, const std::string& to, bool follow) {
    if (is_same_entry(*settings_.to.made_from(to), from)) return warn_again(from);
    if (settings_.no_clobber || (settings_.update && !is_newer(from, to, follow))) return;
    if (settings_.ask && !is_confirmed("cp", "overwrite " + quoted(to))) return;
    runner_.errors().error("copy to", to, "will not overwrite what was just made");
}

}  // namespace

int cp(std::span<char*> given) {
    settings how;
    arguments options("cp",
                      "Copies each PATH to the last one. Files are complete\n"
                      "when they get their name. Whoever changes a tree\n"
                      "meanwhile, nothing outside it is read or written.");
    options.flag("-r,--recursive", how.recursive, "directories and all in them");
    options.flag("-R", how.recursive_too, "the same");
    const auto follow = [&how](aio::follow_links which) { return [&how, which] { how.follow = which; }; };
    options.choice(
        "-a,--archive", [&] { how.archive = true, how.follow = aio::follow_links::never; },
        "-rP, keeping all there is to keep");
    options.flag("-p", how.preserve, "keep owner, permissions, times");
    options.choice("-P,--no-dereference", follow(aio::follow_links::never), "copy links, do not follow them");
    options.choice("-L,--dereference", follow(aio::follow_links::always), "follow all links");
    options.choice("-H", follow(aio::follow_links::root), "follow links that are operands");
    options.choice("-n,--no-clobber", [&] { how.no_clobber = true, how.ask = false; }, "overwrite nothing");
    options.choice(
        "-i,--interactive", [&] { how.no_clobber = false, how.ask = true; }, "ask before overwriting");
    options.flag("-u,--update", how.update, "overwrite only what is older");
    options.flag("-f,--force", how.force, "replace what may not be written");
    options.flag("-v,--verbose", how.verbose, "say what was copied");
    options.flag("-x,--one-file-system", how.one_file_system, "leave out what is mounted there");
    options.value("--reflink", "WHEN", how.reflink, "share blocks: always, auto, never");
    options.flag("--progress", how.progress, "on a terminal, also with -v or -i");
    how.to.declare(options);
    // As everywhere, a value only after "=".
    std::string always = "--reflink=always";
    std::vector<char*> words(given.begin(), given.end());
    for (char*& word : words) {
        if (std::string_view(word) == "--") break;
        if (std::string_view(word) == "--reflink") word = always.data();
    }
    if (auto status = options.parse(words)) return *status;
    if (how.reflink && *how.reflink != "always" && *how.reflink != "auto" && *how.reflink != "never")
        return options.complain("--reflink: " + *how.reflink);
    how.recursive = how.recursive || how.recursive_too || how.archive;
    return copier(std::move(how)).run(options);
}

}  // namespace tool
