// SPDX-License-Identifier: MIT
// task<T>: a coroutine that awaits operations, groups and other tasks.
#pragma once

#include <aio/detail/awaiter.hpp>
#include <aio/detail/task_block.hpp>
#include <aio/options.hpp>
#include <aio/result.hpp>

#include <stdexcept>
#include <utility>

namespace aio {

template <class T>
class task;

namespace detail {

/// Where a task's value waits to be taken.
template <class T>
class task_promise : public task_promise_base {
  public:
    task<T> get_return_object() noexcept;
    static task<T> get_return_object_on_allocation_failure() noexcept;
    template <class Value = T>
        requires std::constructible_from<T, Value>
    void return_value(Value&& value) {
        value_.emplace(std::forward<Value>(value));
    }
    T take() {
        if (thrown) std::rethrow_exception(thrown);
        if (value_) return std::move(*value_);
        // The coroutine fell off its end, which g++ does not diagnose.
        if constexpr (holds_error<T>)
            return aio::error(std::errc::state_not_recoverable);
        else
            throw std::logic_error("aio::task ended without co_return");
    }

  private:
    std::optional<T> value_;
};

template <>
class task_promise<void> : public task_promise_base {
  public:
    task<void> get_return_object() noexcept;
    static task<void> get_return_object_on_allocation_failure() noexcept;
    void return_void() noexcept {}
    nothing take() {
        if (thrown) std::rethrow_exception(thrown);
        return {};
    }
};

/// What a task without a coroutine gives: its frame could not be allocated, or it was moved from.
template <class T>
[[nodiscard]] T without_frame(int failed) {
    if constexpr (holds_error<T>)
        return aio::error(failed);
    else if (failed == ENOMEM)
        throw std::bad_alloc();
    else
        throw std::logic_error("aio::task is empty");
}

}  // namespace detail

/// A coroutine that gives a T. Nothing happens until it is awaited, submitted or run.
///
/// T is what `co_await` and `run` give; a task that can fail is a `task<result<X>>`. It finds its context
/// through the task that awaits it. Options given with `with` reach what it awaits: a priority is inherited,
/// a cancellation (also by deadline or stop token) cancels what it is waiting for, and everything it awaits
/// later that is not shielded.
///
/// Lifetime: parameters taken by reference must outlive the task; take them by value. A lambda that is a
/// coroutine must capture nothing, or outlive the task: captures are the lambda's, not the coroutine's.
/// Destroying a task that is suspended gives up what it awaits. One that was moved from gives EINVAL, or
/// throws std::logic_error; a default-constructed one stands for want of memory: ENOMEM, or std::bad_alloc.
/// Threads: runs in its context's poll, one coroutine at a time.
template <class T = void>
class [[nodiscard]] task {
  public:
    using promise_type = detail::task_promise<T>;
    using value_type = T;
    using outcome = detail::stored<T>;

    task() noexcept = default;
    task(task&& other) noexcept
        : frame_(std::exchange(other.frame_, nullptr)), failed_(std::exchange(other.failed_, EINVAL)) {}
    task& operator=(task&& other) noexcept {
        task old(std::move(*this));
        frame_ = std::exchange(other.frame_, nullptr);
        failed_ = std::exchange(other.failed_, EINVAL);
        return *this;
    }
    ~task() {
        if (frame_) frame_.destroy();
    }

    /// The same task, run as `how` says. Replaces all that an earlier `with` said.
    [[nodiscard]] task with(const options& how) && noexcept {
        if (frame_) frame_.promise().run_as(how);
        return std::move(*this);
    }

    /// Runs the task and gives its value, or throws what it threw.
    [[nodiscard]] auto operator co_await() && noexcept { return awaiter(std::move(*this)); }
    /// A task runs once, and is gone then: `co_await std::move(task)`.
    void operator co_await() const& = delete;

    // What follows is for the library.
    [[nodiscard]] options how() const noexcept { return frame_ ? frame_.promise().how : options(); }
    [[nodiscard]] std::coroutine_handle<promise_type> frame() const noexcept { return frame_; }
    template <class Callback>
    [[nodiscard]] detail::block_pointer into_block(Callback callback) && {
        return detail::task_block<task, Callback>::make(std::move(*this), std::move(callback));
    }
    /// The value of a task that has ended.
    [[nodiscard]] outcome take() {
        return frame_ ? frame_.promise().take() : detail::without_frame<outcome>(failed_);
    }

  private:
    friend promise_type;
    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

    class awaiter;

    std::coroutine_handle<promise_type> frame_;
    int failed_ = ENOMEM;  // without a frame; EINVAL once it was moved from
};

/// Awaits a child task: its coroutine continues in place of the parent's, without a request of its own,
/// unless a deadline or stop token has to watch over it.
template <class T>
class task<T>::awaiter {
  public:
    explicit awaiter(task&& child) noexcept : child_(std::move(child)) {}
    awaiter(const awaiter&) = delete;
    awaiter& operator=(const awaiter&) = delete;
    ~awaiter() {
        if (parent_) parent_->child = nullptr;
    }

    bool await_ready() const noexcept { return !child_.frame_; }

    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> parent) {
        static_assert(std::derived_from<Promise, detail::task_promise_base>,
                      "a task is awaited in another aio::task; elsewhere: co_await aio::in(context, task)");
        options how = child_.how();
        if (how.deadline.set() || how.stop.get())
            return watched_.emplace(std::move(child_)).await_suspend(parent);
        promise_type& promise = child_.frame_.promise();
        promise.inherit(parent.promise());
        promise.continuation = parent;
        if (!how.shielded) {
            parent_ = &parent.promise();
            parent_->child = &promise;
        }
        promise.resume_next(child_.frame_);
        return true;
    }

    T await_resume() {
        if (parent_) std::exchange(parent_, nullptr)->child = nullptr;
        if constexpr (std::is_void_v<T>)
            static_cast<void>(value());
        else
            return value();
    }

  private:
    outcome value() { return watched_ ? watched_->await_resume() : child_.take(); }

    task child_;
    detail::task_promise_base* parent_ = nullptr;
    std::optional<detail::request_awaiter<task>> watched_;
};

namespace detail {

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}
template <class T>
task<T> task_promise<T>::get_return_object_on_allocation_failure() noexcept {
    return {};
}
inline task<void> task_promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object_on_allocation_failure() noexcept {
    return {};
}

}  // namespace detail

}  // namespace aio
