// SPDX-License-Identifier: MIT
#include "completions.hpp"

namespace aio::detail {

bool completions::push_quietly(block& finished) noexcept {
    block* old = head_.load(std::memory_order_relaxed);  // only a guess for the exchange
    do {
        finished.next = old == asleep() ? nullptr : old;
        // Release: the poller that takes the list sees the outcome. Acquire is not needed: nothing is read.
    } while (
        !head_.compare_exchange_weak(old, &finished, std::memory_order_release, std::memory_order_relaxed));
    return old == asleep();
}

void completions::wake() noexcept {
    // The signal first, then the note that there is one: a poll between the two leaves the descriptor
    // readable once too often, instead of readable for ever.
    wakeup_.signal();
    signalled_.store(true, std::memory_order_release);  // pairs with the exchange in acknowledge
}

bool completions::empty() const noexcept {
    block* head = head_.load(std::memory_order_relaxed);  // relaxed: take() orders
    return !head || head == asleep();
}

block* completions::take() noexcept {
    if (empty()) return nullptr;
    // Acquire: pairs with every push. Only the poller takes, so what it saw was a list, and still is.
    block* newest = head_.exchange(nullptr, std::memory_order_acquire);
    block* first = nullptr;
    while (newest) {
        block* older = newest->next;
        newest->next = first;
        first = newest;
        newest = older;
    }
    return first;
}

/// From now on the next push signals; false if something is there already.
bool completions::fall_asleep() noexcept {
    block* expected = nullptr;
    // Relaxed: the mark carries no data, and a list is taken with acquire.
    return head_.compare_exchange_strong(expected, asleep(), std::memory_order_relaxed) ||
           expected == asleep();
}

void completions::acknowledge() noexcept {
    // Acquire: pairs with push, so that the signal is there to be acknowledged.
    if (signalled_.load(std::memory_order_relaxed) && signalled_.exchange(false, std::memory_order_acquire))
        wakeup_.acknowledge();
}

void completions::begin_poll() noexcept {
    block* expected = asleep();
    // Relaxed: as above. Failure means a list, which stays.
    head_.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed);
    acknowledge();
}

void completions::end_poll(bool rest) noexcept {
    if (!rest) {
        acknowledge();  // of a wait inside this poll
        if (fall_asleep()) return;
    }
    wakeup_.signal();
    signalled_.store(true, std::memory_order_relaxed);  // read by this thread only before another signal
}

void completions::wait(clock::time_point until) noexcept {
    if (!fall_asleep()) return;
    wakeup_.wait(until);
    if (empty()) acknowledge();  // the signal of a push that an earlier poll has taken already
}

}  // namespace aio::detail
