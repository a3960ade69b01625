// SPDX-License-Identifier: MIT
// futex: sleeping until somebody changes a number.
#pragma once

#include <aio/options.hpp>

#include <atomic>
#include <cstdint>

namespace aio::detail {

/// Blocks while `word` is `expected`, not longer than `until`; may return earlier.
void sleep_while(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                 clock::time_point until) noexcept;
/// Wakes the one that sleeps on `word`.
void wake_sleeper(const std::atomic<std::uint32_t>& word) noexcept;

}  // namespace aio::detail
