// SPDX-License-Identifier: MIT
// options: how a request is to be run, given with `.with({…})`.
#pragma once

#include <aio/export.hpp>

#include <chrono>
#include <stop_token>

namespace aio {

inline constexpr int lowest_priority = -4;
inline constexpr int highest_priority = 4;

using clock = std::chrono::steady_clock;

/// When something is to be given up: at a point in time, or a time after it was started.
class deadline {
  public:
    constexpr deadline() noexcept = default;  // never
    constexpr deadline(clock::time_point at) noexcept : value_(at.time_since_epoch()) {}
    template <class Rep, class Period>
    constexpr deadline(std::chrono::duration<Rep, Period> after) noexcept
        : value_(clamped(after)), relative_(true) {}

    /// The point in time, for something started at `began`.
    [[nodiscard]] constexpr clock::time_point from(clock::time_point began) const noexcept {
        if (!relative_) return clock::time_point(value_);
        return value_ > clock::time_point::max() - began ? clock::time_point::max() : began + value_;
    }
    [[nodiscard]] constexpr bool set() const noexcept {
        return relative_ || value_ != clock::duration::max();
    }

  private:
    template <class Rep, class Period>
    static constexpr clock::duration clamped(std::chrono::duration<Rep, Period> after) noexcept {
        // Compared as floating point: what the clock has no number for would overflow in its units.
        using real = std::chrono::duration<long double, clock::period>;
        if (real(after) >= real(clock::duration::max())) return clock::duration::max();
        if (real(after) <= real(clock::duration::min())) return clock::duration::min();
        return std::chrono::ceil<clock::duration>(after);
    }

    clock::duration value_ = clock::duration::max();
    bool relative_ = false;
};

/// A borrowed `std::stop_token`. A pointer, so that options stay trivially destructible: g++ 12 destroys
/// other temporaries inside a `co_await` twice.
class stop_reference {
  public:
    constexpr stop_reference() noexcept = default;
    stop_reference(const std::stop_token& token AIO_LIFETIMEBOUND) noexcept : token_(&token) {}

    [[nodiscard]] const std::stop_token* get() const noexcept { return token_; }

  private:
    const std::stop_token* token_ = nullptr;
};

/// How to run an operation or a task: `aio::stat(path).with({.priority = 2, .deadline = 50ms})`.
struct options {
    static constexpr int inherited = 1000;

    /// Higher runs first and is delivered first; clamped to −4…4 (C-PRI). Default: the awaiting task's, or
    /// the context's.
    int priority = inherited;
    /// When it passes, the request ends with `std::errc::timed_out`, unless it works on a buffer of the
    /// caller's.
    aio::deadline deadline = {};
    /// Cancels the request when a stop is requested. Lifetime: a task copies it; an operation borrows it, as
    /// it does its path, until it starts: so a temporary token only where that is submitted, run or awaited.
    stop_reference stop = {};
    /// Runs even in a task that was cancelled: for cleaning up. Only its own handle, deadline or stop token
    /// cancels it; neither the task, group, when_all or when_any that it is a part of, nor shutdown before
    /// its deadline, which spares what a shielded task awaits, too.
    bool shielded = false;
};

}  // namespace aio
