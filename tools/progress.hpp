// SPDX-License-Identifier: MIT
// progress: a line on the terminal that says how far a scan has come.
#pragma once

#include "lister.hpp"

#include <chrono>

namespace tool {

/// Shows nothing if stderr is no terminal, nor in the first second.
class progress {
  public:
    explicit progress(bool wanted);

    /// Renews the line, once a second at most.
    void show(const lister::counts& found, std::size_t errors);
    void erase();

  private:
    using clock = std::chrono::steady_clock;

    static constexpr auto interval = std::chrono::seconds(1);

    bool wanted_;
    bool shown_ = false;
    clock::time_point began_ = clock::now();
    clock::time_point next_ = began_ + interval;
};

}  // namespace tool
