// SPDX-License-Identifier: MIT
// request_awaiter: starts a request and suspends the awaiting task until it is delivered.
// Not part of the promise.
#pragma once

#include <aio/detail/promise.hpp>
#include <aio/result.hpp>

#include <optional>

namespace aio::detail {

/// Awaits any work that turns into a block: operations, functions, tasks with a deadline or stop token.
/// Lives in the coroutine frame; the block has its own memory, so that a stuck call can be given up.
template <class Work>
class request_awaiter final : awaited {
  public:
    using outcome = typename Work::outcome;

    explicit request_awaiter(Work&& work) noexcept : work_(std::move(work)) {}
    request_awaiter(const request_awaiter&) = delete;
    request_awaiter& operator=(const request_awaiter&) = delete;
    ~request_awaiter() {
        if (request_) abandon(*request_);
    }

    bool await_ready() const noexcept { return false; }

    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> awaiting) {
        static_assert(std::derived_from<Promise, task_promise_base>,
                      "operations are awaited in an aio::task; elsewhere: co_await aio::in(context, work)");
        promise_ = &awaiting.promise();
        const options how = promise_->passed_to(work_.how());
        if constexpr (requires { work_.at_once(*promise_->owner, how); }) {
            // Of a cancelled task, see task_promise_base::start.
            if (!promise_->cause) outcome_ = work_.at_once(*promise_->owner, how);
            if (outcome_) return false;
        }
        try {
            request_ = std::move(work_).into_block(receiver{this});
            promise_->start(*request_, how);
        } catch (const std::bad_alloc&) {
            request_.reset();
            if constexpr (!is_result<outcome>) throw;
            if constexpr (is_result<outcome>) outcome_.emplace(aio::error(ENOMEM));
            return false;
        }
        awaiting_ = awaiting;
        if (!how.shielded) promise_->other = this;
        return true;
    }

    outcome await_resume() {
        if (thrown_) std::rethrow_exception(thrown_);
        return std::move(*outcome_);
    }

  private:
    /// The block's callback: hands the outcome over and resumes the task.
    struct receiver {
        request_awaiter* self;
        void operator()(outcome&& value) const {
            self->outcome_.emplace(std::move(value));
            self->resume();
        }
        void failed(std::exception_ptr thrown) const noexcept {
            self->thrown_ = std::move(thrown);
            self->resume();
        }
    };

    void resume() noexcept {
        promise_->other = nullptr;
        request_.reset();  // the engine holds the block until the callback has returned
        promise_->resume_next(awaiting_);
    }

    void cancel(int cause) noexcept override { detail::cancel(*request_, cause); }

    Work work_;
    std::optional<outcome> outcome_;
    block_pointer request_;
    task_promise_base* promise_ = nullptr;
    std::coroutine_handle<> awaiting_;
    std::exception_ptr thrown_;
};

}  // namespace aio::detail
