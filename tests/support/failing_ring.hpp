// SPDX-License-Identifier: MIT
// failing_rings: rings whose calls are among those that failing_system_call counts and lets fail, by the
// names "ring read", "ring fsync" and so on.
#pragma once

#include "ring.hpp"

namespace aio::test {

/// While it lives, rings that are made are such ones.
class failing_rings {
  public:
    failing_rings();
    failing_rings(const failing_rings&) = delete;
    failing_rings& operator=(const failing_rings&) = delete;
    ~failing_rings();
};

}  // namespace aio::test
