// SPDX-License-Identifier: MIT
// deadlines: when requests are to be given up.
#pragma once

#include "completions.hpp"
#include "extras.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace aio::detail {

/// The deadlines of requests in flight. Any thread; a leaf lock.
class deadlines {
  public:
    /// Throws std::bad_alloc.
    void add(block& request) {
        std::lock_guard held(mutex);
        request.extra->number = ++added_;
        due_.emplace(request.extra->due, request.extra->number, &request);
        note_first();
    }
    void remove(block& request) noexcept {
        std::lock_guard held(mutex);
        due_.erase({request.extra->due, request.extra->number, &request});
        note_first();
    }
    /// Takes out one that is due, or null.
    block* expired(clock::time_point now) noexcept {
        std::lock_guard held(mutex);
        if (due_.empty() || std::get<0>(*due_.begin()) > now) return nullptr;
        block* request = std::get<2>(*due_.begin());
        due_.erase(due_.begin());
        note_first();
        return request;
    }
    /// Sequentially consistent: who adds one arms afterwards, which sees that the poller is in wait; or the
    /// poller, who says so first, sees it here.
    [[nodiscard]] clock::time_point earliest() const noexcept {
        return clock::time_point(clock::duration(first_.load(std::memory_order_seq_cst)));
    }

    /// Makes `results` readable when the earliest is due, and at `attempt`, the poller's. The setting is made
    /// under the mutex, so that two threads cannot leave an older one behind.
    /// `added`: what was added just before.
    void arm(completions& results, std::optional<clock::time_point> attempt,
             std::optional<clock::time_point> added = {}) noexcept {
        // The poller alone passes an attempt. If the timer is set right, it needs no lock: a thread that has
        // just added an earlier one arms for itself.
        if (attempt && *attempt == attempt_ && armed() == std::min(attempt_, earliest())) return;
        std::lock_guard held(mutex);
        if (attempt) attempt_ = *attempt;
        const clock::time_point first = std::min(attempt_, earliest());
        if (armed() == first) {
            // But a poller that sleeps by what was due before does not look at the timer.
            if (added == first) results.end_a_wait();
            return;
        }
        armed_.store(first.time_since_epoch().count(), std::memory_order_relaxed);
        results.arm(first);
    }
    /// In a fork's child: what is due is the parent's, and so is what was armed.
    void forget_all() noexcept {
        due_.clear();
        note_first();
        attempt_ = clock::time_point::max();
        armed_.store(never, std::memory_order_relaxed);
    }

    mutable std::mutex mutex;  // public for fork alone

  private:
    static constexpr clock::rep never = clock::time_point::max().time_since_epoch().count();

    void note_first() noexcept {
        first_.store(due_.empty() ? never : std::get<0>(*due_.begin()).time_since_epoch().count(),
                     std::memory_order_seq_cst);
    }
    /// Relaxed: written under the mutex.
    [[nodiscard]] clock::time_point armed() const noexcept {
        return clock::time_point(clock::duration(armed_.load(std::memory_order_relaxed)));
    }

    // By number where they are due together: the order they were started in, whatever their addresses.
    using entry = std::tuple<clock::time_point, std::uint64_t, block*>;
    std::set<entry> due_;
    std::uint64_t added_ = 0;
    std::atomic<clock::rep> first_{never};                  // due, written under the mutex
    clock::time_point attempt_ = clock::time_point::max();  // written by the poller, under the mutex
    std::atomic<clock::rep> armed_{never};
};

}  // namespace aio::detail
