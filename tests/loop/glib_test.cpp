// SPDX-License-Identifier: MIT
#include "loop/suite.hpp"

#include <aio/loop/glib.hpp>

namespace aio::test {

class glib_loop {
  public:
    using adapter = loop::glib;
    static constexpr bool ends_by_itself = false;
    static constexpr bool may_be_destroyed_first = true;
    static constexpr bool belongs_to_a_thread = false;

    glib_loop() = default;
    glib_loop(const glib_loop&) = delete;
    glib_loop& operator=(const glib_loop&) = delete;
    ~glib_loop() {
        g_main_loop_unref(loop_);
        g_main_context_unref(context_);
    }

    std::unique_ptr<adapter> attach(context& io, const poll_budget& budget) {
        return std::make_unique<adapter>(io, context_, G_PRIORITY_DEFAULT, budget);
    }
    void run() { g_main_loop_run(loop_); }
    void stop() { g_main_loop_quit(loop_); }
    void turn() { g_main_context_iteration(context_, TRUE); }
    void every(std::chrono::milliseconds period, tick call) {
        GSource* timer = g_timeout_source_new(static_cast<guint>(period.count()));
        g_source_set_callback(
            timer, [](gpointer data) -> gboolean { return (*static_cast<tick*>(data))(); },
            new tick(std::move(call)), [](gpointer data) { delete static_cast<tick*>(data); });
        g_source_attach(timer, context_);
        g_source_unref(timer);
    }

  private:
    GMainContext* context_ = g_main_context_new();
    GMainLoop* loop_ = g_main_loop_new(context_, FALSE);
};

INSTANTIATE_TYPED_TEST_SUITE_P(Glib, AnyLoop, glib_loop);

TEST(Glib, AttachesToTheDefaultContext) {
    context io;
    loop::glib files(io);
    bool arrived = false;
    io.submit(aio::nop(), [&](result<>) { arrived = true; });
    while (!arrived)
        g_main_context_iteration(nullptr, TRUE);
}

}  // namespace aio::test
