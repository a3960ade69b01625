// SPDX-License-Identifier: MIT
// call: one system call that a workload asks of a contender.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

enum class kind : std::uint8_t { nop, stat, open, read, write, fsync, close, rename };

struct call {
    kind what = kind::nop;
    int fd = -1;
    int flags = 0;               // open
    const char* path = nullptr;  // stat, open, rename
    const char* to = nullptr;    // rename
    std::byte* buffer = nullptr;
    std::size_t size = 0;
    std::int64_t offset = 0;
};

/// Makes the call here and now. What every contender reports of a call: −errno, or stat's size, open's
/// descriptor, the number of bytes read or written, 0 of the others.
long make(const call& wanted) noexcept;

}  // namespace bench
