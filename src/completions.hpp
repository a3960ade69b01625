// SPDX-License-Identifier: MIT
// completions: where every thread leaves finished requests for the polling thread.
#pragma once

#include "notifier.hpp"

#include <aio/detail/block.hpp>

#include <atomic>

namespace aio::detail {

/// A lock-free list that many threads push to and one empties at a stroke. The notifier is signalled only
/// when the poller may be asleep: once per burst (E-4). Shared with the workers, so that it outlives the
/// context while one of them is still inside `push`.
class completions {
  public:
    [[nodiscard]] result<> open() noexcept { return wakeup_.open(); }
    [[nodiscard]] result<> open_as(completions& old) noexcept { return wakeup_.open_as(old.wakeup_); }
    [[nodiscard]] int fd() const noexcept { return wakeup_.fd(); }

    // Any thread.
    void push(block& finished) noexcept {
        if (push_quietly(finished)) wake();
    }
    /// The same, but leaves it to the caller to wake() soon: true if the poller may be asleep.
    [[nodiscard]] bool push_quietly(block& finished) noexcept;
    void wake() noexcept;  // makes the descriptor readable
    void arm(clock::time_point when) noexcept { wakeup_.arm(when); }

    // The polling thread.
    [[nodiscard]] bool empty() const noexcept;
    /// All that was pushed, in that order, linked by `next`.
    [[nodiscard]] block* take() noexcept;
    /// Poll begins: nobody signals until it ends.
    void begin_poll() noexcept;
    /// Poll ends. With `rest` the descriptor stays or becomes readable, by a new edge for those who watch
    /// edges.
    void end_poll(bool rest) noexcept;
    /// Blocks until there may be something to do, or `until` has passed. Also inside a poll.
    void wait(clock::time_point until) noexcept;

  private:
    // null: empty, the poller is awake; asleep(): empty, the next push signals; else the newest block.
    [[nodiscard]] block* asleep() const noexcept {
        return reinterpret_cast<block*>(const_cast<completions*>(this));
    }

    [[nodiscard]] bool fall_asleep() noexcept;
    void acknowledge() noexcept;

    std::atomic<block*> head_{asleep()};
    std::atomic<bool> signalled_{false};
    notifier wakeup_;
};

}  // namespace aio::detail
