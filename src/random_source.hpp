// SPDX-License-Identifier: MIT
// random_source: numbers from a seed, the same with every compiler and library.
#pragma once

#include <cstdint>

namespace aio::detail {

/// splitmix64. Not <random>: its distributions differ from library to library.
class random_source {
  public:
    explicit constexpr random_source(std::uint64_t seed) noexcept : state_(seed) {}

    constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }
    /// 0 … bound − 1.
    constexpr std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
    constexpr bool chance(double probability) noexcept {
        return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
    }
    [[nodiscard]] constexpr std::uint64_t state() const noexcept { return state_; }

  private:
    std::uint64_t state_;
};

}  // namespace aio::detail
