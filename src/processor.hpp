// SPDX-License-Identifier: MIT
// processor: where a thread runs, as a hint for others.
#pragma once

#include <sched.h>

#include <atomic>

namespace aio::detail {

/// Relaxed throughout: a hint, and old before it is read. Asking costs a few instructions (a field that the
/// kernel keeps up to date in the thread's own memory).
class processor {
  public:
    /// The calling thread's.
    [[nodiscard]] static int here() noexcept { return ::sched_getcpu(); }

    void note_here() noexcept { note(here()); }
    void note_nowhere() noexcept { note(nowhere); }
    [[nodiscard]] bool is_here() const noexcept { return number_.load(std::memory_order_relaxed) == here(); }

  private:
    static constexpr int nowhere = -2;  // nor what here() gives where the kernel does not tell

    /// Written only when it changes, as others read it often.
    void note(int number) noexcept {
        if (number_.load(std::memory_order_relaxed) != number)
            number_.store(number, std::memory_order_relaxed);
    }

    std::atomic<int> number_{nowhere};
};

}  // namespace aio::detail
