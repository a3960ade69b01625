// SPDX-License-Identifier: MIT
// linger: waiting a moment before sleeping, where that pays.
#pragma once

#include "credit.hpp"
#include "processor.hpp"

#include <aio/options.hpp>

#include <sched.h>

namespace aio::detail {

/// Waking a sleeping thread and being woken costs 20 to 50 µs; a cached call takes one or two. So whoever has
/// just worked looks a while longer before it sleeps, yielding the processor to anybody who has work. It
/// remembers whether that paid, and if not, tries only now and then. One thread at a time.
///
/// Only on another processor than whoever is waited for: on the same, that one could not work meanwhile, and
/// sleeping is also what makes the kernel look for a better place for either of them.
class linger {
  public:
    /// Whether `ready()` became true before the time was over. `awaited`: the processor where somebody makes
    /// it so.
    template <class Ready>
    bool until(const processor& awaited, Ready&& ready) noexcept {
        if (processors() < 2) return false;  // nobody could work meanwhile
        if (!credit_.worthwhile()) return false;
        clock::time_point stop = clock::now() + longest;
        do {
            if (awaited.is_here()) return ready();
            for (int i = 0; i < looks_per_yield; ++i) {
                if (ready()) return credit_.paid(true);
                pause();
            }
            sched_yield();
        } while (clock::now() < stop);
        return credit_.paid(ready());
    }

  private:
    static constexpr auto longest = std::chrono::microseconds(50);
    static constexpr int looks_per_yield = 300;  // for as long as a few cached calls take

    /// Lets the processor's other thread work, and the cache line change hands.
    static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }

    credit credit_;
};

}  // namespace aio::detail
