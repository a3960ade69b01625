// SPDX-License-Identifier: MIT
// poll_entry: a context in a bare poll(2) loop.
#pragma once

#include <aio/loop/attachment.hpp>

#include <poll.h>

namespace aio::loop {

/// One entry of the array that a loop gives to poll(2):
///
///     aio::loop::poll_entry files(io);
///     while (files.busy()) {
///         pollfd watched[] = {files.entry(), …};
///         if (::poll(watched, std::size(watched), -1) > 0) files.ready(watched[0]);
///     }
///
/// Lifetime, Threads, Errors: as <aio/loop/attachment.hpp> says.
class poll_entry : public attachment {
  public:
    explicit poll_entry(context& io, const poll_budget& budget = default_budget)
        : attachment(io, budget, keeper::nobody) {}
    ~poll_entry() override { detach(); }

    /// What to wait for; poll(2) ignores it once the context is gone.
    [[nodiscard]] pollfd entry() const noexcept { return {attached() ? fd() : -1, POLLIN, 0}; }

    /// Polls if the entry says so. What leaves a callback leaves this. Last thing before the next turn: a
    /// callback may destroy the adapter.
    void ready(const pollfd& polled) {
        if (polled.revents) poll();
    }

  private:
    void ended() noexcept override {}
};

}  // namespace aio::loop
