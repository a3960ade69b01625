// SPDX-License-Identifier: MIT
// realpath. Below a directory handle the kernel is asked, by way of O_PATH and /proc: Linux's.
#include <aio/names.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>

namespace aio {

namespace detail {

namespace {

/// The path that an open file has now; ENOENT if it has none any more.
result<std::string> path_of(int fd) {
    std::array<char, 40> link;
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
    std::array<char, PATH_MAX + 1> text;
    auto size = count(attempt([&] { return ::readlink(link.data(), text.data(), text.size()); }));
    if (!size) return std::unexpected(size.error());
    if (*size == text.size()) return error(ENAMETOOLONG);
    std::string path(text.data(), *size);

    // For a removed file the kernel gives a text that is no path, or by chance another file's.
    struct ::stat opened = {};
    struct ::stat found = {};
    auto made = attempt([&] { return ::fstat(fd, &opened); });
    if (made) made = attempt([&] { return ::lstat(path.c_str(), &found); });
    if (!made) return std::unexpected(made.error());
    if (opened.st_dev != found.st_dev || opened.st_ino != found.st_ino) return error(ENOENT);
    return path;
}

result<std::string> realpath_call(const call& arguments) {
    const target& at = arguments.at;
    if (at.fd != at_cwd) {
        auto opened = open_path(at, O_PATH);
        if (!opened) return std::unexpected(opened.error());
        scoped_fd fd(*opened);
        return path_of(fd.get());
    }
    std::array<char, PATH_MAX> path;
    auto found = attempt([&] { return ::realpath(c_path(at), path.data()) ? 0 : -1; });
    if (!found) return std::unexpected(found.error());
    return std::string(path.data());
}

}  // namespace

const row rows::realpath = {.name = "realpath", .run = run<&realpath_call>, .errors = errors::opening};

}  // namespace detail

operation<std::string> realpath(path_view path) {
    return {detail::rows::realpath, detail::on(path.target())};
}

}  // namespace aio
