// SPDX-License-Identifier: MIT
// completions: where every thread leaves finished requests for the polling thread.
#pragma once

#include "block_stack.hpp"
#include "notifier.hpp"

#include <aio/detail/block.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace aio::detail {

/// A lock-free list that many threads push to and one empties at a stroke. The notifier is signalled only
/// when the poller may be asleep: once per burst (E-4). Shared with the workers, so that it outlives the
/// context while one of them is still inside `push`.
class completions {
  public:
    [[nodiscard]] result<> open() noexcept { return wakeup_.open(); }
    [[nodiscard]] result<> open_as(completions& old) noexcept { return wakeup_.open_as(old.wakeup_); }
    [[nodiscard]] int fd() const noexcept { return wakeup_.fd(); }
    /// The eventfd by which others, the kernel, may make it readable.
    [[nodiscard]] int event() const noexcept { return wakeup_.event(); }

    // Any thread.
    void push(block& finished) noexcept {
        finished.next = nullptr;
        if (push_quietly(finished)) wake();
    }
    /// The same of several, the newest first, but leaves it to the caller to wake() soon: true if the poller
    /// may be asleep.
    [[nodiscard]] bool push_quietly(block& newest) noexcept;
    void wake() noexcept;        // makes the descriptor readable, or a wait return
    void end_a_wait() noexcept;  // the latter alone
    /// Makes the descriptor readable at that time, and a poller that waits look again.
    void arm(clock::time_point when) noexcept;

    /// A call was given up that somebody is still inside: it holds a reference, until let_go().
    void count_abandoned() noexcept { abandoned_.fetch_add(1, std::memory_order_relaxed); }
    void let_go(block& request) noexcept;
    [[nodiscard]] std::size_t abandoned() const noexcept {
        return abandoned_.load(std::memory_order_relaxed);
    }

    [[nodiscard]] std::size_t wakeups() const noexcept { return wakeups_.load(std::memory_order_relaxed); }

    // The polling thread.
    [[nodiscard]] bool empty() const noexcept;
    /// All that was pushed, in that order, linked by `next`.
    [[nodiscard]] block* take() noexcept;
    /// Poll begins: nobody signals until it ends.
    void begin_poll() noexcept;
    /// Poll ends. With `rest` the descriptor stays or becomes readable, by a new edge for those who watch
    /// edges.
    void end_poll(bool rest) noexcept;
    // A wait, also inside a poll: what others do from begin_wait to end_wait makes wait() return, and leaves
    // the descriptor as it is.
    void begin_wait() noexcept;
    /// Blocks until there may be something to do, or `until` has passed.
    void wait(clock::time_point until) noexcept;
    /// The same, but for what the kernel signals too, which wakes no futex.
    void wait_for_signal(clock::time_point until) noexcept;
    /// Blocks until the kernel signals, or `until` has passed; in no wait, and whatever was pushed. Takes the
    /// signals of others, too: outside a poll the caller is to wake() afterwards.
    void wait_for_kernel(clock::time_point until) noexcept;
    /// The kernel may signal from now on: the next poll is to look.
    void expect_signal() noexcept { signalled_.store(true, std::memory_order_relaxed); }
    /// Whether poll may have something to do, so that the descriptor was not made ready to tell.
    bool end_wait(bool in_poll) noexcept;

  private:
    // null: empty, the poller looks here of itself. asleep(): empty, the next push makes the descriptor
    // readable; in_wait(): it ends a wait. Else the newest block.
    [[nodiscard]] block* asleep() const noexcept {
        return reinterpret_cast<block*>(const_cast<completions*>(this));
    }
    [[nodiscard]] block* in_wait() const noexcept {
        return reinterpret_cast<block*>(const_cast<std::atomic<std::uint32_t>*>(&rung_));
    }
    [[nodiscard]] bool is_list(const block* head) const noexcept {
        return head && head != asleep() && head != in_wait();
    }

    bool mark(block* from, block* to) noexcept;
    void acknowledge() noexcept;

    // What workers write, and the poller looks at meanwhile.
    alignas(64) std::atomic<block*> head_{asleep()};
    std::atomic<bool> signalled_{false};
    std::atomic<bool> waiting_{false};         // the poller is between begin_wait and end_wait
    std::atomic<bool> in_signal_wait_{false};  // it is in wait_for_signal, and so perhaps not waiting_
    std::atomic<std::uint32_t> rung_{0};       // 1: somebody wants its attention; it sleeps while 0
    std::atomic<std::size_t> abandoned_{0};    // relaxed everywhere: a counter
    std::atomic<std::size_t> wakeups_{0};      // the same
    notifier wakeup_;
};

}  // namespace aio::detail
