// SPDX-License-Identifier: MIT
#include "loop/suite.hpp"

#include <aio/loop/tcl.hpp>

namespace aio::test {

/// The notifier of the thread that makes it, so that it is always the same loop here.
class tcl_loop {
  public:
    using adapter = loop::tcl;
    static constexpr bool ends_by_itself = false;
    static constexpr bool may_be_destroyed_first = false;
    static constexpr bool belongs_to_a_thread = true;

    tcl_loop() {
        static const bool begun = (Tcl_FindExecutable(nullptr), true);
        static_cast<void>(begun);
    }
    std::unique_ptr<adapter> attach(context& io, const poll_budget& budget) {
        return std::make_unique<adapter>(io, budget);
    }
    void run() {
        for (stopped_ = false; !stopped_;)
            Tcl_DoOneEvent(TCL_ALL_EVENTS);
    }
    void stop() { stopped_ = true; }
    void turn() { Tcl_DoOneEvent(TCL_ALL_EVENTS); }
    void every(std::chrono::milliseconds period, tick call) {
        start(new timer{std::move(call), static_cast<int>(period.count())});
    }

  private:
    struct timer {
        tick call;
        int period;
    };
    static void start(timer* self) {
        auto ticked = [](ClientData data) {
            std::unique_ptr<timer> called(static_cast<timer*>(data));
            if (called->call()) start(called.release());
        };
        Tcl_CreateTimerHandler(self->period, ticked, self);
    }

    bool stopped_ = false;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Tcl, AnyLoop, tcl_loop);

}  // namespace aio::test
