// SPDX-License-Identifier: MIT
// What stands in for system calls that are missing or refuse; apart from them, so that it can be tested where
// they do not.
#pragma once

#include "arguments.hpp"

namespace aio::detail {

/// R-SENDFILE's emulation: reads and writes pieces of 64 KiB.
result<std::size_t> copy_by_hand(int out, int in, std::int64_t offset, std::size_t length) noexcept;

/// R-READAHEAD's emulation: reads, and throws away. Never fails (B-38).
void read_ahead_by_hand(int fd, std::int64_t offset, std::size_t length) noexcept;

}  // namespace aio::detail
