// SPDX-License-Identifier: MIT
// call: one system call that a workload asks of a contender.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bench {

enum class kind : std::uint8_t { nop, wait, stat, open, read, write, fsync, close, rename };

/// How long `kind::wait` sleeps, as a server near by makes a call do.
constexpr auto waiting_time = std::chrono::microseconds(200);

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
