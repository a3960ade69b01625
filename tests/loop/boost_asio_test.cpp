// SPDX-License-Identifier: MIT
#include "loop/asio_suite.hpp"

#include <aio/loop/boost_asio.hpp>

#include <boost/asio.hpp>

namespace aio::test {

using this_loop = asio_loop<loop::boost_asio, boost::asio::io_context, boost::asio::steady_timer>;
INSTANTIATE_TYPED_TEST_SUITE_P(BoostAsio, AnyLoop, this_loop);

struct boost_asio_names {
    using loop = this_loop;
    using error_code = boost::system::error_code;
    using system_error = boost::system::system_error;
    using io_context = boost::asio::io_context;
    template <class T>
    using awaitable = boost::asio::awaitable<T>;
    static constexpr auto& use_awaitable = boost::asio::use_awaitable;
    static constexpr auto& use_future = boost::asio::use_future;
    static constexpr auto& detached = boost::asio::detached;
    template <class... Arguments>
    static auto spawn(Arguments&&... arguments) {
        return boost::asio::co_spawn(std::forward<Arguments>(arguments)...);
    }
    static auto make_strand(io_context& loop) { return boost::asio::make_strand(loop); }
    template <class Executor, class Handler>
    static auto bind(const Executor& executor, Handler&& handler) {
        return boost::asio::bind_executor(executor, std::forward<Handler>(handler));
    }
    static auto thread_pool() { return std::make_unique<boost::asio::thread_pool>(1); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(BoostAsio, AsioLoop, boost_asio_names);

}  // namespace aio::test
