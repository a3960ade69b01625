// SPDX-License-Identifier: MIT
// libev: a context in a libev loop. Needs libev; include it where you link with -lev.
#pragma once

#include <aio/loop/attachment.hpp>

#include <ev.h>

namespace aio::loop {

/// Delivers a context's results in an ev_loop: `aio::loop::libev files(io, EV_DEFAULT);`. The loop runs until
/// nothing is outstanding, as if every request were a watcher.
///
/// Lifetime, Threads: as <aio/loop/attachment.hpp> says. Errors: the same; an exception that leaves a
/// callback ends the program, as it cannot pass through libev.
class libev final : public attachment {
  public:
    libev(context& io, struct ev_loop* loop, const poll_budget& budget = default_budget)
        : attachment(io, budget, keeper::loop_thread), loop_(loop) {
        ev_io_init(&watcher_, ready, fd(), EV_READ);
        watcher_.data = this;
        ev_io_start(loop_, &watcher_);
        ev_prepare_init(&sleeper_, before_sleep);
        sleeper_.data = this;
        ev_prepare_start(loop_, &sleeper_);
        ev_unref(loop_);  // it keeps no loop alive
    }
    ~libev() override {
        detach();
        ended();
    }

  private:
    static void ready(struct ev_loop*, ev_io* watcher, int) noexcept {
        static_cast<libev*>(watcher->data)->poll();
    }
    static void before_sleep(struct ev_loop*, ev_prepare* watcher, int) noexcept {
        static_cast<libev*>(watcher->data)->rest();
    }
    void keep(bool alive) noexcept override { alive ? ev_ref(loop_) : ev_unref(loop_); }
    void ended() noexcept override {
        if (!ev_is_active(&watcher_)) return;
        if (!keeping()) ev_ref(loop_);  // stopping takes a reference away
        ev_io_stop(loop_, &watcher_);
        ev_ref(loop_);
        ev_prepare_stop(loop_, &sleeper_);
    }

    struct ev_loop* loop_;
    ev_io watcher_;
    ev_prepare sleeper_;
};

}  // namespace aio::loop
