// SPDX-License-Identifier: MIT
// detached_thread: how the library starts threads.
#pragma once

namespace aio::detail {

/// Starts a thread that nobody joins, with all signals blocked, for they are the program's threads' affair
/// (E-7), named "program/aio": 0, or an errno.
[[nodiscard]] int start_detached(void* (*run)(void*), void* argument) noexcept;

}  // namespace aio::detail
