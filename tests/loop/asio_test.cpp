// SPDX-License-Identifier: MIT
#include "loop/asio_suite.hpp"

#include <aio/loop/asio.hpp>

#include <asio.hpp>

namespace aio::test {

using this_loop = asio_loop<loop::asio, asio::io_context, asio::steady_timer>;
INSTANTIATE_TYPED_TEST_SUITE_P(Asio, AnyLoop, this_loop);

struct asio_names {
    using loop = this_loop;
    using error_code = asio::error_code;
    using system_error = asio::system_error;
    using io_context = asio::io_context;
    template <class T>
    using awaitable = asio::awaitable<T>;
    static constexpr auto& use_awaitable = asio::use_awaitable;
    static constexpr auto& use_future = asio::use_future;
    static constexpr auto& detached = asio::detached;
    template <class... Arguments>
    static auto spawn(Arguments&&... arguments) {
        return asio::co_spawn(std::forward<Arguments>(arguments)...);
    }
    static auto make_strand(io_context& loop) { return asio::make_strand(loop); }
    template <class Executor, class Handler>
    static auto bind(const Executor& executor, Handler&& handler) {
        return asio::bind_executor(executor, std::forward<Handler>(handler));
    }
    static auto thread_pool() { return std::make_unique<asio::thread_pool>(1); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Asio, AsioLoop, asio_names);

TEST(Asio, CancelsByASlot) {
    asio::io_context loop;
    context io;
    loop::asio files(io, loop);
    asio::cancellation_signal signal;
    asio::error_code error;
    files.async(aio::busy(10s), asio::bind_cancellation_slot(
                                    signal.slot(), [&](asio::error_code failed) { error = failed; }));
    asio::post(loop, [&] { signal.emit(asio::cancellation_type::terminal); });
    loop.run();
    EXPECT_EQ(error, asio::error::operation_aborted);
    signal.emit(asio::cancellation_type::terminal);  // late: nobody listens
}

TEST(Asio, ASlotIsUsedWhereItsHandlerRuns) {  // data races, for the thread sanitizer to find
    struct caller {
        loop::asio& files;
        asio::strand<asio::io_context::executor_type> strand;
        asio::cancellation_signal signal = {};
        int left = 200;
        int ended = 0;

        void next() {
            if (left-- == 0) return;
            files.async(aio::busy(std::chrono::microseconds(left % 40)),
                        asio::bind_cancellation_slot(signal.slot(),
                                                     asio::bind_executor(strand, [this](asio::error_code) {
                                                         ++ended;
                                                         next();
                                                     })));
            asio::post(strand, [this] { signal.emit(asio::cancellation_type::terminal); });
        }
    };
    asio::io_context loop;
    context io;
    loop::asio files(io, loop);
    std::vector<std::unique_ptr<caller>> callers;
    for (int i = 0; i < 8; ++i) {
        callers.push_back(std::make_unique<caller>(files, asio::make_strand(loop)));
        asio::post(callers.back()->strand, [each = callers.back().get()] { each->next(); });
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] { loop.run(); });
    for (auto& each : threads)
        each.join();
    for (const auto& each : callers)
        EXPECT_EQ(each->ended, 200);
}

}  // namespace aio::test
