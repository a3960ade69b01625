// SPDX-License-Identifier: MIT
// aio::in: awaiting in coroutines that know nothing of this library.
#include "support/leaks.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>
#include <aio/in.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <coroutine>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace aio::test {

namespace {

using namespace std::chrono_literals;

/// Somebody else's coroutine: begins at once, belongs to who holds it.
class foreign {
  public:
    struct promise_type {
        foreign get_return_object() {
            return foreign(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };

    foreign(foreign&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    foreign& operator=(foreign&&) = delete;
    ~foreign() {
        if (frame_) frame_.destroy();
    }
    [[nodiscard]] bool done() const { return frame_.done(); }

  private:
    explicit foreign(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

task<int> doubled(int value, bool fail) {
    auto slept = co_await aio::busy(1ms);
    if (!slept || fail) throw std::runtime_error("failed");
    co_return value * 2;
}
task<> noting(bool& done) {
    done = true;
    co_return;
}

class In : public leak_checked {};

}  // namespace

TEST_F(In, GivesWhatATaskWouldGet) {
    temporary_tree tree;
    std::string path = tree.write("file", "text");
    context io;
    std::string text;
    std::error_code error;
    auto poller = std::this_thread::get_id();
    auto body = [&]() -> foreign {
        auto opened = co_await aio::in(io, aio::open(path, O_RDONLY));
        auto read = co_await aio::in(io, aio::read(*opened, 100, 0));
        EXPECT_EQ(std::this_thread::get_id(), poller) << "resumed elsewhere than in poll";
        text = *read;
        auto status = co_await aio::in(io, aio::stat("/no/such/file"));
        error = status.error();
        auto seven = co_await aio::in(io, aio::call([] { return 7; }));
        EXPECT_EQ(*seven, 7);
    };
    foreign running = body();
    EXPECT_FALSE(running.done()) << "resumed inside submit";
    io.flush();
    EXPECT_TRUE(running.done());
    EXPECT_EQ(text, "text");
    EXPECT_EQ(error, std::errc::no_such_file_or_directory);
}

TEST_F(In, AwaitsTasksAndThrowsWhatTheyThrow) {
    context io;
    int value = 0;
    bool noted = false;
    std::string failure;
    auto body = [&]() -> foreign {
        value = co_await aio::in(io, doubled(21, false));
        co_await aio::in(io, noting(noted));
        try {
            co_await aio::in(io, doubled(21, true));
        } catch (const std::runtime_error& thrown) {
            failure = thrown.what();
        }
    };
    foreign running = body();
    io.flush();
    EXPECT_TRUE(running.done());
    EXPECT_EQ(value, 42);
    EXPECT_TRUE(noted);
    EXPECT_EQ(failure, "failed");
}

/// Somebody else's: whoever awaits it goes on when it is set, inside that call.
class event {
  public:
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) { waiting_.push_back(awaiting); }
    void await_resume() const noexcept {}
    void set() {
        for (const std::coroutine_handle<> each : std::exchange(waiting_, {}))
            each.resume();
    }

  private:
    std::vector<std::coroutine_handle<>> waiting_;
};

TEST_F(In, TasksMayBeResumedTogetherByWhatIsNotOurs) {
    struct tasks {
        static task<int> one(int value) { co_return value; }
        static task<> waiting(event& begin, std::vector<int>& ended, int value) {
            co_await begin;
            int same = co_await one(value);  // each names its successor before the one before has suspended
            auto done = co_await busy(0s);
            EXPECT_TRUE(done);
            ended.push_back(same);
        }
        static task<> setting(event& begin) {
            begin.set();
            co_return;
        }
    };
    context io;
    event begin;
    std::vector<int> ended;
    for (int i = 0; i < 5; ++i)
        io.submit(tasks::waiting(begin, ended, i), [] {});
    io.poll();
    io.submit(tasks::setting(begin), [] {});
    io.flush();
    std::ranges::sort(ended);
    EXPECT_EQ(ended, (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_EQ(io.statistics().outstanding, 0U);
}

TEST_F(In, DestructionGivesTheWorkUp) {
    context io;
    auto began = clock::now();
    {
        auto body = [&]() -> foreign {
            co_await aio::in(io, aio::busy(2s));
            ADD_FAILURE() << "resumed after its end";
        };
        foreign running = body();
    }
    io.flush();
    EXPECT_LT(clock::now() - began, 1s);
}

TEST_F(In, IsCancelledByItsStopToken) {
    context io;
    std::stop_source stop;
    std::error_code error;
    auto body = [&]() -> foreign {
        auto slept = co_await aio::in(io, aio::busy(2s).with({.stop = stop.get_token()}));
        error = slept.error();
    };
    foreign running = body();
    stop.request_stop();
    io.flush();
    EXPECT_EQ(error, std::errc::operation_canceled);
}

TEST_F(In, MayBeAwaitedOnAThreadThatDoesNotPoll) {
    context io;
    std::atomic<int> ended = 0;
    std::atomic<bool> all_begun = false;
    std::thread poller([&] {
        while (!all_begun || ended < 1000) {
            io.wait(10ms);
            io.poll();
        }
    });
    std::vector<foreign> running;
    auto body = [&]() -> foreign {
        auto status = co_await aio::in(io, aio::stat("/"));
        EXPECT_TRUE(status);
        auto again = co_await aio::in(io, aio::stat("/"));
        EXPECT_TRUE(again);
        ++ended;
    };
    for (int i = 0; i < 1000; ++i)
        running.push_back(body());
    all_begun = true;
    poller.join();
    EXPECT_EQ(ended, 1000);
}

}  // namespace aio::test
