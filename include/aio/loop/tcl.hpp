// SPDX-License-Identifier: MIT
// tcl: a context in Tcl's notifier, and so in Tk. Needs Tcl; include it where you link with -ltcl.
#pragma once

#include <aio/loop/attachment.hpp>

#include <tcl.h>

#include <utility>

namespace aio::loop {

/// Delivers a context's results in the notifier of the thread that makes the adapter: `aio::loop::tcl
/// files(io);`, then Tcl_DoOneEvent, vwait or Tk_MainLoop.
///
/// Tcl waits for what its user waits for, whatever is outstanding. Its notifier uses select(2): the context's
/// descriptor has to be below 1,024.
///
/// Lifetime: as <aio/loop/attachment.hpp> says; destroyed before Tcl_Finalize. Threads: the one that made it
/// runs the loop and destroys the adapter. Errors: the same; an exception that leaves a callback ends the
/// program, as it cannot pass through Tcl.
class tcl final : public attachment {
  public:
    explicit tcl(context& io, const poll_budget& budget = default_budget)
        : attachment(io, budget, keeper::nobody) {
        Tcl_CreateFileHandler(fd(), TCL_READABLE, ready, this);
        Tcl_CreateEventSource(before_sleep, nullptr, this);
    }
    ~tcl() override {
        detach();
        ended();
    }

  private:
    static void ready(ClientData self, int) noexcept { static_cast<tcl*>(self)->poll(); }
    static void before_sleep(ClientData self, int) noexcept { static_cast<tcl*>(self)->rest(); }
    void ended() noexcept override {
        if (!std::exchange(watched_, false)) return;
        Tcl_DeleteEventSource(before_sleep, nullptr, this);
        Tcl_DeleteFileHandler(fd());
    }

    bool watched_ = true;
};

}  // namespace aio::loop
