// SPDX-License-Identifier: MIT
// What gives files names and takes them: link, symlink, readlink, rename, unlink, mknod, realpath.
//
// Each path may be relative to a directory handle of its own.
#pragma once

#include <aio/export.hpp>
#include <aio/operation.hpp>
#include <aio/path.hpp>

#include <sys/types.h>

#include <string>

namespace aio {

/// Gives a file a second name: link(2), R-LINK. If `old_path` is a symbolic link, the link itself gets it,
/// unless `flags` is AT_SYMLINK_FOLLOW.
[[nodiscard]] AIO_EXPORT operation<> link(path_view old_path AIO_LIFETIMEBOUND,
                                          path_view new_path AIO_LIFETIMEBOUND, int flags = 0);

/// Makes a symbolic link at `path` that holds `text`: symlink(2), R-SYMLINK. The text may be any string of 1
/// to 4,095 bytes without NUL, whether or not something is there.
///
/// Errors: EINVAL if `text` was given relative to a directory handle, which a link cannot hold.
[[nodiscard]] AIO_EXPORT operation<> symlink(path_view text AIO_LIFETIMEBOUND,
                                             path_view path AIO_LIFETIMEBOUND);

/// What a symbolic link holds, whole: readlink(2), R-READLINK.
///
/// Errors: EINVAL if it is no symbolic link.
[[nodiscard]] AIO_EXPORT operation<std::string> readlink(path_view path AIO_LIFETIMEBOUND);

/// Gives a file another name, replacing what had that name, at once: rename(2), R-RENAME. `flags` are those
/// of renameat2(2), as aio_rename2: RENAME_NOREPLACE, RENAME_EXCHANGE of <stdio.h>. These are Linux only.
///
/// Errors: EXDEV across file systems. EINVAL if the file system has no such flag.
[[nodiscard]] AIO_EXPORT operation<> rename(path_view old_path AIO_LIFETIMEBOUND,
                                            path_view new_path AIO_LIFETIMEBOUND, unsigned flags = 0);

/// Removes a name that is no directory's: unlink(2), R-UNLINK. The file goes with its last name and handle.
///
/// Errors: EISDIR for a directory: that is rmdir's.
[[nodiscard]] AIO_EXPORT operation<> unlink(path_view path AIO_LIFETIMEBOUND);

/// Makes a FIFO, a socket's name, a device node or an empty file: mknod(2), R-MKNOD. `mode` has the type
/// (S_IFIFO, …) and the permissions, less the umask of the time when the call is made.
[[nodiscard]] AIO_EXPORT operation<> mknod(path_view path AIO_LIFETIMEBOUND, mode_t mode, dev_t device = 0);

/// The absolute path of something that exists, without symbolic links, "." and "..": realpath(3), as
/// aio_realpath.
///
/// Relative to a directory handle, it is the path that the directory has now.
[[nodiscard]] AIO_EXPORT operation<std::string> realpath(path_view path AIO_LIFETIMEBOUND);

}  // namespace aio
