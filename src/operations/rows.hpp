// SPDX-License-Identifier: MIT
// The rows. Each is defined next to its function; table.cpp lists them.
#pragma once

#include "row.hpp"

namespace aio::detail::rows {

// clang-format off
extern const row access, busy, chmod, chown, close, fallocate, fdatasync, fsync, lchown, link, lstat, lutime,
    make_directories, mkdir, mkdtemp, mknod, mkstemp, nop, open, open_creating, open_directory, pread_exactly_owned,
    pread_owned, read, read_exactly,
    read_exactly_owned, read_owned, readahead, readdir, readlink, readv, readv_exactly, realpath, rename, rmdir,
    sendfile, stat, statvfs, symlink, sync, sync_file_range, syncfs, truncate, unlink, utime, write, write_all,
    writev, writev_all;
// clang-format on

}  // namespace aio::detail::rows
