// SPDX-License-Identifier: MIT
#include "futex_linux.hpp"

#include "system_call.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace aio::detail {

namespace {

/// The one that takes a timespec as <time.h> has it: on 32-bit systems there are two.
#ifdef SYS_futex_time64
constexpr long futex = sizeof(timespec::tv_sec) > sizeof(long) ? SYS_futex_time64 : SYS_futex;
#else
constexpr long futex = SYS_futex;
#endif

}  // namespace

void sleep_while(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                 clock::time_point until) noexcept {
    // The steady clock is CLOCK_MONOTONIC, in which FUTEX_WAIT_BITSET takes a point in time.
    timespec timeout = {};
    const timespec* limit = nullptr;
    if (until != clock::time_point::max()) {
        const auto since = std::max(until.time_since_epoch(), clock::duration::zero());
        const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
        timeout = {seconds.count(), std::chrono::nanoseconds(since - seconds).count()};
        limit = &timeout;
    }
    // Whatever it says, the caller looks again: EAGAIN, ETIMEDOUT, EINTR.
    static_cast<void>(attempt_once([&] {
        return ::syscall(futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, limit, nullptr,
                         FUTEX_BITSET_MATCH_ANY);
    }));
}

void wake_sleeper(const std::atomic<std::uint32_t>& word) noexcept {
    static_cast<void>(attempt_once([&] { return ::syscall(futex, &word, FUTEX_WAKE_PRIVATE, 1); }));
}

}  // namespace aio::detail
