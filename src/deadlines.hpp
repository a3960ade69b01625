// SPDX-License-Identifier: MIT
// deadlines: when requests are to be given up.
#pragma once

#include "completions.hpp"
#include "extras.hpp"

#include <mutex>
#include <set>
#include <utility>

namespace aio::detail {

/// The deadlines of requests in flight. Any thread; a leaf lock.
class deadlines {
public:
    /// Throws std::bad_alloc.
    void add(block& request) {
        std::lock_guard held(mutex);
        due_.emplace(request.extra->due, &request);
    }
    void remove(block& request) noexcept {
        std::lock_guard held(mutex);
        due_.erase({request.extra->due, &request});
    }
    /// Takes out one that is due, or null.
    block* expired(clock::time_point now) noexcept {
        std::lock_guard held(mutex);
        if (due_.empty() || due_.begin()->first > now) return nullptr;
        block* request = due_.begin()->second;
        due_.erase(due_.begin());
        return request;
    }
    [[nodiscard]] clock::time_point earliest() const noexcept {
        std::lock_guard held(mutex);
        return due_.empty() ? clock::time_point::max() : due_.begin()->first;
    }

    /// Makes `results` readable when the earliest is due. The setting is made under the mutex, so that two threads
    /// cannot leave an older one behind.
    void arm(completions& results) noexcept {
        std::lock_guard held(mutex);
        clock::time_point first = due_.empty() ? clock::time_point::max() : due_.begin()->first;
        if (std::exchange(armed_, first) != first) results.arm(first);
    }
    /// In a fork's child: what is due is the parent's, and so is what was armed.
    void forget_all() noexcept {
        due_.clear();
        armed_ = clock::time_point::max();
    }

    mutable std::mutex mutex;  // public for fork alone

private:
    using entry = std::pair<clock::time_point, block*>;
    std::set<entry> due_;
    clock::time_point armed_ = clock::time_point::max();
};

}  // namespace aio::detail
