// SPDX-License-Identifier: MIT
// processor: where a thread runs, as a hint for others.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace aio::detail {

/// How many there are for us, at least one.
inline unsigned processors() noexcept {
    static const unsigned all = std::max(1U, std::thread::hardware_concurrency());
    return all;
}

/// Relaxed throughout: a hint, and old before it is read. Asking costs a few instructions (a field that the
/// kernel keeps up to date in the thread's own memory).
class processor {
  public:
    void note_here() noexcept {
        const int here = ::sched_getcpu();
        // Written only when it changes, as others read it often.
        if (number_.load(std::memory_order_relaxed) != here) number_.store(here, std::memory_order_relaxed);
    }
    /// False where nobody was, or the kernel does not tell.
    [[nodiscard]] bool is_here() const noexcept {
        const int number = number_.load(std::memory_order_relaxed);
        return number >= 0 && number == ::sched_getcpu();
    }

  private:
    std::atomic<int> number_{-1};
};

}  // namespace aio::detail
