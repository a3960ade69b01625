// SPDX-License-Identifier: MIT
// What can be had of a path from memory alone. Linux's.
#pragma once

#include "arguments.hpp"

#include <sys/stat.h>

namespace aio::detail {

/// The status of a file, as status_of() asks for it, if all of its path is in the kernel's cache of names and
/// it lies on a mount that is known to be of a local file system; else EAGAIN. `flags` are open's:
/// O_NOFOLLOW.
///
/// openat2(RESOLVE_CACHED) alone would not do: statx of what it finds may still ask a server. But a local
/// file system has in memory what belongs to a name in the cache.
[[nodiscard]] result<struct ::statx> status_cached(const target& at, int flags) noexcept;

/// Opens, for reading, a regular file of which status_cached() holds and whose opening needs nothing else;
/// else EAGAIN. Anything else may wait, for the other end of a FIFO, for a device or for the disk, and even
/// asking would be noticed. A fanotify listener that is to permit opens is asked, as it is about cached
/// pages: see inline_route::make_timed.
[[nodiscard]] result<int> open_cached(const target& at, int flags) noexcept;

/// Whether this kernel tells what the two need; those before Linux 6.12 do not.
[[nodiscard]] bool names_can_be_asked() noexcept;

/// For a worker, who may block, after a call with this operand: looks up what the two did not know.
void learn_mount(const target& at) noexcept;

}  // namespace aio::detail
