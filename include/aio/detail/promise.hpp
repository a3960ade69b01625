// SPDX-License-Identifier: MIT
// task_promise_base: what every task's promise has, whatever its value. Not part of the promise to users.
#pragma once

#include <aio/detail/engine.hpp>

#include <cerrno>
#include <concepts>
#include <new>

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
            if (promise.continuation) return resume_next(*promise.owner, promise.continuation);
            if (promise.root) finished(*promise.root);
        }
        void await_resume() const noexcept {}
    };
    final_awaiter final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }

    /// Takes what a task inherits from the one that awaits it.
    void inherit(task_promise_base& from) noexcept {
        owner = from.owner;
        if (how.priority == options::inherited) how.priority = from.how.priority;
        if (!how.shielded) cause = from.cause;
    }

    /// Cancels the task: what it awaits now, and whatever it awaits later (unless shielded).
    void cancel(int why) noexcept;

    engine* owner = nullptr;
    std::coroutine_handle<> continuation;  // the awaiting coroutine, or
    block* root = nullptr;                 // the request it was submitted as
    task_promise_base* child = nullptr;    // the task it awaits, or
    awaited* other = nullptr;              // whatever else it awaits
    options how;
    std::int16_t cause = 0;  // errno it was cancelled with
    std::exception_ptr thrown;
};

}  // namespace aio::detail
