// SPDX-License-Identifier: MIT
// notifier: the one descriptor an event loop watches.
#pragma once

#include <aio/options.hpp>
#include <aio/result.hpp>

namespace aio::detail {

/// Readable from signal() until acknowledge(), and from the moment it was armed for until it is armed anew.
/// signal() from any thread, the rest from one at a time.
class notifier {
  public:
    notifier() = default;  // not open
    notifier(const notifier&) = delete;
    notifier& operator=(const notifier&) = delete;
    ~notifier();

    [[nodiscard]] result<> open() noexcept;
    /// Opens it in place of `old`, whose descriptors belong to a fork's parent too, under the same number.
    [[nodiscard]] result<> open_as(notifier& old) noexcept;

    [[nodiscard]] int fd() const noexcept { return fd_; }
    /// What signal() writes to, for others who signal: the kernel.
    [[nodiscard]] int event() const noexcept { return event_; }
    void signal() noexcept;
    /// Blocks until it is signalled, or `until`.
    void wait(clock::time_point until) noexcept;
    void acknowledge() noexcept;
    void arm(clock::time_point when) noexcept;  // time_point::max(): never

  private:
    [[nodiscard]] result<> open_sources() noexcept;
    void close() noexcept;

    int fd_ = -1;     // an epoll instance over the other two
    int event_ = -1;  // eventfd
    int timer_ = -1;  // timerfd
};

}  // namespace aio::detail
