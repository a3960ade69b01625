// SPDX-License-Identifier: MIT
// asio: a context in an Asio io_context, and its operations with Asio's completion tokens.
// Needs Asio 1.18; header-only. For the Asio of Boost: <aio/loop/boost_asio.hpp>.
#pragma once

#include <aio/loop/detail/asio.hpp>

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/version.hpp>
#if ASIO_VERSION >= 101900
#include <asio/associated_cancellation_slot.hpp>
#endif

#include <system_error>
#include <utility>

namespace aio::detail {

struct asio_library {
    using io_context = ::asio::io_context;
    using executor = io_context::executor_type;
    using descriptor = ::asio::posix::stream_descriptor;
    using error_code = ::asio::error_code;

    template <class Outcome>
    static error_code error_of(const Outcome& outcome) noexcept {
        if (outcome) return {};
        // By the name that its users look for. Of other codes, only those of the standard's category are
        // equal to std::errc's.
        if (outcome.error() == std::errc::operation_canceled) return ::asio::error::operation_aborted;
        return outcome.error();
    }
    template <class Handler>
    static auto executor_of(const Handler& handler, const executor& otherwise) noexcept {
        return ::asio::get_associated_executor(handler, otherwise);
    }
    template <class Executor>
    static auto work_of(const Executor& executor) noexcept {
        return ::asio::make_work_guard(executor);
    }
    template <class Executor, class Function>
    static void dispatch(const Executor& executor, Function&& function) {
        ::asio::dispatch(executor, std::forward<Function>(function));
    }
    template <class Signature, class Start, class Token, class Work>
    static auto initiate(Start&& start, Token& token, Work&& work) {
        return ::asio::async_initiate<Token, Signature>(std::forward<Start>(start), token,
                                                        std::forward<Work>(work));
    }
#if ASIO_VERSION >= 101900
    template <class Handler>
    static auto cancellation_of(const Handler& handler) noexcept {
        return ::asio::get_associated_cancellation_slot(handler);
    }
    template <class Slot>
    static void cancel_with(Slot& slot, request&& running) {
        if (!slot.is_connected()) return;
        slot.assign([running = std::move(running)](::asio::cancellation_type) mutable { running.cancel(); });
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

/// Delivers a context's results in an io_context, which runs until nothing is outstanding, as if every
/// request were one of Asio's: `aio::loop::asio files(io, loop);`.
///
/// `files.async(work, token)` starts work for any completion token, as in
///
///     auto text = co_await files.async(aio::read(file, 4096, 0), asio::use_awaitable);
///
/// The handler gets `(error_code, T)` for a `result<T>`, `(error_code)` for a `result<>`, and
/// `(std::exception_ptr, T)` for a `task<T>`. It runs in the context's poll if its executor is the
/// io_context's, else it is dispatched to its own. A cancellation slot cancels the request, which then gives
/// `asio::error::operation_aborted`. With tokens that start later, such as use_awaitable, what the operation
/// borrows must live until it is awaited.
///
/// Lifetime: as <aio/loop/attachment.hpp> says; the io_context may be destroyed first.
/// Threads: any may run the io_context, also several: one of them polls at a time. The adapter is destroyed
/// while no other runs it. Errors: the same; an exception that leaves a callback leaves `run`, and the next
/// `run` goes on.
using asio = aio::detail::basic_asio<aio::detail::asio_library>;

}  // namespace aio::loop
