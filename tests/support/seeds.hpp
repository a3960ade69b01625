// SPDX-License-Identifier: MIT
// seeds: which worlds a test plays.
#pragma once

#include "support/patience.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

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

/// Calls `play` with each of them, and with one at random if none was asked for, up to the first failure.
template <class Play>
void play_seeds(std::uint64_t usual_last, Play play) {
    const auto play_one = [&play](std::uint64_t seed) {
        SCOPED_TRACE("replay with AIO_SEED=" + std::to_string(seed));
        ::alarm(static_cast<unsigned>(120 * patience()));  // the fixture's, for each
        play(seed);
    };
    const seeds wanted(usual_last);
    for (std::uint64_t seed = wanted.first; seed <= wanted.last && !testing::Test::HasFailure(); ++seed)
        play_one(seed);
    if (!std::getenv("AIO_SEED") && !std::getenv("AIO_SEEDS")) play_one(std::random_device()());
}

}  // namespace aio::test
