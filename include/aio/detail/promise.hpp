// SPDX-License-Identifier: MIT
// task_promise_base: what every task's promise has, whatever its value. Not part of the promise to users.
#pragma once

#include <aio/detail/engine.hpp>

#include <cerrno>
#include <concepts>
#include <new>
#include <stop_token>

namespace aio::detail {

/// Something a task waits for that can be given up.
class awaited {
  public:
    virtual void cancel(int cause) noexcept = 0;

  protected:
    ~awaited() = default;
};

/// Links a task to its context, to who awaits it and to what it awaits. Polling thread only.
class AIO_EXPORT task_promise_base {
  public:
    task_promise_base() noexcept = default;
    task_promise_base(const task_promise_base&) = delete;
    task_promise_base& operator=(const task_promise_base&) = delete;

    // The standard wants the second form; g++ 12 looks for the first.
    static void* operator new(std::size_t bytes) noexcept;
    static void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
        return operator new(bytes);
    }
    static void operator delete(void* frame, std::size_t bytes) noexcept;

    std::suspend_always initial_suspend() noexcept { return {}; }

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <std::derived_from<task_promise_base> Promise>
        void await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
            task_promise_base& promise = ended.promise();
            if (promise.continuation) return promise.resume_next(promise.continuation);
            if (promise.root) finished(*promise.root);
        }
        void await_resume() const noexcept {}
    };
    final_awaiter final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }

    void run_as(const options& told) noexcept {
        how = told;
        stop = how.stop.get() ? *how.stop.get() : std::stop_token();
        if (how.stop.get()) how.stop = stop;
    }
    /// Takes what a task inherits from the one that awaits it.
    void inherit(task_promise_base& from) noexcept {
        owner = from.owner;
        root = from.root;
        how = from.passed_to(how);
        sheltered = from.sheltered || how.shielded;
        if (!how.shielded) cause = from.cause;
    }
    /// How something that it awaits is run.
    [[nodiscard]] options passed_to(options awaited) const noexcept {
        if (awaited.priority == options::inherited) awaited.priority = how.priority;
        return awaited;
    }
    /// Starts what it awaits, `passed_to` which was told. Throws std::bad_alloc, and nothing was started.
    void start(block& awaited, const options& told);

    /// Resumes a coroutine of the same request when the one that runs suspends.
    void resume_next(std::coroutine_handle<> next) const noexcept {
        detail::resume_next(*owner, next, *root);
    }

    /// Cancels the task: what it awaits now, and whatever it awaits later (unless shielded).
    void cancel(int why) noexcept;

    engine* owner = nullptr;
    composite* root = nullptr;             // the request that it is a part of
    std::coroutine_handle<> continuation;  // the awaiting coroutine; null: it is all of that request
    task_promise_base* child = nullptr;    // the task it awaits, or
    awaited* other = nullptr;              // whatever else it awaits
    options how;
    std::stop_token stop;    // of `how`
    bool sheltered = false;  // it is shielded, or one that awaits it
    std::int16_t cause = 0;  // errno it was cancelled with
    std::exception_ptr thrown;
};

}  // namespace aio::detail
