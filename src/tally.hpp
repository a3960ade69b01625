// SPDX-License-Identifier: MIT
// tally: a counter that one thread counts with and all may read.
#pragma once

#include <atomic>
#include <cstddef>

namespace aio::detail {

class tally {
  public:
    // Relaxed, and no read-modify-write: nobody else writes it, and nothing depends on it.
    void count() noexcept { value_.store(value() + 1, std::memory_order_relaxed); }
    [[nodiscard]] std::size_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::size_t> value_{0};
};

}  // namespace aio::detail
