// SPDX-License-Identifier: MIT
// epoll: a context in a bare epoll(7) loop.
#pragma once

#include <aio/loop/attachment.hpp>

#include <sys/epoll.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace aio::loop {

/// Adds a context to an epoll instance, for the events of which `ready` is called:
///
///     aio::loop::epoll files(io, epoll_fd);
///     while (files.busy()) {
///         epoll_event event;
///         if (::epoll_wait(epoll_fd, &event, 1, -1) == 1 && files.owns(event)) files.ready();
///     }
///
/// Lifetime, Threads, Errors: as <aio/loop/attachment.hpp> says; and the errors of epoll_ctl(2). The instance
/// may be closed first.
class epoll final : public attachment {
  public:
    /// `events`: EPOLLIN, with EPOLLET for edges. Its events carry `data.ptr`, the address of the adapter.
    epoll(context& io, int instance, std::uint32_t events = EPOLLIN,
          const poll_budget& budget = default_budget)
        : attachment(io, budget, keeper::nobody), instance_(instance) {
        epoll_event wanted = {.events = events, .data = {.ptr = this}};
        if (::epoll_ctl(instance_, EPOLL_CTL_ADD, fd(), &wanted) < 0)
            throw std::system_error(errno, std::system_category(), "epoll_ctl");
    }
    ~epoll() override {
        bool watched = attached();
        detach();
        if (watched) ended();
    }

    [[nodiscard]] bool owns(const epoll_event& event) const noexcept { return event.data.ptr == this; }

    /// Delivers what is there. What leaves a callback leaves this. Last thing before the next turn: a
    /// callback may destroy the adapter.
    void ready() { poll(); }

  private:
    void ended() noexcept override { ::epoll_ctl(instance_, EPOLL_CTL_DEL, fd(), nullptr); }

    int instance_;
};

}  // namespace aio::loop
