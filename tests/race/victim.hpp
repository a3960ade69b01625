// SPDX-License-Identifier: MIT
// victim: a program that stops before every system call with a path, until it is told to go on (seccomp user
// notification).
#pragma once

#include "swaps.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace race {

class victim {
  public:
    enum class stops { before_paths, before_any_effect };

    /// Starts it. Of calls with paths only those in `place` count; `before_any_effect` adds those that write
    /// to files, wherever. Throws std::system_error.
    victim(const std::vector<std::string>& command, const fs::path& place, stops where = stops::before_paths);
    victim(const victim&) = delete;
    victim& operator=(const victim&) = delete;
    ~victim();

    /// Waits for the next boundary; nothing when the victim has ended.
    [[nodiscard]] std::optional<boundary> next();
    /// Ends it at once, before the call that it stopped before.
    void kill() { reap(true); }
    /// Lets it make the call that it stopped before.
    void go_on();
    /// It did not end in time, and was killed.
    [[nodiscard]] bool hung() const noexcept { return hung_; }
    [[nodiscard]] int status() const noexcept { return status_; }

  private:
    [[nodiscard]] std::optional<boundary> look(int thread, unsigned long long directory,
                                               unsigned long long path) const;
    void reap(bool by_force);

    fs::path place_;
    pid_t pid_ = -1;
    int listener_ = -1;
    unsigned long long pending_ = 0;
    bool stopped_ = false;
    bool hung_ = false;
    int status_ = -1;
};

}  // namespace race
