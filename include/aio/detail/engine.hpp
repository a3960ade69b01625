// SPDX-License-Identifier: MIT
// What the templates of the public headers ask of the engine. Not part of the promise.
#pragma once

#include <aio/detail/block.hpp>

#include <concepts>
#include <coroutine>
#include <exception>

namespace aio::detail {

/// Accepts a block: applies the options and hands it to a route, or fails it at once with `options`' stop or
/// an operand's error. Any thread; the caller holds a reference besides the engine's, which this adds.
/// Throws std::bad_alloc, if a deadline or stop token needs memory, before anything is queued.
AIO_EXPORT void start(engine& owner, block& request, const options& how);

/// For a coroutine: makes a call at once, if it will not block and the poll that runs has time for it. 0 and
/// a value made at `value`, or the call's errno; or `not_at_once`, and nothing has happened. Polling thread.
AIO_EXPORT int call_at_once(engine& owner, const row& row, const call& arguments, const options& how,
                            void* value) noexcept;
inline constexpr int not_at_once = -1;

/// Asks for `request` to be given up; `cause` is ECANCELED or ETIMEDOUT. Any thread.
AIO_EXPORT void cancel(block& request, int cause) noexcept;

/// cancel(), and its callback is destroyed uncalled. Any thread.
AIO_EXPORT void forget(block& request) noexcept;

/// forget(), from the destructor of what would receive the outcome: returns when nothing of the caller's is
/// used any more. Polling thread.
AIO_EXPORT void abandon(block& request) noexcept;

/// Resumes `next`, a coroutine of `task`, when the coroutine now running suspends; at once if none is
/// running. Polling thread.
AIO_EXPORT void resume_next(engine& owner, std::coroutine_handle<> next, composite& task) noexcept;

/// A task's coroutine has ended: its block can be delivered. Polling thread.
AIO_EXPORT void finished(block& task) noexcept;

/// Puts a callback for the rest of the request's life in place of the one it has.
class AIO_EXPORT replacement {
  public:
    virtual ~replacement();
};
/// The replacement, or null. Polling thread.
AIO_EXPORT replacement* replaced(const block& request) noexcept;
/// False if nobody can receive the outcome any more. Deletes what it does not keep. Throws std::bad_alloc.
AIO_EXPORT bool replace(block& request, replacement* with);

/// One per outcome type: its address names the type.
template <class Outcome>
struct outcome_tag {
    static inline const char here = 0;
};

template <class Outcome>
class typed_replacement : public replacement {
  public:
    virtual void operator()(Outcome&& outcome) = 0;
};

/// Calls a block's callback, or what replaced it.
template <class Outcome, class Callback>
void call_back(const block& request, Callback& callback, Outcome&& outcome) {
    if (request.extra) {
        if (auto* other = static_cast<typed_replacement<Outcome>*>(replaced(request)))
            return (*other)(std::move(outcome));
    }
    if constexpr (std::invocable<Callback&, Outcome>)
        callback(std::move(outcome));
    else
        callback();  // a task<void>'s
}

}  // namespace aio::detail
