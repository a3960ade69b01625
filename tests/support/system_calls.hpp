// SPDX-License-Identifier: MIT
// system_calls: the file system calls of the test program count, and fail when told to.
//
// The linker puts the functions of system_calls.cpp in place of the C library's (--wrap), in the library's
// objects as in the tests'. So a fault comes from below everything that the library does about it: its loops,
// its repetitions after EINTR, what it falls back to, what it undoes.
#pragma once

#include "support/lasting.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace aio::test {

/// What happens to a system call in place of what it would do.
struct fault {
    int error = 0;             // this errno; close closes all the same, as the kernel's does
    bool short_count = false;  // or less than was asked for, by calls that move two bytes or more
    bool nothing = false;      // or 0 bytes, by calls on one buffer
};

/// While it lives, each system call on what is below one of `roots` ends as `judge` says, which gets the
/// call's name, the path it is about (the first below a root; of a descriptor its file's), and how many bytes
/// it moves. One call at a time, on the thread that makes it; what `judge` does itself is not judged. One at
/// a time lives.
class judged_system_calls {
  public:
    using function = std::function<fault(const char* call, const std::string& path, std::size_t bytes)>;

    judged_system_calls(std::vector<std::string> roots, function judge);
    judged_system_calls(const judged_system_calls&) = delete;
    judged_system_calls& operator=(const judged_system_calls&) = delete;
    ~judged_system_calls();
};

/// The same with one rule: the `n`-th such call (0: the first) ends as `what` says.
class failing_system_call {
  public:
    failing_system_call(std::vector<std::string> roots, const fault& what, int n, lasting how = lasting::one);

    /// Which call it was, empty if none has been reached.
    [[nodiscard]] std::string happened() const;

  private:
    fault judge(const char* call, std::size_t bytes);

    const fault what_;
    const lasting how_;
    int before_;  // calls that come before it
    std::string happened_;
    const judged_system_calls judged_;
};

/// What becomes of a call that is made in another way than through the C library: on `fd`, of so many bytes.
[[nodiscard]] fault fault_of(const char* name, std::size_t bytes, int fd, const char* path) noexcept;

}  // namespace aio::test
