// SPDX-License-Identifier: MIT
// libuv: a context in a libuv loop. Needs libuv; include it where you link with -luv.
#pragma once

#include <aio/loop/attachment.hpp>

#include <uv.h>

#include <memory>
#include <system_error>
#include <utility>

namespace aio::loop {

/// Delivers a context's results in a uv_loop_t: `aio::loop::libuv files(io, uv_default_loop());`. The loop
/// runs until nothing is outstanding, as if every request were a libuv request.
///
/// Lifetime: as <aio/loop/attachment.hpp> says. As with every handle, the loop has to run once more after the
/// adapter was destroyed before uv_loop_close succeeds. Threads: the same. Errors: the same; an exception
/// that leaves a callback ends the program, as it cannot pass through libuv.
class libuv final : public attachment {
  public:
    libuv(context& io, uv_loop_t* loop, const poll_budget& budget = default_budget)
        : attachment(io, budget, keeper::loop_thread) {
        auto handle = std::make_unique<uv_poll_t>();
        check(uv_poll_init(loop, handle.get(), fd()), "uv_poll_init");
        handle_ = handle.release();  // libuv's from here on: closing it takes a turn of the loop
        handle_->data = this;
        if (int failed = uv_poll_start(handle_, UV_READABLE, ready)) {
            ended();
            check(failed, "uv_poll_start");
        }
    }
    ~libuv() override {
        detach();
        ended();
    }

  private:
    static void check(int failed, const char* call) {
        if (failed) throw std::system_error(-failed, std::system_category(), call);
    }
    static void ready(uv_poll_t* handle, int, int) noexcept { static_cast<libuv*>(handle->data)->poll(); }
    static uv_handle_t* base(uv_poll_t* handle) noexcept { return reinterpret_cast<uv_handle_t*>(handle); }

    void keep(bool alive) noexcept override { alive ? uv_ref(base(handle_)) : uv_unref(base(handle_)); }
    void ended() noexcept override {
        if (!handle_) return;
        uv_close(base(std::exchange(handle_, nullptr)),
                 [](uv_handle_t* closed) { delete reinterpret_cast<uv_poll_t*>(closed); });
    }

    uv_poll_t* handle_ = nullptr;
};

}  // namespace aio::loop
