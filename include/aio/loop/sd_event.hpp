// SPDX-License-Identifier: MIT
// sd_event: a context in systemd's event loop. Needs libsystemd; include it where you link with -lsystemd.
#pragma once

#include <aio/loop/attachment.hpp>

#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include <memory>
#include <system_error>

namespace aio::loop {

/// Delivers a context's results in an sd_event loop: `aio::loop::sd_event files(io, event);`.
///
/// An sd_event loop runs until sd_event_exit, whatever is outstanding.
///
/// Lifetime: as <aio/loop/attachment.hpp> says; holds a reference to the loop. Threads: the same. Errors: the
/// same, and sd_event_add_io's; an exception that leaves a callback ends the program, as it cannot pass
/// through libsystemd.
class sd_event final : public attachment {
  public:
    sd_event(context& io, ::sd_event* loop, const poll_budget& budget = default_budget)
        : attachment(io, budget, keeper::nobody) {
        sd_event_source* added = nullptr;
        int failed = sd_event_add_io(loop, &added, fd(), EPOLLIN, ready, this);
        if (failed < 0) throw std::system_error(-failed, std::system_category(), "sd_event_add_io");
        source_.reset(added);
    }
    ~sd_event() override { detach(); }

  private:
    struct disable {
        void operator()(sd_event_source* source) const noexcept { sd_event_source_disable_unref(source); }
    };

    static int ready(sd_event_source*, int, std::uint32_t, void* self) noexcept {
        static_cast<sd_event*>(self)->poll();
        return 0;
    }
    void ended() noexcept override { source_.reset(); }

    std::unique_ptr<sd_event_source, disable> source_;
};

}  // namespace aio::loop
