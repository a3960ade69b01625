// SPDX-License-Identifier: MIT
// What Asio and Boost.Asio have in common. AsioLoop's parameter names the things of one of them.
#pragma once

#include "loop/suite.hpp"
#include "support/temporary.hpp"

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {

template <class Adapter, class IoContext, class Timer>
class asio_loop {
  public:
    using adapter = Adapter;
    static constexpr bool ends_by_itself = true;
    static constexpr bool may_be_destroyed_first = true;
    static constexpr bool belongs_to_a_thread = false;

    std::unique_ptr<adapter> attach(context& io, const poll_budget& budget) {
        return std::make_unique<adapter>(io, loop_, budget);
    }
    void run() {
        loop_.restart();
        loop_.run();
    }
    void stop() { loop_.stop(); }
    void every(std::chrono::milliseconds period, tick call) {
        start(std::make_shared<Timer>(loop_), period, std::move(call));
    }
    IoContext& get() { return loop_; }

  private:
    static void start(std::shared_ptr<Timer> timer, std::chrono::milliseconds period, tick call) {
        Timer& started = *timer;
        started.expires_after(period);
        started.async_wait([timer = std::move(timer), period, call = std::move(call)](auto failed) mutable {
            if (!failed && call()) start(std::move(timer), period, std::move(call));
        });
    }

    IoContext loop_;
};

/// How operations go with completion tokens.
template <class Names>
class AsioLoop : public testing::Test {
  protected:
    template <class T>
    using awaitable = typename Names::template awaitable<T>;

    /// Runs the loop until nothing keeps it.
    void run() {
        loop.restart();
        loop.run();
    }

    typename Names::io_context loop;
    context io;
    typename Names::loop::adapter files{io, loop};
};

TYPED_TEST_SUITE_P(AsioLoop);

TYPED_TEST_P(AsioLoop, CallsAHandler) {
    using error_code = typename TypeParam::error_code;
    int called = 0;
    this->files.async(aio::stat("/"), [&](error_code error, file_status status) {
        ++called;
        EXPECT_FALSE(error);
        EXPECT_TRUE(status.is_directory());
    });
    this->files.async(aio::rmdir("/no/such/directory"), [&](error_code error) {
        ++called;
        EXPECT_EQ(error.value(), ENOENT);
        EXPECT_TRUE(error == std::errc::no_such_file_or_directory);
    });
    this->files.async(aio::call([] { return 7; }), [&](error_code error, int seven) {
        ++called;
        EXPECT_FALSE(error);
        EXPECT_EQ(seven, 7);
    });
    EXPECT_EQ(called, 0) << "called inside async";
    this->run();
    EXPECT_EQ(called, 3);
}

TYPED_TEST_P(AsioLoop, AwaitsInAsiosCoroutines) {
    temporary_tree tree;
    std::string path = tree.write("file", "text");
    std::string text;
    auto body = [&]() -> typename TypeParam::template awaitable<void> {
        auto poller = std::this_thread::get_id();
        file opened = co_await this->files.async(aio::open(path, O_RDONLY), TypeParam::use_awaitable);
        text = co_await this->files.async(aio::read(opened, 100, 0), TypeParam::use_awaitable);
        co_await this->files.async(aio::close(std::move(opened)), TypeParam::use_awaitable);
        EXPECT_EQ(std::this_thread::get_id(), poller);
    };
    TypeParam::spawn(this->loop, body, TypeParam::detached);
    this->run();
    EXPECT_EQ(text, "text");
}

TYPED_TEST_P(AsioLoop, ThrowsErrorsIntoAsiosCoroutines) {
    int error = 0;
    auto body = [&]() -> typename TypeParam::template awaitable<void> {
        try {
            co_await this->files.async(aio::stat("/no/such/file"), TypeParam::use_awaitable);
        } catch (const typename TypeParam::system_error& thrown) {
            error = thrown.code().value();
        }
    };
    TypeParam::spawn(this->loop, body, TypeParam::detached);
    this->run();
    EXPECT_EQ(error, ENOENT);
}

inline task<int> doubled(int value, bool fail) {
    auto slept = co_await aio::busy(1ms);
    if (!slept || fail) throw std::runtime_error("failed");
    co_return value * 2;
}
inline task<> nothing_at_all() {
    co_return;
}

TYPED_TEST_P(AsioLoop, AwaitsTasks) {
    int value = 0;
    std::string failure;
    auto body = [&]() -> typename TypeParam::template awaitable<void> {
        co_await this->files.async(nothing_at_all(), TypeParam::use_awaitable);
        value = co_await this->files.async(doubled(21, false), TypeParam::use_awaitable);
        try {
            co_await this->files.async(doubled(21, true), TypeParam::use_awaitable);
        } catch (const std::runtime_error& thrown) {
            failure = thrown.what();
        }
    };
    TypeParam::spawn(this->loop, body, TypeParam::detached);
    this->run();
    EXPECT_EQ(value, 42);
    EXPECT_EQ(failure, "failed");
}

TYPED_TEST_P(AsioLoop, KeepsAPromise) {
    auto status = this->files.async(aio::stat("/"), TypeParam::use_future);
    auto none = this->files.async(aio::stat("/no/such/file"), TypeParam::use_future);
    this->run();
    EXPECT_TRUE(status.get().is_directory());
    EXPECT_THROW(none.get(), typename TypeParam::system_error);
}

TYPED_TEST_P(AsioLoop, DispatchesToTheHandlersExecutor) {
    using error_code = typename TypeParam::error_code;
    auto pool = TypeParam::thread_pool();
    std::thread::id called;
    this->files.async(aio::stat("/"), TypeParam::bind(pool->get_executor(), [&](error_code, file_status) {
                          called = std::this_thread::get_id();
                      }));
    this->run();
    pool->join();  // waits for the handler: it counted as work there
    EXPECT_NE(called, std::thread::id());
    EXPECT_NE(called, std::this_thread::get_id());
}

TYPED_TEST_P(AsioLoop, RunsOnSeveralThreads) {
    using error_code = typename TypeParam::error_code;
    std::atomic<int> arrived = 0;
    std::function<void(int)> next = [&](int depth) {
        this->files.async(aio::stat("/"), [&, depth](error_code, file_status) {
            ++arrived;
            if (depth) next(depth - 1);
        });
    };
    auto strand = TypeParam::make_strand(this->loop);
    std::function<void(int)> strand_next = [&](int depth) {
        this->files.async(aio::stat("/"), TypeParam::bind(strand, [&, depth](error_code, file_status) {
                              ++arrived;
                              if (depth) strand_next(depth - 1);
                          }));
    };
    for (int i = 0; i < 10; ++i) {
        next(100);
        strand_next(100);
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] { this->loop.run(); });
    for (auto& each : threads)
        each.join();
    EXPECT_EQ(arrived, 2 * 10 * 101) << "the io_context stopped with something outstanding";
}

TYPED_TEST_P(AsioLoop, LetsExceptionsLeaveRunAndGoesOn) {  // M-6
    int arrived = 0;
    this->io.submit(aio::nop(), [](result<>) { throw 7; });
    this->io.submit(aio::nop(), [&](result<>) { ++arrived; });
    EXPECT_THROW(this->run(), int);
    EXPECT_EQ(arrived, 0);
    this->run();
    EXPECT_EQ(arrived, 1);
}

TYPED_TEST_P(AsioLoop, DestroysWhatIsSuspended) {
    auto witness = std::make_shared<int>();
    std::weak_ptr<int> alive = witness;
    {
        context other;
        typename TypeParam::loop::adapter attached(other, this->loop);
        auto body = [&attached](std::shared_ptr<int>) -> typename TypeParam::template awaitable<void> {
            co_await attached.async(aio::busy(10s), TypeParam::use_awaitable);
        };
        TypeParam::spawn(this->loop, body(std::move(witness)), TypeParam::detached);
        this->loop.poll();
        EXPECT_FALSE(alive.expired());
    }
    this->run();  // Asio unwinds coroutines in the loop
    EXPECT_TRUE(alive.expired());
}

TYPED_TEST_P(AsioLoop, GoesOnWithWhatTheLastCallbackPosts) {
    for (const int hint : {1, 2}) {
        typename TypeParam::io_context own(hint);
        context other;
        typename TypeParam::loop::adapter attached(other, own);
        int posted = 0;
        other.submit(aio::nop(), [&](result<>) { post(own, [&] { post(own, [&] { ++posted; }); }); });
        own.run();
        EXPECT_EQ(posted, 1);
    }
}

TYPED_TEST_P(AsioLoop, RunsAfterAPollBeforeIt) {
    int posted = 0;
    EXPECT_TRUE(this->io.run(aio::stat("/")));
    post(this->loop, [&] { ++posted; });
    this->loop.run();  // not restarted: nothing has stopped it
    EXPECT_EQ(posted, 1);
}

REGISTER_TYPED_TEST_SUITE_P(AsioLoop, CallsAHandler, AwaitsInAsiosCoroutines, ThrowsErrorsIntoAsiosCoroutines,
                            AwaitsTasks, KeepsAPromise, DispatchesToTheHandlersExecutor, RunsOnSeveralThreads,
                            LetsExceptionsLeaveRunAndGoesOn, DestroysWhatIsSuspended,
                            GoesOnWithWhatTheLastCallbackPosts, RunsAfterAPollBeforeIt);

}  // namespace aio::test
