// SPDX-License-Identifier: MIT
// mkstemp, mkdtemp: things with names that nobody else has.
#include <aio/open_close.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <new>
#include <string_view>

namespace aio {

namespace detail {

namespace {

constexpr std::string_view placeholder = "XXXXXX";
constexpr int tries_max = 100;  // names are taken by chance once in 10^10 tries, or on purpose

result<std::string> random_name(const target& prefix) {
    static constexpr std::string_view letters =
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::array<unsigned char, placeholder.size()> random;
    auto got = attempt([&] { return ::getrandom(random.data(), random.size(), 0); });
    if (!got) return std::unexpected(got.error());

    std::string_view given(prefix.path, prefix.size);
    if (given.ends_with(placeholder)) given.remove_suffix(placeholder.size());
    if (given.size() + placeholder.size() >= PATH_MAX) return error(ENAMETOOLONG);
    std::string name(given);
    for (unsigned char byte : random)
        name += letters[byte % letters.size()];
    return name;
}

/// Calls `make(path)` with one random name after the other until one was free; gives what it made and the
/// path.
template <class Make>
result<std::pair<int, std::string>> make_named(const target& prefix, Make&& make) {
    for (int tries = 0; tries < tries_max; ++tries) {
        auto path = random_name(prefix);
        if (!path) return std::unexpected(path.error());
        auto made = attempt([&] { return make(path->c_str()); });
        if (made) return std::pair(*made, std::move(*path));
        if (made.error().value() != EEXIST) return std::unexpected(made.error());
    }
    return error(EEXIST);
}

bool same_file(const struct ::stat& a, const struct ::stat& b) noexcept {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool unlink_if_same(const char* path, const struct ::stat& made) noexcept {
    struct ::stat found = {};
    return ::lstat(path, &found) == 0 && same_file(found, made) && ::unlink(path) == 0;
}

result<temporary_file> mkstemp_call(const call& arguments) {
    auto made = make_named(arguments.at, [&](const char* path) {
        return ::openat(arguments.at.fd, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    });
    if (!made) return std::unexpected(made.error());
    auto& [fd, path] = *made;
    try {
        return temporary_file{file(fd), std::move(path)};
    } catch (const std::bad_alloc&) {  // the handle's; it has closed the file
        errno_guard guard;
        ::unlinkat(arguments.at.fd, path.c_str(), 0);
        throw;
    }
}

/// Removes a file that nobody will receive. Its base may be closed by now and the working directory another,
/// so its name is asked of the kernel, and compared before it is used.
void undo_mkstemp(void* value) noexcept {
    errno_guard guard;
    const auto& made = *static_cast<temporary_file*>(value);
    const int fd = made.file.fd();
    struct ::stat status = {};
    if (fd < 0 || ::fstat(fd, &status) != 0) return;
    std::array<char, PATH_MAX + 1> path;
    std::array<char, 40> link;
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
    const ssize_t size = ::readlink(link.data(), path.data(), path.size() - 1);
    if (size > 0) {
        path[static_cast<std::size_t>(size)] = '\0';
        if (unlink_if_same(path.data(), status)) return;
    }
    unlink_if_same(made.path.c_str(), status);  // no /proc: right for an absolute path
}

/// Whether the directory that was opened is the one that was made: not yet used, and nobody else's.
result<bool> is_new_and_ours(int fd) noexcept {
    struct ::stat status = {};
    auto looked = attempt([&] { return ::fstat(fd, &status); });
    if (!looked) return std::unexpected(looked.error());
    return status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
}

result<temporary_directory> mkdtemp_call(const call& arguments) {
    const target& at = arguments.at;
    auto made = make_named(at, [&](const char* path) { return ::mkdirat(at.fd, path, 0700); });
    if (!made) return std::unexpected(made.error());
    std::string& path = made->second;

    auto removed = [&](std::error_code why) {
        errno_guard guard;
        ::unlinkat(at.fd, path.c_str(), AT_REMOVEDIR);
        return std::unexpected(why);
    };

    auto fd = attempt(
        [&] { return ::openat(at.fd, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); });
    if (!fd) return removed(fd.error());
    scoped_fd opened(*fd);
    auto ours = is_new_and_ours(*fd);
    if (!ours) return removed(ours.error());
    if (!*ours) return error(ESTALE);  // somebody else's: theirs to remove
    try {
        return temporary_directory{directory(opened.give_up()), std::move(path)};
    } catch (const std::bad_alloc&) {
        static_cast<void>(removed({}));
        throw;
    }
}

/// Removes a directory that nobody will receive, from the directory that it is in now.
void undo_mkdtemp(void* value) noexcept {
    errno_guard guard;
    const auto& made = *static_cast<temporary_directory*>(value);
    const int fd = made.directory.fd();
    if (fd < 0) return;
    const int parent = ::openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) return;
    const std::size_t slash = made.path.rfind('/');
    const char* name = made.path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
    ::unlinkat(parent, name, AT_REMOVEDIR);
    ::close(parent);
}

}  // namespace

const row rows::mkstemp = {
    .name = "mkstemp", .run = run<&mkstemp_call>, .errors = errors::creating, .undo = undo_mkstemp};
const row rows::mkdtemp = {
    .name = "mkdtemp", .run = run<&mkdtemp_call>, .errors = errors::creating, .undo = undo_mkdtemp};

}  // namespace detail

operation<temporary_file> mkstemp(path_view prefix) {
    return {detail::rows::mkstemp, detail::on(prefix.target())};
}

operation<temporary_directory> mkdtemp(path_view prefix) {
    return {detail::rows::mkdtemp, detail::on(prefix.target())};
}

}  // namespace aio
