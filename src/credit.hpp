// SPDX-License-Identifier: MIT
// credit: whether something that pays at times has paid of late.
#pragma once

#include <algorithm>
#include <atomic>

namespace aio::detail {

/// Relaxed throughout: threads that disagree lose nothing but a try.
class credit {
  public:
    /// Whether to try. Without credit, one time in so many.
    [[nodiscard]] bool worthwhile() noexcept {
        if (left_.load(std::memory_order_relaxed) > 0) return true;
        const unsigned skipped = skipped_.load(std::memory_order_relaxed) + 1;
        skipped_.store(skipped, std::memory_order_relaxed);
        return skipped % retry == 0;
    }
    [[nodiscard]] bool pays() const noexcept { return left_.load(std::memory_order_relaxed) > 0; }
    /// Notes whether it did, which it returns.
    bool paid(bool did) noexcept {
        const int left = left_.load(std::memory_order_relaxed);
        const int now = did ? std::min(left + 2, best) : std::max(left - 1, worst);
        if (now != left) left_.store(now, std::memory_order_relaxed);
        return did;
    }

    void lose() noexcept { left_.store(worst, std::memory_order_relaxed); }

  private:
    static constexpr int best = 16;  // it stays between these
    static constexpr int worst = -16;
    static constexpr unsigned retry = 64;

    std::atomic<int> left_{best};
    std::atomic<unsigned> skipped_{0};
};

}  // namespace aio::detail
