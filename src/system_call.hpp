// SPDX-License-Identifier: MIT
// The one place that reads errno and handles EINTR.
#pragma once

#include <aio/result.hpp>

#include <cerrno>
#include <concepts>

namespace aio::detail {

/// Keeps the caller's errno as it was: results carry their own.
class errno_guard {
  public:
    errno_guard() noexcept : saved_(errno) {}
    errno_guard(const errno_guard&) = delete;
    errno_guard& operator=(const errno_guard&) = delete;
    ~errno_guard() { errno = saved_; }

  private:
    int saved_;
};

/// Makes a system call that reports failure by a negative number and errno, again as long as it gives EINTR.
/// A call that must not be repeated (close) uses attempt_once.
template <class Call>
[[nodiscard]] auto attempt(Call&& call) noexcept -> result<decltype(call())> {
    errno_guard guard;
    for (;;) {
        auto value = call();
        if (value >= 0) return value;
        if (errno != EINTR) return error(errno);
    }
}

template <class Call>
[[nodiscard]] auto attempt_once(Call&& call) noexcept -> result<decltype(call())> {
    errno_guard guard;
    auto value = call();
    if (value >= 0) return value;
    return error(errno);
}

}  // namespace aio::detail
