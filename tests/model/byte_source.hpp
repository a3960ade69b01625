// SPDX-License-Identifier: MIT
// byte_source: decisions made by bytes, a generator's or a fuzzer's.
#pragma once

#include "random_source.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace aio::test {

/// The same bytes make the same decisions. When they are used up, every decision is the first of its choices.
class byte_source {
  public:
    explicit byte_source(std::span<const std::uint8_t> bytes) noexcept : left_(bytes) {}

    [[nodiscard]] bool empty() const noexcept { return left_.empty(); }
    /// 0 … bound − 1; `bound` is at most 256.
    std::size_t below(std::size_t bound) noexcept {
        if (left_.empty()) return 0;
        const std::size_t drawn = left_.front() % bound;
        left_ = left_.subspan(1);
        return drawn;
    }
    /// Once in `times`, but never when the bytes are used up.
    bool once_in(std::size_t times) noexcept { return below(times) == times - 1; }
    template <class T, std::size_t Size>
    const T& one_of(const T (&choices)[Size]) noexcept {
        return choices[below(Size)];
    }

  private:
    std::span<const std::uint8_t> left_;
};

inline std::vector<std::uint8_t> random_bytes(std::uint64_t seed, std::size_t size) {
    detail::random_source random(seed);
    std::vector<std::uint8_t> bytes(size);
    for (std::uint8_t& each : bytes)
        each = static_cast<std::uint8_t>(random.next());
    return bytes;
}

}  // namespace aio::test
