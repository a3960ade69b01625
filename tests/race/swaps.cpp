// SPDX-License-Identifier: MIT
#include "swaps.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace race {

namespace {

bool is_below(const fs::path& path, const fs::path& top) {
    return path == top || path.string().starts_with(top.string() + "/");
}

bool has_type(const fs::path& path, mode_t type) {
    struct stat found = {};
    return ::lstat(path.c_str(), &found) == 0 && (found.st_mode & S_IFMT) == type;
}

/// What the call is about if it is of this type and in the tree or its copy, else something of the kind in
/// the tree.
fs::path target(const scene& on, const boundary& at, mode_t type) {
    const fs::path named = at.directory / at.name;
    const bool is_inside =
        (is_below(named, on.tree) && named != on.tree) || (is_below(named, on.copy) && named != on.copy);
    if (!at.name.empty() && at.name != ".." && is_inside && has_type(named, type)) return named;
    const fs::path usual = on.tree / (type == S_IFDIR ? "a/b" : "a/f");
    return has_type(usual, type) ? usual : fs::path();
}

/// Takes something away. What it held is not lost.
bool take(const scene& on, const fs::path& what) {
    static int number = 0;
    if (what.empty()) return false;
    const std::string name = "taken" + std::to_string(++number);
    const fs::path limbo = is_below(what, on.there) ? on.there / name : on.limbo / name;
    return ::rename(what.c_str(), limbo.c_str()) == 0;
}

bool directory_to_link(const scene& on, const boundary& at) {
    const fs::path what = target(on, at, S_IFDIR);
    return take(on, what) && ::symlink(on.outside.c_str(), what.c_str()) == 0;
}

bool root_to_link(const scene& on, const boundary&) {
    return take(on, on.tree) && ::symlink(on.outside.c_str(), on.tree.c_str()) == 0;
}

bool copy_root_to_link(const scene& on, const boundary&) {
    return has_type(on.copy, S_IFDIR) && take(on, on.copy) &&
           ::symlink(on.outside.c_str(), on.copy.c_str()) == 0;
}

bool directory_moved_out(const scene& on, const boundary& at) {
    const bool is_inside = is_below(at.directory, on.tree) && at.directory != on.tree;
    return take(on, is_inside ? at.directory : target(on, at, S_IFDIR));
}

bool directory_to_other(const scene& on, const boundary& at) {
    const fs::path what = target(on, at, S_IFDIR);
    if (!take(on, what)) return false;
    fs::create_directory(what);
    std::ofstream(what / "another") << "another's";
    return true;
}

bool file_to_link(const scene& on, const boundary& at) {
    const fs::path what = target(on, at, S_IFREG);
    return take(on, what) && ::symlink((on.outside / "kept").c_str(), what.c_str()) == 0;
}

bool file_to_other(const scene& on, const boundary& at) {
    const fs::path what = target(on, at, S_IFREG);
    return !is_below(what, on.there) && take(on, what) &&
           ::link((on.outside / "kept").c_str(), what.c_str()) == 0;
}

bool file_to_fifo(const scene& on, const boundary& at) {
    const fs::path what = target(on, at, S_IFREG);
    return take(on, what) && ::mkfifo(what.c_str(), 0666) == 0;
}

bool file_to_device(const scene& on, const boundary& at) {
    const fs::path what = target(on, at, S_IFREG);
    return take(on, what) &&
           ::mknod(what.c_str(), S_IFCHR | 0666, makedev(1, 5)) == 0;  // never ends when read
}

bool link_planted(const scene& on, const boundary& at) {
    if (!is_below(at.directory, on.there) || at.name.empty()) return false;
    return ::symlink((on.outside / "kept").c_str(), (at.directory / at.name).c_str()) == 0;
}

/// Not in the place of the copy itself: a link to a directory there is a directory to copy into, if it comes
/// before the victim first looks.
bool link_to_directory_planted(const scene& on, const boundary& at) {
    if (!is_below(at.directory, on.copy) || at.name.empty()) return false;
    return ::symlink(on.outside.c_str(), (at.directory / at.name).c_str()) == 0;
}

/// There it must come after the victim has seen that nothing is.
bool copy_to_link(const scene& on, const boundary& at) {
    return at.copy_was_met && ::symlink(on.outside.c_str(), on.copy.c_str()) == 0;
}

bool mounted_over(const scene& on, const boundary& at) {
    const fs::path what = target(on, at, S_IFDIR);
    return !what.empty() && ::mount(on.outside.c_str(), what.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

bool entry_gone(const scene& on, const boundary& at) {
    const fs::path named = at.directory / at.name;
    if (at.name.empty() || !is_below(named, on.tree) || named == on.tree)
        return take(on, target(on, at, S_IFREG));
    return take(on, named);
}

bool entries_created(const scene& on, const boundary& at) {
    static int number = 0;
    const fs::path where =
        is_below(at.directory, on.tree) || is_below(at.directory, on.copy) ? at.directory : on.tree;
    std::ofstream(where / ("new" + std::to_string(++number))) << "new";
    return true;
}

constexpr swap swaps[] = {
    {"directory -> symlink", directory_to_link},
    {"root -> symlink", root_to_link},
    {"destination root -> symlink", copy_root_to_link},
    {"directory moved out", directory_moved_out},
    {"directory -> another directory", directory_to_other},
    {"directory -> mount point", mounted_over, false, true, true},
    {"file -> symlink", file_to_link},
    {"file -> another file", file_to_other, false, true},
    {"file -> FIFO", file_to_fifo},
    {"file -> device", file_to_device},
    {"symlink planted at the destination", link_planted},
    {"symlink to a directory planted there", link_to_directory_planted},
    {"symlink in place of the copy itself", copy_to_link},
    {"entry gone", entry_gone},
    {"entries created for ever", entries_created, true},
};

}  // namespace

std::span<const swap> all_swaps() {
    return swaps;
}

}  // namespace race
