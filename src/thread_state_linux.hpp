// SPDX-License-Identifier: MIT
// thread_state: what another thread of this process is doing.
#pragma once

#include <sys/types.h>

namespace aio::detail {

/// Whether it sleeps, rather than runs or waits for a processor; true if that cannot be told.
[[nodiscard]] bool is_asleep(pid_t thread) noexcept;

}  // namespace aio::detail
