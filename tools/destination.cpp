// SPDX-License-Identifier: MIT
#include "destination.hpp"

#include "command.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>

namespace tool {

namespace {

/// Why it is no directory: 0 if it is.
int why_no_directory(const std::string& path) {
    struct stat found = {};
    if (::stat(path.c_str(), &found) != 0) return errno;
    return S_ISDIR(found.st_mode) ? 0 : ENOTDIR;
}

/// The last name, without slashes behind it. Of "." and ".." nothing: what is in them goes into the target
/// itself.
std::string_view last_name(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return name == "." || name == ".." ? "." : name;
}

/// "0644 (rw-r--r--)", with what is to stand before and behind the letters.
std::string mode_text(mode_t mode, const char* before, const char* behind) {
    char number[8];
    std::snprintf(number, sizeof number, "%04o", static_cast<unsigned>(mode & 07777U));
    std::string letters = "rwxrwxrwx";
    for (std::size_t i = 0; i < letters.size(); ++i)
        if (!(mode >> (letters.size() - 1 - i) & 1U)) letters[i] = '-';
    return number + (before + letters) + behind;
}

}  // namespace

void destination::declare(arguments& options) {
    options.values("-t,--target-directory", "DIR", directories_, "put them all into DIR");
    options.flag("-T,--no-target-directory", no_directory_, "TARGET is no directory to fill");
    options.operands("PATH", operands_, 0, "what, and last where to");
}

std::optional<int> destination::settle(const arguments& options, report& errors) {
    if (directories_.size() > 1) return options.complain("multiple target directories specified");
    const bool has_directory = !directories_.empty();
    if (has_directory && no_directory_) return options.complain("-t and -T exclude each other");
    if (operands_.empty()) return options.complain("PATH is required");
    if (has_directory) {
        target_ = directories_.front();
        is_directory_ = true;
    } else {
        if (operands_.size() == 1) return options.complain("where to is missing after " + operands_.front());
        target_ = operands_.back();
        operands_.pop_back();
        is_directory_ = !no_directory_ && why_no_directory(target_) == 0;
        if (no_directory_ && operands_.size() > 1)
            return options.complain("-T takes one PATH and the target");
    }
    if (!is_directory_ && operands_.size() == 1) return std::nullopt;
    const int reason = why_no_directory(target_);
    if (reason == 0) return std::nullopt;
    errors.error("target", target_, std::error_code(reason, std::system_category()));
    return failure;
}

std::string destination::path_for(const std::string& source) const {
    if (!is_directory_) return target_;
    std::string path = target_;
    if (!path.ends_with('/')) path += '/';
    return path.append(last_name(source));
}

bool is_same_file(const std::string& a, const std::string& b, bool follow) {
    const auto is_same = [&](bool follow_a, bool follow_b) {
        struct stat first = {};
        struct stat second = {};
        return (follow_a ? ::stat : ::lstat)(a.c_str(), &first) == 0 &&
               (follow_b ? ::stat : ::lstat)(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
               first.st_ino == second.st_ino;
    };
    return is_same(follow, follow) || is_same(true, false);
}

bool is_same_entry(const std::string& a, const std::string& b) {
    const auto above = [](const std::string& path) {
        const std::size_t slash = path.rfind('/', path.find_last_not_of('/'));
        return slash == path.npos ? std::string(".") : path.substr(0, slash + 1);
    };
    return last_name(a) == last_name(b) && is_same_file(above(a), above(b), true);
}

bool is_newer(const timespec& a, const timespec& b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

bool is_newer(const std::string& a, const std::string& b, bool follow) {
    struct stat first = {};
    struct stat second = {};
    const auto look = follow ? ::stat : ::lstat;
    if (look(a.c_str(), &first) != 0 || look(b.c_str(), &second) != 0) return true;
    return is_newer(first.st_mtim, second.st_mtim);
}

bool is_protected(const std::string& path, mode_t mode) {
    // A path may be too long to be asked about.
    return !S_ISLNK(mode) && ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0 &&
           errno != ENAMETOOLONG;
}

std::string overwrite_question(const std::string& path, mode_t mode, bool replaces) {
    if (!is_protected(path, mode)) return "overwrite " + quoted(path);
    return replaces ? "replace " + quoted(path) + ", overriding mode " + mode_text(mode, " (", ")")
                    : "unwritable " + quoted(path) + " (mode " + mode_text(mode, ", ", "); try anyway");
}

std::string quoted(std::string_view name) {
    const bool is_plain = printable(name) == name;
    if (is_plain && name.find('\'') == name.npos) return '\'' + std::string(name) + '\'';
    if (is_plain && name.find_first_of("\"$`\\!") == name.npos) return '"' + std::string(name) + '"';
    std::string shown = "'";
    bool escapes = false;
    while (!name.empty()) {
        const std::size_t plain = shown_bytes(name);
        const bool must_escape = plain == 0;
        if (must_escape && !escapes) shown += "'$'";
        if (!must_escape && escapes) shown += "''";
        escapes = must_escape;
        const std::string_view next = name.substr(0, std::max<std::size_t>(plain, 1));
        shown += must_escape ? printable(next) : next == "'" ? "'\\''" : std::string(next);
        name.remove_prefix(next.size());
    }
    return shown + '\'';
}

}  // namespace tool
