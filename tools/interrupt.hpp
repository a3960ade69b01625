// SPDX-License-Identifier: MIT
// SIGINT (Ctrl-C), SIGTERM and SIGHUP: the first is a wish to stop in good order, the next of any kind ends
// the program at once.
#pragma once

#include <chrono>

namespace tool {

void watch_for_interrupt() noexcept;
[[nodiscard]] bool is_interrupted() noexcept;
/// As a shell reports the signal that was first: 130 for Ctrl-C.
[[nodiscard]] int interrupted_status() noexcept;

/// For how long a loop may wait without looking whether it was interrupted, or whether progress is to be
/// shown.
inline constexpr auto longest_wait = std::chrono::milliseconds(100);

/// Ends the program without destructors, which might wait for calls that are stuck.
[[noreturn]] void exit_at_once(int status) noexcept;

}  // namespace tool
