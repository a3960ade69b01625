// SPDX-License-Identifier: MIT
// slow_file_system: a FUSE mount on which looking at a file takes 10 ms, however many look. Linux only, for
// root.
#pragma once

#include "fuse/server.hpp"

#include <sys/types.h>

#include <atomic>
#include <string>

namespace bench {

class slow_file_system {
  public:
    /// Throws std::system_error if it cannot be mounted.
    explicit slow_file_system(const std::string& directory);
    slow_file_system(const slow_file_system&) = delete;
    slow_file_system& operator=(const slow_file_system&) = delete;
    ~slow_file_system();

    /// From now on, it answers at once; `slow` makes it slow again. Any process.
    void hurry() { shared_->store(true); }
    void slow() { shared_->store(false); }

  private:
    fuse::mount mount_;
    std::atomic<bool>* shared_;  // with the process that answers
    pid_t server_ = -1;
};

}  // namespace bench
