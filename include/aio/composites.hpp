// SPDX-License-Identifier: MIT
// Operations made of operations: load, scandir, pathsync. Tasks, so they are submitted, run and awaited
// alike, and cancelled as a whole.
//
// Lifetime: they keep a copy of their path, and the directory handle that it is relative to open.
#pragma once

#include <aio/export.hpp>
#include <aio/path.hpp>
#include <aio/result.hpp>
#include <aio/task.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace aio {

/// A file's whole content, whatever size stat claims, so also of files in /proc and of what grows meanwhile:
/// R-LOAD. Reads in pieces of at most 1 MiB, so that it does not keep a thread for long.
///
/// Errors: EISDIR for a directory. EFBIG if there are more than `limit` bytes. ENOMEM.
[[nodiscard]] AIO_EXPORT task<result<std::string>> load(
    path_view path, std::size_t limit = std::numeric_limits<std::size_t>::max());

/// What scandir gives: names without the directory's own.
struct scan_result {
    std::vector<std::string> directories;
    std::vector<std::string> others;
};

/// The names in a directory, those of directories apart from the rest: R-SCANDIR. A directory is one that can
/// be searched; unsearchable ones and symbolic links are among the others. Nothing is sorted, each name is
/// there once.
///
/// Has up to `max_requests` requests outstanding at once (0 counts as 4): one for each directory, or for each
/// entry where the file system does not tell types.
[[nodiscard]] AIO_EXPORT task<result<scan_result>> scandir(path_view path, std::size_t max_requests = 4);

/// Opens something for reading, writes it to the disk (fsync), and closes it: R-PATHSYNC. Meant for
/// directories: a new name is safe when its directory was synced.
///
/// Errors: the first of the three that failed; close follows a failed fsync. A FIFO is EINVAL, and never
/// waited for.
[[nodiscard]] AIO_EXPORT task<result<>> pathsync(path_view path);

}  // namespace aio
