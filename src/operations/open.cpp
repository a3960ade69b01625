// SPDX-License-Identifier: MIT
// open, open_directory.
#include <aio/open_close.hpp>

#include "arguments.hpp"
#include "descriptor_memory.hpp"
#include "linux_cached.hpp"
#include "operations.hpp"
#include "rows.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace aio {

namespace detail {

scoped_fd::~scoped_fd() {
    errno_guard guard;  // the error of what the function was really for must survive (B-21)
    if (fd_ >= 0) ::close(fd_);
}

result<int> open_path(const target& at, int flags, mode_t mode) noexcept {
    return attempt([&] { return ::openat(at.fd, c_path(at), flags | O_CLOEXEC, mode); });
}

namespace {

result<file> open_call(const call& arguments) {
    auto fd = open_path(arguments.at, arguments.flags, arguments.mode);
    if (!fd) return std::unexpected(fd.error());
    if (arguments.flags & O_DIRECT) descriptor_memory::forget_all();
    learn_mount(arguments.at);
    return file(*fd);
}

result<file> open_now(const call& arguments) {
    auto fd = open_cached(arguments.at, arguments.flags);
    if (!fd) return std::unexpected(fd.error());
    return file(*fd);
}

result<directory> open_directory_call(const call& arguments) {
    auto fd = open_path(arguments.at, O_RDONLY | O_DIRECTORY);
    // One that may be searched but not read still serves as a base.
    if (failed_with(fd, EACCES)) fd = open_path(arguments.at, O_PATH | O_DIRECTORY);
    if (!fd) return std::unexpected(fd.error());
    return directory(*fd);
}

}  // namespace

const row rows::open = {.name = "open",
                        .run = run<&open_call>,
                        .errors = errors::opening,
                        .try_now = run<&open_now>,
                        .asks = asked::cached_names,
                        .why = "at once from the cache of names: a file to be read, known to be local"};
// What it makes or empties stays so when the file is closed again.
const row rows::open_creating = {
    .name = "open_creating", .run = run<&open_call>, .errors = errors::creating, .at_stake = stake::effect};
const row rows::open_directory = {
    .name = "open_directory", .run = run<&open_directory_call>, .errors = errors::opening};

operation<file> open(const target& path, int flags, mode_t mode) noexcept {
    call arguments = on(path);
    arguments.flags = flags;
    arguments.mode = mode;
    return {flags & (O_CREAT | O_TRUNC) ? rows::open_creating : rows::open, arguments};
}

}  // namespace detail

operation<file> open(path_view path, int flags, mode_t mode) {
    return detail::open(path.target(), flags, mode);
}

operation<directory> open_directory(path_view path) {
    return {detail::rows::open_directory, detail::on(path.target())};
}

}  // namespace aio
