// SPDX-License-Identifier: MIT
// trace: a line on stderr for each request, if the variable AIO_TRACE says so.
#pragma once

#include <aio/options.hpp>

namespace aio::detail {

class block;

/// Whether AIO_TRACE is set to anything but 0 or nothing.
[[nodiscard]] bool wants_trace() noexcept;

/// Writes what became of a system call or function that is delivered at `now`: its name, its route, how long
/// it took from submission to delivery, its priority, its error. Requires: extras with a beginning and a
/// route.
void trace(block& delivered, clock::time_point now) noexcept;

}  // namespace aio::detail
