// SPDX-License-Identifier: MIT
// worker: a thread of the pool, and the requests in its hand.
#pragma once

#include "block_stack.hpp"

#include <aio/options.hpp>

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>

namespace aio::detail {

/// Requests that a worker has taken from the queue at once: one is being run, the others wait to be, and may
/// be taken away again meanwhile. A place holds a block, or the same with the lowest bit set while it runs:
/// so one exchange decides between the worker, who begins it, and whoever takes it away, and a block that is
/// seen running is not freed before its place is cleared.
class hand {
  public:
    static constexpr unsigned most = 32;

    /// For the worker, under the pool's mutex.
    void put(unsigned place, block& taken) noexcept {
        places_[place].store(reinterpret_cast<std::uintptr_t>(&taken), std::memory_order_relaxed);
    }
    /// For the worker: the block, running from now on, or null if it was taken away.
    block* begin(unsigned place) noexcept {
        std::uintptr_t waiting = places_[place].load(std::memory_order_relaxed);
        // Acquire-release: either this has it, or take_away.
        if (!waiting ||
            !places_[place].compare_exchange_strong(waiting, waiting | running_bit, std::memory_order_acq_rel,
                                                    std::memory_order_relaxed))
            return nullptr;
        auto* begun = reinterpret_cast<block*>(waiting);
        // Release: whoever gives it up, without the mutex, uses the links that the queue has let go. What is
        // given up just before is not seen to run: worker_pool::remove() waits for this store.
        begun->state.store(phase::running, std::memory_order_release);
        return begun;
    }
    /// For the worker: its call is over, and nobody will find it here any more. Before it is pushed to where
    /// it may be freed: release.
    void end(unsigned place) noexcept { places_[place].store(0, std::memory_order_release); }

    // For others, under the pool's mutex.

    /// What is at `place` and has not begun, or null.
    block* take_away(unsigned place) noexcept {
        std::uintptr_t waiting = places_[place].load(std::memory_order_relaxed);
        return waiting && !(waiting & running_bit) && clear(place, waiting)
                   ? reinterpret_cast<block*>(waiting)
                   : nullptr;
    }
    /// Takes away this one, if it has not begun.
    bool take_away(const block& wanted) noexcept {
        for (unsigned place = 0; place < most; ++place)
            if (clear(place, reinterpret_cast<std::uintptr_t>(&wanted))) return true;
        return false;
    }
    struct view {
        block* running = nullptr;
        unsigned waiting = 0;
    };
    [[nodiscard]] view look() const noexcept;
    /// What runs, or null. It has begun when this returns.
    [[nodiscard]] block* running() const noexcept;

  private:
    static constexpr std::uintptr_t running_bit = 1;

    bool clear(unsigned place, std::uintptr_t expected) noexcept {
        return places_[place].compare_exchange_strong(expected, 0, std::memory_order_acq_rel,
                                                      std::memory_order_relaxed);
    }

    std::atomic<std::uintptr_t> places_[most] = {};
};

/// Lives on its thread's stack. What others read of it they read under the pool's mutex, while it is in one
/// of the pool's lists.
struct worker {
    detail::hand hand;
    block_stack finished;                 // calls that have ended, not pushed to the completions yet
    std::atomic<std::uint64_t> calls{0};  // begun so far; relaxed: the watcher compares
    std::atomic<clock::rep> began{0};     // when it began with what it has in hand; relaxed: for statistics

    // Under the mutex.
    worker* next = nullptr;  // in the idle stack or the busy list
    worker* previous = nullptr;
    std::condition_variable wakeup;
    int lowest =
        highest_priority;  // priority in its hand; the highest there is, if there is nothing to put back
    bool busy = false;     // has something in hand, and is in the busy list
    bool woken = false;
    bool blocked = false;          // its call makes no progress: it counts for nothing
    std::uint64_t calls_seen = 0;  // when the watcher looked last
    clock::duration cpu_seen = {};
    clock::time_point seen_at = clock::now();
    const pthread_t thread = pthread_self();
    const pid_t id = ::gettid();

    // Its own.
    unsigned batch = 1;  // how many it may take at once
    unsigned made = 0;   // calls, in the last batch
    unsigned ended = 0;  // calls that the pool has not counted yet
    bool quick = false;  // they were
};

/// A list of workers; one is in one list at a time.
void link(worker*& first, worker& added) noexcept;
void unlink(worker*& first, worker& member) noexcept;

}  // namespace aio::detail
