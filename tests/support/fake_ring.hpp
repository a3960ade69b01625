// SPDX-License-Identifier: MIT
// fake_kernel: rings that a test decides about, in place of the kernel's.
#pragma once

#include "ring.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace aio::test {

/// What becomes of a call.
struct fate {
    int error = 0;           // this, and it is not made
    bool shortened = false;  // half of what it was to move
    bool nothing = false;    // 0, and it is not made
    bool held = false;       // it ends when it is released, cancelled, or its ring closed
    std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();  // or then
};

/// While it lives, contexts get rings of its own, which make calls at once, by system calls, in an order of
/// their own. The contexts are to be used by one thread at a time, and to end before it.
class fake_kernel {
  public:
    fake_kernel();
    fake_kernel(const fake_kernel&) = delete;
    fake_kernel& operator=(const fake_kernel&) = delete;
    ~fake_kernel();

    // To be set as a test likes.
    std::function<void()> when_made;                       // called while a ring is made
    std::function<fate(const detail::ring_call&)> decide;  // none: it is made
    unsigned depth = 16;
    int refuses = 0;               // to make rings, with this errno
    int submit_error = 0;          // of every submit from now on
    int cancel_error = ECANCELED;  // of a call that was ended
    bool cancels = true;           // what is held ends when that is asked for
    bool repeats = false;          // what it said last it says once more after the next submit
    std::uint64_t seed = 1;        // of the order of events

    // What happened.
    std::size_t made = 0;  // rings
    std::size_t calls = 0;
    std::size_t cancels_asked = 0;
    std::size_t most_in_flight = 0;
    std::vector<std::int64_t> offsets;  // of the calls, as they were submitted

    /// Lets what is held go.
    void release();

  private:
    class fake_ring;
    static result<std::unique_ptr<detail::ring>> make(int eventfd, unsigned workers);

    std::vector<fake_ring*> rings_;
};

}  // namespace aio::test
