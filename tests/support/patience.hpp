// SPDX-License-Identifier: MIT
// patience: how long a test waits for what must come.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace aio::test {

/// How many times longer than elsewhere things may take here. AIO_PATIENCE says it of emulated machines.
inline int patience() {
    const char* given = std::getenv("AIO_PATIENCE");
    return given ? std::max(1, std::atoi(given)) : 1;
}

/// Only a hang takes that long. A disk that discards blocks was seen to stall for ten seconds.
inline std::chrono::seconds long_enough() {
    return std::chrono::seconds(40) * patience();
}

}  // namespace aio::test
