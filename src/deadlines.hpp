// SPDX-License-Identifier: MIT
// deadlines: when requests are to be given up.
#pragma once

#include "completions.hpp"
#include "extras.hpp"

#include <algorithm>
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
    }
    void remove(block& request) noexcept {
        std::lock_guard held(mutex);
        due_.erase({request.extra->due, request.extra->number, &request});
    }
    /// Takes out one that is due, or null.
    block* expired(clock::time_point now) noexcept {
        std::lock_guard held(mutex);
        if (due_.empty() || std::get<0>(*due_.begin()) > now) return nullptr;
        block* request = std::get<2>(*due_.begin());
        due_.erase(due_.begin());
        return request;
    }
    [[nodiscard]] clock::time_point earliest() const noexcept {
        std::lock_guard held(mutex);
        return due_.empty() ? clock::time_point::max() : std::get<0>(*due_.begin());
    }

    /// Makes `results` readable when the earliest is due, and at `attempt`, the poller's. The setting is made
    /// under the mutex, so that two threads cannot leave an older one behind.
    void arm(completions& results, std::optional<clock::time_point> attempt = {}) noexcept {
        std::lock_guard held(mutex);
        if (attempt) attempt_ = *attempt;
        clock::time_point first = due_.empty() ? attempt_ : std::min(attempt_, std::get<0>(*due_.begin()));
        if (std::exchange(armed_, first) != first) results.arm(first);
    }
    /// In a fork's child: what is due is the parent's, and so is what was armed.
    void forget_all() noexcept {
        due_.clear();
        attempt_ = clock::time_point::max();
        armed_ = clock::time_point::max();
    }

    mutable std::mutex mutex;  // public for fork alone

  private:
    // By number where they are due together: the order they were started in, whatever their addresses.
    using entry = std::tuple<clock::time_point, std::uint64_t, block*>;
    std::set<entry> due_;
    std::uint64_t added_ = 0;
    clock::time_point attempt_ = clock::time_point::max();
    clock::time_point armed_ = clock::time_point::max();
};

}  // namespace aio::detail
