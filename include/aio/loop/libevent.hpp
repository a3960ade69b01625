// SPDX-License-Identifier: MIT
// libevent: a context in a libevent loop. Needs libevent 2.1; include it where you link with -levent_core.
#pragma once

#include <aio/loop/attachment.hpp>

#include <event2/event.h>
#include <event2/event_struct.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace aio::loop {

/// Delivers a context's results in an event_base: `aio::loop::libevent files(io, base);`. The loop runs until
/// nothing is outstanding, as if every request were an event.
///
/// Lifetime, Threads: as <aio/loop/attachment.hpp> says. Errors: the same, and ENOMEM; an exception that
/// leaves a callback ends the program, as it cannot pass through libevent.
class libevent final : public attachment {
  public:
    /// `trigger`: EV_ET for edges, if the base can do that.
    libevent(context& io, event_base* base, short trigger = 0, const poll_budget& budget = default_budget)
        : attachment(io, budget, keeper::loop_thread),
          results_(event_new(base, fd(), static_cast<short>(EV_READ | EV_PERSIST | trigger), ready, this)),
          delivery_(event_new(base, -1, 0, deliver, this)),
          keeper_(event_new(base, -1, EV_PERSIST, deliver, this)) {
        if (!results_ || !delivery_ || !keeper_)
            throw std::system_error(ENOMEM, std::system_category(), "event_new");
        // libevent has no other word for an event that does not keep its loop alive. It must be watched then,
        // too: another thread may submit.
        auto& flags = results_->ev_evcallback.evcb_flags;
        flags = static_cast<short>(flags | EVLIST_INTERNAL);
        if (event_add(results_.get(), nullptr) < 0)
            throw std::system_error(ENOMEM, std::system_category(), "event_add");
        keep(true);
    }
    ~libevent() override { detach(); }

  private:
    struct free_event {
        void operator()(event* of) const noexcept { event_free(of); }
    };

    /// Internal events do not count: EVLOOP_ONCE would not return after them.
    static void ready(int, short, void* self) noexcept {
        event_active(static_cast<libevent*>(self)->delivery_.get(), EV_READ, 0);
    }
    static void deliver(int, short, void* self) noexcept { static_cast<libevent*>(self)->poll(); }
    void keep(bool alive) noexcept override {
        static constexpr timeval a_year = {.tv_sec = 366 * 24 * 3600, .tv_usec = 0};
        static_cast<void>(alive ? event_add(keeper_.get(), &a_year) : event_del(keeper_.get()));
    }
    void ended() noexcept override {
        results_.reset();
        delivery_.reset();
        keeper_.reset();
    }

    std::unique_ptr<event, free_event> results_;
    std::unique_ptr<event, free_event> delivery_;
    std::unique_ptr<event, free_event> keeper_;  // a timer that is there while the loop is to stay alive
};

}  // namespace aio::loop
