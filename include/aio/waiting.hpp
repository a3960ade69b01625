// SPDX-License-Identifier: MIT
// Operations that do nothing: to measure the library with, and to test with.
#pragma once

#include <aio/export.hpp>
#include <aio/operation.hpp>

#include <chrono>

namespace aio {

/// Does nothing, at once, on no thread: R-NOP. What it costs is what a request costs. Its callback still runs
/// in a poll.
[[nodiscard]] AIO_EXPORT operation<> nop();

/// Keeps a worker thread asleep for `time`; none if negative: R-BUSY. `busy(0s)` measures the way through the
/// queue and back. To wait, use a timer of the event loop's instead: it costs no thread.
[[nodiscard]] AIO_EXPORT operation<> busy(std::chrono::nanoseconds time);

}  // namespace aio
