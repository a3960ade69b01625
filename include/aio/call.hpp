// SPDX-License-Identifier: MIT
// call: any blocking function of the user's, made asynchronous.
#pragma once

#include <aio/detail/awaiter.hpp>
#include <aio/detail/leaf.hpp>

#include <cerrno>
#include <optional>

namespace aio {

namespace detail {

/// R-CALL's value: a function that gives a result gives that result, any other a result of what it gives.
template <class R>
struct call_outcome {
    using type = result<R>;
};
template <class T>
struct call_outcome<result<T>> {
    using type = result<T>;
};

template <class Function, class Outcome, class Callback>
class call_block final : public block {
  public:
    static block_pointer make(Function&& function, Callback&& callback) {
        return block_pointer(
            make_block<call_block>(sizeof(call_block), std::move(function), std::move(callback)));
    }

    int run() noexcept override {
        try {
            if constexpr (is_result<std::invoke_result_t<Function&>>) {
                outcome_ = (*function_)();
            } else if constexpr (std::is_void_v<std::invoke_result_t<Function&>>) {
                (*function_)();
                outcome_ = Outcome();
            } else {
                outcome_ = Outcome((*function_)());
            }
        } catch (const std::system_error& thrown) {
            outcome_ = std::unexpected(thrown.code());
        } catch (const std::bad_alloc&) {
            outcome_ = aio::error(ENOMEM);
        } catch (...) {
            outcome_ = aio::error(std::errc::state_not_recoverable);
        }
        dispose();
        has_value = true;
        return 0;
    }
    void dispose() noexcept override {
        has_run = true;
        function_.reset();
    }
    void deliver() override {
        if (error)
            return call_back(*this, *callback_,
                             Outcome(aio::error(error)));  // outcome_ may be the worker's yet
        call_back(*this, *callback_, std::move(outcome_));
    }
    void drop() noexcept override { callback_.drop(*this); }
    void discard() noexcept override {
        if (has_value) outcome_ = aio::error(ECANCELED);
        has_value = false;
    }
    const void* outcome_type() const noexcept override { return &outcome_tag<Outcome>::here; }

    call_block(Function&& function, Callback&& callback)
        : block(kind::leaf), function_(std::move(function)), callback_(std::move(callback)) {
        at_stake = stake::effect;  // who knows what the function does
        if constexpr (std::is_same_v<Callback, no_callback>)
            wishes.store(nobody_receives, std::memory_order_relaxed);
    }
    ~call_block() override { drop(); }

  private:
    std::optional<Function> function_;
    Outcome outcome_ = aio::error(ECANCELED);
    callback_slot<Callback> callback_;
};

}  // namespace detail

/// A function to be called on a worker thread.
template <class Function>
class [[nodiscard]] function_operation {
  public:
    using outcome = typename detail::call_outcome<std::invoke_result_t<Function&>>::type;

    explicit function_operation(Function&& function) : function_(std::move(function)) {}
    function_operation(function_operation&&) = default;
    function_operation& operator=(function_operation&&) = default;
    function_operation(const function_operation&) = delete;
    function_operation& operator=(const function_operation&) = delete;
    ~function_operation() = default;

    [[nodiscard]] function_operation with(const options& how) && {
        how_ = how;
        return std::move(*this);
    }
    [[nodiscard]] auto operator co_await() && noexcept {
        return detail::request_awaiter<function_operation>(std::move(*this));
    }
    /// It runs once, and is gone then: `co_await std::move(call)`.
    void operator co_await() const& = delete;

    // What follows is for the library.
    [[nodiscard]] const options& how() const noexcept { return how_; }
    template <class Callback>
    [[nodiscard]] detail::block_pointer into_block(Callback callback) && {
        return detail::call_block<Function, outcome, Callback>::make(std::move(function_),
                                                                     std::move(callback));
    }

  private:
    Function function_;
    options how_;
};

/// Calls `function()` on a worker thread and delivers what it returns: `result<X>` for an X, the same for a
/// function that returns a `result<X>`.
///
/// Lifetime: the function is moved into the request, and destroyed on the worker when the call is over; in
/// poll, if it is never made. Errors: std::system_error becomes its code, std::bad_alloc ENOMEM,
/// any other exception `std::errc::state_not_recoverable`: catch what you want to know about. Cancel: a
/// function that is running is not given up, only by a deadline: then it goes on, and what it returns is
/// destroyed.
template <class Function>
[[nodiscard]] function_operation<std::decay_t<Function>> call(Function&& function) {
    return function_operation<std::decay_t<Function>>(
        std::decay_t<Function>(std::forward<Function>(function)));
}

}  // namespace aio
