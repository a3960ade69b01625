// SPDX-License-Identifier: MIT
#include "completions.hpp"

#include "futex_linux.hpp"

namespace aio::detail {

bool completions::push_quietly(block& newest) noexcept {
    block* oldest = &newest;
    while (oldest->next)
        oldest = oldest->next;
    block* old = head_.load(std::memory_order_relaxed);  // only a guess for the exchange
    do {
        oldest->next = is_list(old) ? old : nullptr;
        // Release: the poller that takes the list sees the outcomes. Acquire is not needed: nothing is read.
    } while (
        !head_.compare_exchange_weak(old, &newest, std::memory_order_release, std::memory_order_relaxed));
    return old == asleep() || old == in_wait();
}

void completions::wake() noexcept {
    // Sequentially consistent: either this sees that the poller is in wait, or the poller, who says so first,
    // sees what this is about; and if it leaves meanwhile, that it was rung.
    rung_.store(1, std::memory_order_seq_cst);
    wakeups_.fetch_add(1, std::memory_order_relaxed);
    if (waiting_.load(std::memory_order_seq_cst)) return wake_sleeper(rung_);
    // The signal first, then the note that there is one: a poll between the two leaves the descriptor
    // readable once too often, instead of readable for ever.
    wakeup_.signal();
    signalled_.store(true, std::memory_order_release);  // pairs with the exchange in acknowledge
}

void completions::arm(clock::time_point when) noexcept {
    wakeup_.arm(when);
    end_a_wait();
}

void completions::end_a_wait() noexcept {
    // Sequentially consistent, as in wake(). In a wait it is always one or the other, in this order: only a
    // wait for signals makes the first false, having made the second true.
    if (waiting_.load(std::memory_order_seq_cst) || in_signal_wait_.load(std::memory_order_seq_cst)) wake();
}

void completions::let_go(block& request) noexcept {
    abandoned_.fetch_sub(1, std::memory_order_relaxed);
    release(&request);
}

bool completions::empty() const noexcept {
    return !is_list(head_.load(std::memory_order_relaxed));  // relaxed: take() orders
}

block* completions::take() noexcept {
    if (empty()) return nullptr;
    // Acquire: pairs with every push. Only the poller takes, so what it saw was a list, and still is.
    return reversed(head_.exchange(nullptr, std::memory_order_acquire));
}

/// Puts a mark where nothing is, or another mark; false if a list is there. Relaxed: a mark carries no data,
/// and a list is taken with acquire.
bool completions::mark(block* from, block* to) noexcept {
    // Looked at first: the exchange would take the line from who pushes.
    return head_.load(std::memory_order_relaxed) == from &&
           head_.compare_exchange_strong(from, to, std::memory_order_relaxed);
}

void completions::acknowledge() noexcept {
    // Acquire: pairs with wake, so that the signal is there to be acknowledged.
    if (signalled_.load(std::memory_order_relaxed) && signalled_.exchange(false, std::memory_order_acquire))
        wakeup_.acknowledge();
}

void completions::begin_poll() noexcept {
    mark(asleep(), nullptr);
    acknowledge();
}

void completions::end_poll(bool rest) noexcept {
    // Asleep already: a poll inside another has ended since.
    if (!rest && (mark(nullptr, asleep()) || head_.load(std::memory_order_relaxed) == asleep())) return;
    wakeup_.signal();
    signalled_.store(true, std::memory_order_relaxed);  // read by this thread only before another signal
}

void completions::begin_wait() noexcept {
    mark(asleep(), nullptr);
    // Sequentially consistent: what rings after this in that order is not forgotten, see wake().
    if (rung_.load(std::memory_order_relaxed)) rung_.store(0, std::memory_order_seq_cst);
    waiting_.store(true, std::memory_order_seq_cst);
}

bool completions::end_wait(bool in_poll) noexcept {
    waiting_.store(false, std::memory_order_seq_cst);
    if (rung_.load(std::memory_order_seq_cst)) return true;
    return !in_poll && !mark(nullptr, asleep());
}

void completions::wait(clock::time_point until) noexcept {
    if (!mark(nullptr, in_wait())) return;
    sleep_while(rung_, 0, until);
    mark(in_wait(), nullptr);
    rung_.store(0, std::memory_order_seq_cst);  // whatever it was about, the caller looks at it now
}

void completions::wait_for_kernel(clock::time_point until) noexcept {
    wakeup_.wait(until);
    expect_signal();
    acknowledge();
}

void completions::wait_for_signal(clock::time_point until) noexcept {
    // As an event loop does: pushes and wakes make the descriptor readable meanwhile. But the timer is not
    // looked at.
    in_signal_wait_.store(true, std::memory_order_seq_cst);
    waiting_.store(false, std::memory_order_seq_cst);
    if (!rung_.load(std::memory_order_seq_cst) && mark(nullptr, asleep())) {
        wakeup_.wait(until);
        mark(asleep(), nullptr);
        expect_signal();
        acknowledge();
    }
    rung_.store(0, std::memory_order_seq_cst);  // as in wait()
    waiting_.store(true, std::memory_order_seq_cst);
    in_signal_wait_.store(false, std::memory_order_seq_cst);
}

}  // namespace aio::detail
