// SPDX-License-Identifier: MIT
// Timers for loops that have none of their own.
#pragma once

#include "loop/suite.hpp"

#include <algorithm>
#include <list>

namespace aio::test {

class bare_timers {
  public:
    void every(std::chrono::milliseconds period, tick call) {
        timers_.push_back({clock::now() + period, period, std::move(call)});
    }
    [[nodiscard]] bool empty() const { return timers_.empty(); }
    /// For poll(2): milliseconds until the next one is due, rounded up; −1 if there is none.
    [[nodiscard]] int timeout() const {
        if (timers_.empty()) return -1;
        auto next = std::ranges::min(timers_, {}, &timer::due).due;
        auto left = std::chrono::ceil<std::chrono::milliseconds>(next - clock::now());
        return static_cast<int>(std::max(left, 0ms).count());
    }
    void call() {
        for (auto each = timers_.begin(); each != timers_.end();) {
            bool again = true;
            if (each->due <= clock::now()) {
                again = each->call();
                each->due = clock::now() + each->period;
            }
            each = again ? std::next(each) : timers_.erase(each);
        }
    }

  private:
    struct timer {
        clock::time_point due;
        std::chrono::milliseconds period;
        tick call;
    };
    std::list<timer> timers_;  // one that is called may add others
};

}  // namespace aio::test
