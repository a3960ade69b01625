// SPDX-License-Identifier: MIT
// child: code that has to run in a process of its own, because it limits, forks or ends it.
#pragma once

#include <functional>
#include <source_location>
#include <string>

namespace aio::test {

struct child_end {
    int status = -1;         // of exit
    int signal = 0;          // that killed it
    bool timed_out = false;  // it was still running after the time given, and was killed
    double seconds = 0;
    std::string output;  // stdout and stderr
};

/// Forks, runs `body` in the child, and waits for its end. A body that returns ends the child with status 0,
/// or 98 if an expectation failed, without running destructors and exit handlers of this process; `exit` in
/// it runs them. The child is killed after `seconds`.
child_end run_in_child(const std::function<void()>& body, int seconds = 90);

/// Empty if the child ended with `status`, else what happened.
std::string unexpected_end(const child_end& end, int status = 0);

/// The status of a child that may not do what a test needs.
constexpr int not_permitted = 77;
/// In a child: mounts that nobody else sees, and that end with it.
void own_mounts();

/// In a child: ends it with status 1 and says where, if `holds` is false.
void require(bool holds, std::source_location where = std::source_location::current());

/// Gives up root's power to exceed limits, if there is any; for children only.
void become_nobody();

/// Readable within `milliseconds`?
bool is_readable(int fd, int milliseconds = 0);
/// Readable, at the latest after long_enough().
bool becomes_readable(int fd);

}  // namespace aio::test
