// SPDX-License-Identifier: MIT
// team: the requests by which a task has a job done.
#pragma once

#include "job.hpp"

#include <aio/call.hpp>
#include <aio/detail/promise.hpp>

#include <concepts>
#include <memory>
#include <utility>
#include <vector>

namespace aio::detail {

/// In a task: `team hands(job, limit); while (co_await hands) hands.report();`. Cancelling the task stops the
/// job; if its deadline passes, or the frame is destroyed, slices that are being made are left behind, and
/// hold the job.
///
/// It is the task that reports, not whoever receives a slice: users' functions are called in there, which may
/// poll, and destroy the task or what it is in. So they are inside it (M-13).
class team final : awaited {
  public:
    team(std::shared_ptr<job> work, std::size_t limit) : work_(std::move(work)), slots_(limit) {}
    team(const team&) = delete;
    team& operator=(const team&) = delete;
    ~team();

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<task_promise_base> Promise>
    bool await_suspend(std::coroutine_handle<Promise> awaiting) {
        promise_ = &awaiting.promise();
        promise_->other = this;
        return go_on(awaiting);
    }
    /// True: slices were made since. False: the job is done. Throws what a report threw, then.
    bool await_resume();
    void report() noexcept;

  private:
    struct slice {
        std::shared_ptr<job> work;
        std::size_t number;
        void operator()() const noexcept { work->work(number); }
    };
    struct receiver {
        team* self;
        std::size_t number;
        void operator()(result<>&& made) const noexcept { self->arrived(number, made); }
    };

    bool go_on(std::coroutine_handle<> awaiting);
    void start_more() noexcept;
    void start(std::size_t number);
    void arrived(std::size_t number, const result<>& made) noexcept;
    void cancel(int cause) noexcept override;

    std::shared_ptr<job> work_;
    std::vector<block_pointer> slots_;
    std::size_t outstanding_ = 0;
    bool has_news_ = false;  // slices that were made and not reported
    task_promise_base* promise_ = nullptr;
    std::coroutine_handle<> awaiting_;  // while it is suspended
    std::exception_ptr thrown_;
};

}  // namespace aio::detail
