// SPDX-License-Identifier: MIT
// thread_state: what another thread of this process is doing.
#pragma once

#include <sys/types.h>

#include <optional>

namespace aio::detail {

/// Whether it sleeps, rather than runs or waits for a processor; nothing if that cannot be told.
[[nodiscard]] std::optional<bool> is_asleep(pid_t thread) noexcept;

}  // namespace aio::detail
