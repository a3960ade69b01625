// SPDX-License-Identifier: MIT
// A number of bytes for people.
#pragma once

#include <cstdint>
#include <string>

namespace tool {

/// As `du -h` does: 0, 512, 1.5K, 12M; rounded up.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

}  // namespace tool
