// SPDX-License-Identifier: MIT
// boost_asio: a context in Boost.Asio's io_context, and its operations with its completion tokens.
// Needs Boost 1.74; header-only. For Asio without Boost: <aio/loop/asio.hpp>.
#pragma once

#include <aio/loop/detail/asio.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/version.hpp>
#if BOOST_ASIO_VERSION >= 101900
#include <boost/asio/associated_cancellation_slot.hpp>
#endif

#include <utility>

namespace aio::detail {

struct boost_asio_library {
    using io_context = ::boost::asio::io_context;
    using executor = io_context::executor_type;
    using descriptor = ::boost::asio::posix::stream_descriptor;
    using error_code = ::boost::system::error_code;

    template <class Outcome>
    static error_code error_of(const Outcome& outcome) noexcept {
        if (outcome) return {};
        return {outcome.error().value(), ::boost::system::system_category()};
    }
    template <class Handler>
    static auto executor_of(const Handler& handler, const executor& otherwise) noexcept {
        return ::boost::asio::get_associated_executor(handler, otherwise);
    }
    template <class Executor>
    static auto work_of(const Executor& executor) noexcept {
        return ::boost::asio::make_work_guard(executor);
    }
    template <class Executor, class Function>
    static void dispatch(const Executor& executor, Function&& function) {
        ::boost::asio::dispatch(executor, std::forward<Function>(function));
    }
    template <class Signature, class Start, class Token, class Work>
    static auto initiate(Start&& start, Token& token, Work&& work) {
        return ::boost::asio::async_initiate<Token, Signature>(std::forward<Start>(start), token,
                                                               std::forward<Work>(work));
    }
#if BOOST_ASIO_VERSION >= 101900
    template <class Handler>
    static auto cancellation_of(const Handler& handler) noexcept {
        return ::boost::asio::get_associated_cancellation_slot(handler);
    }
    template <class Slot>
    static void cancel_with(Slot& slot, request&& running) {
        if (!slot.is_connected()) return;
        slot.assign(
            [running = std::move(running)](::boost::asio::cancellation_type) mutable { running.cancel(); });
    }
    template <class Slot>
    static void clear(Slot slot) noexcept {
        if (slot.is_connected()) slot.clear();
    }
#else  // this Asio has no cancellation slots
    template <class Handler>
    static int cancellation_of(const Handler&) noexcept {
        return 0;
    }
    static void cancel_with(int, request&&) noexcept {}
    static void clear(int) noexcept {}
#endif
};

}  // namespace aio::detail

namespace aio::loop {

/// As aio::loop::asio, for Boost's io_context and tokens; errors are `boost::system::error_code`.
using boost_asio = aio::detail::basic_asio<aio::detail::boost_asio_library>;

}  // namespace aio::loop
