// SPDX-License-Identifier: MIT
// What is known about files besides their content: stat, statvfs, utime, chown, chmod, access.
//
// Most take a `target`: a path, a path relative to a directory handle, or an open file.
#pragma once

#include <aio/attributes.hpp>
#include <aio/export.hpp>
#include <aio/operation.hpp>
#include <aio/path.hpp>

#include <sys/types.h>

namespace aio {

/// A file's size, type, owner, times and so on; follows symbolic links: statx(2), R-STAT.
///
/// As stat(2), it does not make an automount point mount.
[[nodiscard]] AIO_EXPORT operation<file_status> stat(target what AIO_LIFETIMEBOUND);

/// The same of a symbolic link itself: R-LSTAT. Of an open file it is stat.
[[nodiscard]] AIO_EXPORT operation<file_status> lstat(target what AIO_LIFETIMEBOUND);

/// Sizes and limits of the file system that something is on: statvfs(3), as aio_statvfs. Needs no permission
/// to read it.
[[nodiscard]] AIO_EXPORT operation<file_system_status> statvfs(target what AIO_LIFETIMEBOUND);

/// Sets when a file was last read and changed, in nanoseconds: utimensat(2), R-UTIME. Follows symbolic links.
///
/// With `aio::keep` for both, the kernel does nothing and succeeds, whatever the path.
/// Errors: EACCES and EPERM: only the owner may set times, and who may write may set `aio::now`.
[[nodiscard]] AIO_EXPORT operation<> utime(target what AIO_LIFETIMEBOUND, file_time atime = now,
                                           file_time mtime = now);

/// The same for a symbolic link itself.
[[nodiscard]] AIO_EXPORT operation<> lutime(target what AIO_LIFETIMEBOUND, file_time atime = now,
                                            file_time mtime = now);

/// Sets a file's owner and group, each a number or `aio::keep`: chown(2), R-CHOWN. Follows symbolic links.
/// The kernel takes set-id bits away.
[[nodiscard]] AIO_EXPORT operation<> chown(target what AIO_LIFETIMEBOUND, new_owner user, new_owner group);

/// The same for a symbolic link itself.
[[nodiscard]] AIO_EXPORT operation<> lchown(target what AIO_LIFETIMEBOUND, new_owner user, new_owner group);

/// Sets a file's permissions, whatever the umask: chmod(2), R-CHMOD. Follows symbolic links.
[[nodiscard]] AIO_EXPORT operation<> chmod(target what AIO_LIFETIMEBOUND, mode_t mode);

/// Whether the process may do `mode` (R_OK, W_OK, X_OK, F_OK of <unistd.h>) with a path: access(2). `flags`
/// are faccessat(2)'s: AT_EACCESS asks for the effective user, AT_SYMLINK_NOFOLLOW for a link itself.
///
/// Errors: EACCES, EROFS: it may not. What is true of it now need not be when the file is used.
[[nodiscard]] AIO_EXPORT operation<> access(path_view path AIO_LIFETIMEBOUND, int mode, int flags = 0);

}  // namespace aio
