// SPDX-License-Identifier: MIT
#include "loop/suite.hpp"

#include <aio/loop/libevent.hpp>

namespace aio::test {

template <short Trigger>
class libevent_loop {
  public:
    using adapter = loop::libevent;
    static constexpr bool ends_by_itself = true;
    static constexpr bool may_be_destroyed_first = false;
    static constexpr bool belongs_to_a_thread = false;

    libevent_loop() = default;
    libevent_loop(const libevent_loop&) = delete;
    libevent_loop& operator=(const libevent_loop&) = delete;
    ~libevent_loop() {
        event_base_free(base_);
        event_config_free(config_);
    }

    std::unique_ptr<adapter> attach(context& io, const poll_budget& budget) {
        return std::make_unique<adapter>(io, base_, Trigger, budget);
    }
    void run() { event_base_dispatch(base_); }
    void stop() { event_base_loopbreak(base_); }
    void every(std::chrono::milliseconds period, tick call) {
        struct timer {
            tick call;
            event* watcher;
        };
        auto* made = new timer{std::move(call), nullptr};
        auto ticked = [](int, short, void* data) {
            auto* self = static_cast<timer*>(data);
            if (self->call()) return;
            event_free(self->watcher);
            delete self;
        };
        made->watcher = event_new(base_, -1, EV_PERSIST, ticked, made);
        timeval each = {.tv_sec = 0, .tv_usec = static_cast<suseconds_t>(period / 1us)};
        event_add(made->watcher, &each);
    }

  private:
    event_config* config_ = event_config_new();
    event_base* base_ = event_base_new_with_config(config_);
};

using libevents = testing::Types<libevent_loop<0>, libevent_loop<static_cast<short>(EV_ET)>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Libevent, AnyLoop, libevents);

TEST(Libevent, OnceReturnsAfterResults) {
    event_base* base = event_base_new();
    event* idle = event_new(base, -1, EV_PERSIST, [](int, short, void*) {}, nullptr);
    timeval for_long = {.tv_sec = 5, .tv_usec = 0};
    event_add(idle, &for_long);
    {
        context io;
        loop::libevent files(io, base);
        bool done = false;
        io.submit(busy(1ms), [&](result<>) { done = true; });
        const auto began = std::chrono::steady_clock::now();
        while (!done)
            event_base_loop(base, EVLOOP_ONCE);
        EXPECT_LT(std::chrono::steady_clock::now() - began, 4s) << "it waited for another event";
    }
    event_free(idle);
    event_base_free(base);
}

}  // namespace aio::test
