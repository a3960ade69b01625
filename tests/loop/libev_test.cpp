// SPDX-License-Identifier: MIT
#include "loop/suite.hpp"

#include <aio/loop/libev.hpp>

#include <sys/wait.h>

#include <set>

namespace aio::test {

class libev_loop {
  public:
    using adapter = loop::libev;
    static constexpr bool ends_by_itself = true;
    static constexpr bool may_be_destroyed_first = false;
    static constexpr bool belongs_to_a_thread = false;

    libev_loop() = default;
    libev_loop(const libev_loop&) = delete;
    libev_loop& operator=(const libev_loop&) = delete;
    ~libev_loop() {
        for (timer* each : timers_) {
            ev_timer_stop(loop_, &each->watcher);
            delete each;
        }
        ev_loop_destroy(loop_);
    }

    std::unique_ptr<adapter> attach(context& io, const poll_budget& budget) {
        return std::make_unique<adapter>(io, loop_, budget);
    }
    void run() { ev_run(loop_, 0); }
    void stop() { ev_break(loop_, EVBREAK_ONE); }
    void turn() { ev_run(loop_, EVRUN_ONCE); }
    void every(std::chrono::milliseconds period, tick call) {
        auto* made = new timer{{}, std::move(call), &timers_};
        double seconds = std::chrono::duration<double>(period).count();
        ev_timer_init(&made->watcher, &libev_loop::ticked, seconds, seconds);
        made->watcher.data = made;
        ev_timer_start(loop_, &made->watcher);
        timers_.insert(made);
    }

    struct ev_loop* get() { return loop_; }

  private:
    struct timer {
        ev_timer watcher;
        tick call;
        std::set<timer*>* all;
    };
    static void ticked(struct ev_loop* loop, ev_timer* watcher, int) {
        auto* self = static_cast<timer*>(watcher->data);
        if (self->call()) return;
        ev_timer_stop(loop, watcher);
        self->all->erase(self);
        delete self;
    }

    struct ev_loop* loop_ = ev_loop_new(EVFLAG_AUTO);
    std::set<timer*> timers_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Libev, AnyLoop, libev_loop);

TEST(Libev, GoesOnInAForksChild) {  // L-10, C-FORK
    libev_loop loop;
    context io;
    auto files = loop.attach(io, {});
    int arrived = 0;
    io.submit(aio::busy(20ms), [&](result<>) { ++arrived; });
    pid_t child = ::fork();
    if (child == 0) {
        ev_loop_fork(loop.get());
        loop.run();  // nothing is outstanding here
        io.submit(aio::stat("/"), [&](result<file_status>) { arrived += 10; });
        loop.run();
        ::_exit(arrived);
    }
    loop.run();
    EXPECT_EQ(arrived, 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 10);
}

TEST(Libev, EndsInsideACallbackToo) {  // L-4, L-11
    libev_loop loop;
    context io;
    loop::libev files(io, loop.get());
    int arrived = 0;
    int ticks = 0;
    io.submit(aio::nop(), [&](result<>) {
        loop.every(1ms, [&] { return ++ticks < 3; });
        loop.run();  // nothing of ours is outstanding
        EXPECT_EQ(ticks, 3);
        io.submit(aio::busy(1ms), [&](result<>) { ++arrived; });
        loop.run();
        EXPECT_EQ(arrived, 1);
        io.submit(aio::busy(1ms), [&](result<>) { ++arrived; });
    });
    loop.run();
    EXPECT_EQ(arrived, 2);
}

}  // namespace aio::test
