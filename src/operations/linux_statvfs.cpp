// SPDX-License-Identifier: MIT
// statvfs. O_PATH is Linux's.
#include <aio/metadata.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>

namespace aio {

namespace detail {

namespace {

file_system_status to_status(const struct ::statvfs& from) noexcept {
    return {
        .block_size = from.f_bsize,
        .fragment_size = from.f_frsize,
        .blocks = from.f_blocks,
        .free_blocks = from.f_bfree,
        .available_blocks = from.f_bavail,
        .files = from.f_files,
        .free_files = from.f_ffree,
        .available_files = from.f_favail,
        .id = from.f_fsid,
        .flags = from.f_flag,
        .name_max = from.f_namemax,
    };
}

result<file_system_status> of_descriptor(int fd) {
    struct ::statvfs found = {};
    auto made = attempt([&] { return ::fstatvfs(fd, &found); });
    if (!made) return std::unexpected(made.error());
    return to_status(found);
}

result<file_system_status> statvfs_call(const call& arguments) {
    const target& at = arguments.at;
    if (is_open_file(at)) return of_descriptor(at.fd);
    if (at.fd != at_cwd) {
        // There is no statvfsat(3). O_PATH needs no permission to read, and does not wait for a FIFO.
        auto opened = open_path(at, O_PATH);
        if (!opened) return std::unexpected(opened.error());
        scoped_fd fd(*opened);
        return of_descriptor(fd.get());
    }
    struct ::statvfs found = {};
    auto made = attempt([&] { return ::statvfs(c_path(at), &found); });
    if (!made) return std::unexpected(made.error());
    return to_status(found);
}

}  // namespace

const row rows::statvfs = {.name = "statvfs", .run = run<&statvfs_call>, .errors = errors::opening};

}  // namespace detail

operation<file_system_status> statvfs(target what) {
    return {detail::rows::statvfs, detail::on(what.view())};
}

}  // namespace aio
