// SPDX-License-Identifier: MIT
// allocations: operator new of the test program counts, and fails when told to.
#pragma once

#include "support/lasting.hpp"

#include <cstddef>

namespace aio::test {

/// Bytes that operator new has handed out and not got back, with what malloc adds to each.
std::size_t allocated_bytes();

enum class threads { all, this_one };

/// While it lives, the `n`-th operator new from now on (0: the first) throws std::bad_alloc, on any thread or
/// none but this. One at a time.
class failing_allocation {
  public:
    explicit failing_allocation(int n, lasting how = lasting::one, threads whose = threads::all);
    failing_allocation(const failing_allocation&) = delete;
    failing_allocation& operator=(const failing_allocation&) = delete;
    ~failing_allocation();

    /// Whether it has happened.
    [[nodiscard]] bool happened() const;
};

}  // namespace aio::test
