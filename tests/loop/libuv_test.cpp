// SPDX-License-Identifier: MIT
#include "loop/suite.hpp"

#include <aio/loop/libuv.hpp>

namespace aio::test {

class libuv_loop {
  public:
    using adapter = loop::libuv;
    static constexpr bool ends_by_itself = true;
    static constexpr bool may_be_destroyed_first = false;
    static constexpr bool belongs_to_a_thread = false;

    libuv_loop() { uv_loop_init(&loop_); }
    libuv_loop(const libuv_loop&) = delete;
    libuv_loop& operator=(const libuv_loop&) = delete;
    ~libuv_loop() {
        uv_run(&loop_, UV_RUN_DEFAULT);  // what is closing closes
        EXPECT_EQ(uv_loop_close(&loop_), 0) << "a handle was left";
    }

    std::unique_ptr<adapter> attach(context& io, const poll_budget& budget) {
        return std::make_unique<adapter>(io, &loop_, budget);
    }
    void run() { uv_run(&loop_, UV_RUN_DEFAULT); }
    void stop() { uv_stop(&loop_); }
    void every(std::chrono::milliseconds period, tick call) {
        struct timer {
            uv_timer_t handle;
            tick call;
        };
        auto* made = new timer{{}, std::move(call)};
        uv_timer_init(&loop_, &made->handle);
        made->handle.data = made;
        auto ticked = [](uv_timer_t* handle) {
            auto* self = static_cast<timer*>(handle->data);
            if (self->call()) return;
            uv_close(reinterpret_cast<uv_handle_t*>(handle),
                     [](uv_handle_t* closed) { delete static_cast<timer*>(closed->data); });
        };
        auto each = static_cast<std::uint64_t>(period.count());
        uv_timer_start(&made->handle, ticked, each, each);
    }

    uv_loop_t* get() { return &loop_; }

  private:
    uv_loop_t loop_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Libuv, AnyLoop, libuv_loop);

TEST(Libuv, LoopSaysThatItIsStillAttached) {  // a loop closed before its adapter
    libuv_loop loop;
    context io;
    {
        loop::libuv files(io, loop.get());
        EXPECT_EQ(uv_loop_close(loop.get()), UV_EBUSY);
    }
    EXPECT_EQ(uv_loop_close(loop.get()), UV_EBUSY) << "the handle closes in the loop";
}

TEST(Libuv, RunsNothingInALoopThatHasEnded) {
    libuv_loop loop;
    context io;
    loop::libuv files(io, loop.get());
    loop.run();
    EXPECT_FALSE(uv_loop_alive(loop.get()));
    io.submit(aio::nop());
    EXPECT_TRUE(uv_loop_alive(loop.get()));
    loop.run();
    EXPECT_FALSE(uv_loop_alive(loop.get()));
}

}  // namespace aio::test
