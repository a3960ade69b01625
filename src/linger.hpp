// SPDX-License-Identifier: MIT
// linger: waiting a moment before sleeping, where that pays.
#pragma once

#include <aio/options.hpp>

#include <sched.h>

#include <algorithm>

#include <thread>

namespace aio::detail {

/// Waking a sleeping thread and being woken costs 20 to 50 µs; a cached call takes one or two. So whoever has
/// just worked looks a while longer before it sleeps, yielding the processor to anybody who has work. It
/// remembers whether that paid, and if not, tries only now and then. One thread at a time.
class linger {
  public:
    /// Whether `ready()` became true before the time was over.
    template <class Ready>
    bool until(Ready&& ready) noexcept {
        if (!worthwhile()) return false;
        clock::time_point stop = clock::now() + longest;
        do {
            for (int i = 0; i < looks_per_yield; ++i) {
                if (ready()) return paid(true);
                pause();
            }
            sched_yield();
        } while (clock::now() < stop);
        return paid(ready());
    }

  private:
    static constexpr auto longest = std::chrono::microseconds(50);
    static constexpr int looks_per_yield = 100;  // about as long as a cached call takes
    static constexpr int best = 16;              // credit is kept between these
    static constexpr int worst = -16;
    static constexpr unsigned retry = 64;  // without credit, one in so many times

    /// Lets the processor's other thread work, and the cache line change hands.
    static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }
    bool worthwhile() noexcept {
        static const bool alone = std::thread::hardware_concurrency() < 2;  // nobody could work meanwhile
        return !alone && (credit_ > 0 || ++skipped_ % retry == 0);
    }
    bool paid(bool did) noexcept {
        credit_ = did ? std::min(credit_ + 2, best) : std::max(credit_ - 1, worst);
        return did;
    }

    int credit_ = best;
    unsigned skipped_ = 0;
};

}  // namespace aio::detail
