// SPDX-License-Identifier: MIT
// patience: how many times longer than elsewhere things may take here. AIO_PATIENCE says it of emulated
// machines.
#pragma once

#include <algorithm>
#include <cstdlib>

namespace aio::test {

inline int patience() {
    const char* given = std::getenv("AIO_PATIENCE");
    return given ? std::max(1, std::atoi(given)) : 1;
}

}  // namespace aio::test
