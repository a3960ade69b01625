// SPDX-License-Identifier: MIT
#include "size_text.hpp"

#include <cmath>
#include <string_view>

namespace tool {

std::string size_text(std::uint64_t bytes) {
    constexpr std::string_view units = "KMGTPE";
    if (bytes < 1024) return std::to_string(bytes);
    std::size_t unit = 0;
    std::uint64_t one = 1024;
    while (unit + 1 < units.size() && bytes > 1023 * one) {
        one *= 1024;
        ++unit;
    }
    // Exact: powers of two, and 64 bits of precision.
    const auto tenths = static_cast<std::uint64_t>(
        std::ceil(static_cast<long double>(bytes) / static_cast<long double>(one) * 10));
    std::string text = tenths < 100 ? std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10)
                                    : std::to_string((tenths + 9) / 10);
    return text += units[unit];
}

}  // namespace tool
