// SPDX-License-Identifier: MIT
#include "loop/suite.hpp"

#include <aio/loop/sd_event.hpp>

#include <ctime>

namespace aio::test {

class sd_event_loop {
  public:
    using adapter = loop::sd_event;
    static constexpr bool ends_by_itself = false;
    static constexpr bool may_be_destroyed_first = true;
    static constexpr bool belongs_to_a_thread = false;

    sd_event_loop() { sd_event_new(&loop_); }
    sd_event_loop(const sd_event_loop&) = delete;
    sd_event_loop& operator=(const sd_event_loop&) = delete;
    ~sd_event_loop() { sd_event_unref(loop_); }

    std::unique_ptr<adapter> attach(context& io, const poll_budget& budget) {
        return std::make_unique<adapter>(io, loop_, budget);
    }
    void run() {
        for (stopped_ = false; !stopped_;)
            sd_event_run(loop_, UINT64_MAX);
    }
    void stop() { stopped_ = true; }
    void every(std::chrono::milliseconds period, tick call) {
        struct timer {
            tick call;
            std::uint64_t period;
        };
        auto* made = new timer{std::move(call), static_cast<std::uint64_t>(period / 1us)};
        sd_event_source* source = nullptr;
        auto ticked = [](sd_event_source* ticking, std::uint64_t, void* data) {
            auto* self = static_cast<timer*>(data);
            if (!self->call()) return sd_event_source_set_floating(ticking, 0), 0;
            sd_event_source_set_time_relative(ticking, self->period);
            return sd_event_source_set_enabled(ticking, SD_EVENT_ONESHOT);
        };
        sd_event_add_time_relative(loop_, &source, CLOCK_MONOTONIC, made->period, 1, ticked, made);
        sd_event_source_set_destroy_callback(source, [](void* data) { delete static_cast<timer*>(data); });
        sd_event_source_set_floating(source, 1);  // the loop's
        sd_event_source_unref(source);
    }

  private:
    ::sd_event* loop_ = nullptr;
    bool stopped_ = false;
};

INSTANTIATE_TYPED_TEST_SUITE_P(SdEvent, AnyLoop, sd_event_loop);

}  // namespace aio::test
