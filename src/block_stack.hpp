// SPDX-License-Identifier: MIT
// block_stack: a lock-free list that many threads push to and whoever wants empties at a stroke.
#pragma once

#include <aio/detail/block.hpp>

#include <atomic>
#include <utility>

namespace aio::detail {

/// Turns a list that is linked by `next` round.
inline block* reversed(block* list) noexcept {
    block* turned = nullptr;
    while (list) {
        block* following = std::exchange(list->next, turned);
        turned = std::exchange(list, following);
    }
    return turned;
}

/// An intrusive stack. Taking is always of all, so there is no ABA.
class block_stack {
  public:
    /// Sequentially consistent: who pushes here and then looks for a sleeper, and a sleeper-to-be who says so
    /// and then looks here, cannot both see nothing.
    void push(block& added) noexcept {
        block* old = head_.load(std::memory_order_relaxed);  // only a guess for the exchange
        do
            added.next = old;
        while (
            !head_.compare_exchange_weak(old, &added, std::memory_order_seq_cst, std::memory_order_relaxed));
    }
    [[nodiscard]] bool empty() const noexcept { return !head_.load(std::memory_order_seq_cst); }

    /// All, the newest first, linked by `next`. Acquire: sees what was done to them before they were pushed.
    [[nodiscard]] block* take() noexcept {
        return empty() ? nullptr : head_.exchange(nullptr, std::memory_order_acq_rel);
    }
    /// All, in the order in which they were pushed.
    [[nodiscard]] block* take_in_order() noexcept { return reversed(take()); }

  private:
    std::atomic<block*> head_{nullptr};
};

}  // namespace aio::detail
