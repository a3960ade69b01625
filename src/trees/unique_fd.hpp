// SPDX-License-Identifier: MIT
// unique_fd: a descriptor that a worker opened for itself. Not aio::file, which is shared and has a block of
// memory.
#pragma once

#include "system_call.hpp"

#include <unistd.h>

#include <utility>

namespace aio::detail {

class unique_fd {
  public:
    unique_fd() noexcept = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        reset(std::exchange(other.fd_, -1));
        return *this;
    }
    ~unique_fd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept {
        errno_guard guard;
        if (fd_ >= 0) ::close(fd_);
        fd_ = fd;
    }
    /// Closes it and gives close's error, which may be that of an earlier write.
    [[nodiscard]] result<> close() noexcept {
        auto closed = attempt_once([&] { return ::close(std::exchange(fd_, -1)); });
        if (!closed && closed.error() != std::errc::interrupted) return std::unexpected(closed.error());
        return {};
    }

  private:
    int fd_ = -1;
};

}  // namespace aio::detail
