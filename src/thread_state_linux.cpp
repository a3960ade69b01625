// SPDX-License-Identifier: MIT
#include "thread_state_linux.hpp"

#include "system_call.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace aio::detail {

std::optional<bool> is_asleep(pid_t thread) noexcept {
    errno_guard guard;
    char path[48];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", static_cast<int>(thread));
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    char text[128];
    const ssize_t size = ::read(fd, text, sizeof text - 1);
    ::close(fd);
    if (size <= 0) return {};
    text[size] = '\0';
    // "12 (name) R …": the name may hold anything.
    const char* behind_name = std::strrchr(text, ')');
    return !behind_name || std::strncmp(behind_name, ") R", 3) != 0;
}

}  // namespace aio::detail
