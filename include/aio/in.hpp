// SPDX-License-Identifier: MIT
// in: awaits operations and tasks in coroutines of other libraries.
#pragma once

#include <aio/context.hpp>

#include <cerrno>
#include <coroutine>
#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace aio {

namespace detail {

/// Starts work when it is awaited, and resumes whichever coroutine awaits it.
template <class Work>
class context_awaiter {
  public:
    using outcome = typename Work::outcome;

    context_awaiter(engine& owner, Work&& work) noexcept : owner_(&owner), work_(std::move(work)) {}
    context_awaiter(const context_awaiter&) = delete;
    context_awaiter& operator=(const context_awaiter&) = delete;
    ~context_awaiter() {
        if (request_) abandon(*request_);
    }

    bool await_ready() const noexcept { return false; }

    bool await_suspend(std::coroutine_handle<> awaiting) {
        awaiting_ = awaiting;
        options how = work_.how();
        try {
            block_pointer started = std::move(work_).into_block(receiver{this});
            request_ = started;
            // Another thread may poll: the coroutine may have gone on, and this be gone, before start
            // returns.
            start(*owner_, *started, how);
        } catch (const std::bad_alloc&) {
            request_.reset();
            if constexpr (!is_result<outcome>) throw;
            if constexpr (is_result<outcome>) outcome_.emplace(aio::error(ENOMEM));
            return false;
        }
        return true;
    }

    auto await_resume() {
        if (thrown_) std::rethrow_exception(thrown_);
        if constexpr (!std::same_as<outcome, nothing>) return std::move(*outcome_);
    }

  private:
    /// The block's callback.
    struct receiver {
        context_awaiter* self;
        void operator()(outcome&& value) const {
            self->outcome_.emplace(std::move(value));
            self->resume();
        }
        void failed(std::exception_ptr thrown) const {
            self->thrown_ = std::move(thrown);
            self->resume();
        }
    };

    void resume() {
        request_.reset();  // the engine holds the block until the callback has returned
        awaiting_.resume();
    }

    engine* owner_;
    Work work_;
    std::optional<outcome> outcome_;
    block_pointer request_;
    std::coroutine_handle<> awaiting_;
    std::exception_ptr thrown_;
};

}  // namespace detail

/// Awaits `work` in any coroutine that lets awaiters be awaited: `co_await aio::in(io, aio::stat(path))`
/// gives what it gives in an `aio::task`. In a task it would not be cancelled with it: leave the `in` out.
///
/// Lifetime: await it in the expression that makes it. Destroying the suspended coroutine gives the work up,
/// as a task's destruction does; on the polling thread only.
/// Threads: awaited on any; the coroutine goes on in the context's poll. If others schedule it elsewhere,
/// that is for their awaiter to do after this one.
/// Cancel: by a stop token, `aio::stat(path).with({.stop = token})`, or a deadline.
template <work Work>
[[nodiscard]] detail::context_awaiter<Work> in(context& io, Work&& work) noexcept {
    return {io.engine(), std::move(work)};
}

}  // namespace aio
