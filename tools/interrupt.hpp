// SPDX-License-Identifier: MIT
// SIGINT (Ctrl-C), SIGTERM and SIGHUP: the first is a wish to stop in good order, the next of any kind ends
// the program at once.
#pragma once

#include <chrono>

namespace tool {

void watch_for_interrupt() noexcept;
[[nodiscard]] bool is_interrupted() noexcept;

/// Dies of the signal that was first, if there was one: a shell that sees its command killed by Ctrl-C ends
/// the script too. Without destructors, which might wait for calls that are stuck.
void end_if_interrupted() noexcept;

/// For how long a loop may wait without looking whether it was interrupted, or whether progress is to be
/// shown.
inline constexpr auto longest_wait = std::chrono::milliseconds(100);

}  // namespace tool
