// SPDX-License-Identifier: MIT
// aio rm: removes files and trees, as rm.
#include "arguments.hpp"
#include "command.hpp"
#include "destination.hpp"
#include "prompt.hpp"
#include "tree_runner.hpp"

#include <aio/directories.hpp>
#include <aio/metadata.hpp>
#include <aio/names.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace tool {

namespace {

struct settings {
    bool recursive = false;
    bool recursive_too = false;
    bool force = false;
    bool ask = false;
    bool ask_once = false;
    bool verbose = false;
    bool directories = false;
    bool progress = false;
    std::vector<std::string> paths;
};

const char* word_for(aio::file_type type) {
    switch (type) {
        case aio::file_type::directory:
            return "directory";
        case aio::file_type::symlink:
            return "symbolic link";
        case aio::file_type::fifo:
            return "fifo";
        case aio::file_type::socket:
            return "socket";
        case aio::file_type::block_device:
            return "block special file";
        case aio::file_type::character_device:
            return "character special file";
        default:
            return "regular file";
    }
}

class removal {
  public:
    explicit removal(settings how) : settings_(std::move(how)), runner_("rm", settings_.progress) {}

    int run() {
        if (settings_.ask_once && !is_wanted()) return success;
        for (const std::string& path : settings_.paths) {
            if (runner_.stopped()) break;
            remove(path);
        }
        return runner_.finish();
    }

  private:
    [[nodiscard]] bool is_wanted() const;
    void remove(const std::string& path);
    void remove_tree(const std::string& path);
    void remove_one(const std::string& path, aio::file_type type);
    void complain(const char* operation, const std::string& path, const std::error_code& reason);
    [[nodiscard]] bool may_remove(const aio::tree_entry& entry, bool descend);
    void removed(std::string_view path, aio::file_type type);
    /// Whether somebody may have to be asked.
    [[nodiscard]] bool asks() const {
        return settings_.ask || (!settings_.force && ::isatty(STDIN_FILENO) == 1);
    }

    const settings settings_;
    tree_runner runner_;
};

/// As rm -I: one question about many, or about trees.
bool removal::is_wanted() const {
    const std::size_t count = settings_.paths.size();
    if (count <= 3 && !(settings_.recursive && count != 0)) return true;
    return is_confirmed("rm", "remove " + std::to_string(count) + (count == 1 ? " argument" : " arguments") +
                                  (settings_.recursive ? " recursively" : ""));
}

void removal::remove(const std::string& path) {
    const aio::result<aio::file_status> status = runner_.io().run(aio::lstat(path));
    if (!status) return complain("lstat", path, status.error());
    std::string_view stem = path;
    while (stem.ends_with('/'))
        stem.remove_suffix(1);
    const std::string_view name = stem.substr(stem.rfind('/') + 1);
    if (name == "." || name == "..")
        return runner_.errors().error("refusing to remove", path, "'.' and '..' are not removed");
    if (status->is_directory() && settings_.recursive) return remove_tree(path);
    if (status->is_directory() && !settings_.directories)
        return complain("unlink", path, std::make_error_code(std::errc::is_a_directory));
    remove_one(path, status->type());
}

void removal::remove_tree(const std::string& path) {
    aio::rmtree_options how;
    how.tree = runner_.options();
    if (settings_.force)  // gone before it was looked at, by somebody else's hand
        how.tree.failed = [this](const aio::tree_failure& each) {
            const bool is_gone = each.reason == std::errc::no_such_file_or_directory;
            return is_gone ? aio::on_failure::go_on : runner_.failed(each);
        };
    if (asks()) {
        how.tree.limit = 1;  // questions in the order of the tree
        how.confirm = [this](const aio::tree_entry& entry, bool descend) {
            return may_remove(entry, descend);
        };
    }
    if (settings_.verbose)
        how.removed = [this](const aio::tree_entry& entry) { removed(entry.path, entry.type); };
    runner_.run_tree(path, aio::rmtree(path, how));
}

void removal::remove_one(const std::string& path, aio::file_type type) {
    if (asks() && !may_remove({.path = path, .type = type, .base = AT_FDCWD, .name = path.c_str()}, false))
        return;
    const bool is_directory = type == aio::file_type::directory;
    const aio::result<> done = runner_.io().run(is_directory ? aio::rmdir(path) : aio::unlink(path));
    if (!done) return complain(is_directory ? "rmdir" : "unlink", path, done.error());
    if (settings_.verbose) removed(path, type);
}

void removal::complain(const char* operation, const std::string& path, const std::error_code& reason) {
    const bool is_gone =
        reason == std::errc::no_such_file_or_directory || reason == std::errc::not_a_directory;
    if (settings_.force && is_gone) return;
    runner_.errors().error(operation, path, reason);
}

/// As rm: with -i always asked, else only about what one may not write, by a person at a terminal. On a
/// worker.
bool removal::may_remove(const aio::tree_entry& entry, bool descend) {
    const bool is_protected = entry.type != aio::file_type::symlink &&
                              ::faccessat(entry.base, entry.name, W_OK, AT_EACCESS) != 0 && errno == EACCES;
    if (!settings_.ask && !is_protected) return true;
    std::string question = descend ? "descend into " : "remove ";
    if (is_protected) question += "write-protected ";
    return is_confirmed("rm", question + word_for(entry.type) + ' ' + quoted(entry.path));
}

void removal::removed(std::string_view path, aio::file_type type) {
    const char* what = type == aio::file_type::directory ? "removed directory " : "removed ";
    runner_.print(what + quoted(path) + '\n');
}

}  // namespace

int rm(std::span<char*> given) {
    settings how;
    arguments options("rm",
                      "Removes each PATH. Never follows links, never leaves\n"
                      "the tree, whoever changes it meanwhile. Leaves alone\n"
                      "what is mounted in it.");
    options.flag("-r,--recursive", how.recursive, "directories and all in them");
    options.flag("-R", how.recursive_too, "the same");
    const auto choose = [&how](bool force, bool ask, bool ask_once) {
        return [=, &how] { how.force = force, how.ask = ask, how.ask_once = ask_once; };
    };
    options.choice("-f,--force", choose(true, false, false), "never ask, nor mind what is not there");
    options.choice("-i", choose(false, true, false), "ask before everything");
    options.choice("-I", choose(false, false, true), "ask once, about trees or many");
    options.flag("-d,--dir", how.directories, "empty directories too");
    options.flag("-v,--verbose", how.verbose, "say what was removed");
    options.choice("--one-file-system,--preserve-root", [] {}, "as always");
    options.flag("--progress", how.progress, "show progress on a terminal");
    options.operands("PATH", how.paths, 0, "what to remove");
    if (auto status = options.parse(given)) return *status;
    how.recursive = how.recursive || how.recursive_too;
    if (how.paths.empty() && !how.force) return options.complain("PATH is required");
    return removal(std::move(how)).run();
}

}  // namespace tool
