// SPDX-License-Identifier: MIT
// What makes sure that data is on the disk.
#pragma once

#include <aio/export.hpp>
#include <aio/operation.hpp>
#include <aio/path.hpp>

#include <cstdint>

namespace aio {

/// Writes everything in the page cache to the disks: sync(2), R-SYNC. Never fails.
[[nodiscard]] AIO_EXPORT operation<> sync();

/// Writes a file's data and metadata to the disk: fsync(2), R-FSYNC. A new name is on the disk when its
/// directory was synced too (pathsync).
///
/// Errors: EIO, ENOSPC, EDQUOT: data was lost; the kernel reports it once, so it must not be tried again.
/// EINVAL for what cannot be synced, such as a pipe.
[[nodiscard]] AIO_EXPORT operation<> fsync(file_view of AIO_LIFETIMEBOUND);

/// The same without metadata that is not needed to read the data: fdatasync(2), R-FDSYNC.
[[nodiscard]] AIO_EXPORT operation<> fdatasync(file_view of AIO_LIFETIMEBOUND);

/// Writes the file system that a file is on: syncfs(2), as aio_syncfs. Linux only.
[[nodiscard]] AIO_EXPORT operation<> syncfs(file_view on AIO_LIFETIMEBOUND);

/// Starts or awaits writing of `length` bytes from `offset` on (0: to the end), without metadata and without
/// the disk's own cache, so it is no substitute for fdatasync: sync_file_range(2), as aio_sync_file_range.
/// `flags` are SYNC_FILE_RANGE_… of <fcntl.h>. Where the kernel lacks the call, it is fdatasync. Linux only.
[[nodiscard]] AIO_EXPORT operation<> sync_file_range(file_view of AIO_LIFETIMEBOUND, std::int64_t offset,
                                                     std::int64_t length, unsigned flags);

}  // namespace aio
