// SPDX-License-Identifier: MIT
// seeds: which worlds a test plays.
#pragma once

#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace aio::test {

/// AIO_SEED=n is one; AIO_SEEDS=first-last are these instead of 1 to `last`.
struct seeds {
    explicit seeds(std::uint64_t usual_last) : last(usual_last) {
        if (const char* one = std::getenv("AIO_SEED")) {
            first = last = std::strtoull(one, nullptr, 10);
        } else if (const char* some = std::getenv("AIO_SEEDS")) {
            EXPECT_EQ(std::sscanf(some, "%" SCNu64 "-%" SCNu64, &first, &last), 2) << some;
        }
    }

    std::uint64_t first = 1;
    std::uint64_t last;
};

}  // namespace aio::test
