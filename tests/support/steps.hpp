// SPDX-License-Identifier: MIT
// steps: a look at each system call with a path that the library makes, just before it is made, on every
// route. What the linker puts in place of the calls (system_calls.cpp) sees to it.
#pragma once

#include <functional>
#include <string_view>

namespace aio::test {

class steps {
  public:
    /// `before` gets what the path is relative to, and the path. One call at a time, on the thread that makes
    /// the system call; what it does itself is no step.
    using function = std::function<void(int base, std::string_view path)>;
    /// The same for fsync and fdatasync.
    using sync_function = std::function<void(int fd)>;

    explicit steps(function before, sync_function before_sync = {});
    steps(const steps&) = delete;
    steps& operator=(const steps&) = delete;
    ~steps();
};

/// A call with this path is about to be made: for system_calls.cpp.
void step(int base, const char* path);
/// The same of what is about to be synced.
void sync_step(int fd);

}  // namespace aio::test
