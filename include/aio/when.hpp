// SPDX-License-Identifier: MIT
// when_all, when_any: several things awaited at once.
#pragma once

#include <aio/task.hpp>
#include <aio/work.hpp>

#include <array>
#include <tuple>
#include <vector>

namespace aio {

/// What when_any gives: who was first, and what everybody delivered (the others mostly `operation_canceled`).
template <class Outcomes>
struct first_of {
    static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

    std::size_t index;
    Outcomes outcomes;
};

namespace detail {

/// Starts several works and suspends the task until all are delivered. Cancelling the task cancels them all;
/// with `Any`, so does the first to end.
template <bool Any>
class join : awaited {
  public:
    join() noexcept = default;
    join(const join&) = delete;
    join& operator=(const join&) = delete;

  protected:
    ~join() {
        // Left by an exception, it is still what its task waits for.
        if (promise_ && promise_->other == this) promise_->other = nullptr;
    }

    template <class Work, class Outcome>
    void start_one(Work&& work, std::optional<Outcome>& into, block_pointer& slot, std::size_t index) {
        const options how = promise_->passed_to(work.how());
        try {
            slot = std::move(work).into_block(receiver<Outcome>{this, &into, &slot, index});
            promise_->start(*slot, how);
            ++outstanding_;
        } catch (const std::bad_alloc&) {
            slot.reset();
            if constexpr (is_result<Outcome>)
                into.emplace(aio::error(ENOMEM));
            else
                throw;
        }
    }

    void begin(task_promise_base& promise) noexcept {
        promise_ = &promise;
        promise.other = this;
    }
    /// Whether there is anything to wait for.
    bool waits(std::coroutine_handle<> awaiting) noexcept {
        awaiting_ = awaiting;
        if (!outstanding_) promise_->other = nullptr;
        return outstanding_ != 0;
    }

    virtual void cancel_all(int cause) noexcept = 0;

    std::size_t first_ = static_cast<std::size_t>(-1);

    /// Throws what the first task that threw had thrown.
    void rethrow() const {
        if (thrown_) std::rethrow_exception(thrown_);
    }

  private:
    template <class Outcome>
    struct receiver {
        join* self;
        std::optional<Outcome>* into;
        block_pointer* slot;
        std::size_t index;

        void operator()(Outcome&& value) const {
            into->emplace(std::move(value));
            self->arrived(*slot, index);
        }
        void failed(std::exception_ptr thrown) const noexcept {
            if (!self->thrown_) self->thrown_ = std::move(thrown);
            self->arrived(*slot, index);
        }
    };

    void arrived(block_pointer& slot, std::size_t index) noexcept {
        slot.reset();
        if (first_ == static_cast<std::size_t>(-1)) {
            first_ = index;
            if constexpr (Any) cancel_all(ECANCELED);
        }
        if (--outstanding_) return;
        promise_->other = nullptr;
        promise_->resume_next(awaiting_);
    }
    void cancel(int cause) noexcept override { cancel_all(cause); }

    task_promise_base* promise_ = nullptr;
    std::coroutine_handle<> awaiting_;
    std::size_t outstanding_ = 0;
    std::exception_ptr thrown_;
};

template <bool Any, work... Works>
class join_tuple final : join<Any> {
  public:
    explicit join_tuple(Works&&... works) : works_(std::move(works)...) {}
    ~join_tuple() {
        for (auto& request : requests_)
            if (request) abandon(*request);
    }

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<task_promise_base> Promise>
    bool await_suspend(std::coroutine_handle<Promise> awaiting) {
        this->begin(awaiting.promise());
        start_all(std::index_sequence_for<Works...>());
        return this->waits(awaiting);
    }
    auto await_resume() {
        this->rethrow();
        auto outcomes = std::apply(
            [](auto&... each) { return std::tuple<typename Works::outcome...>(std::move(*each)...); },
            outcomes_);
        if constexpr (Any)
            return first_of<decltype(outcomes)>{this->first_, std::move(outcomes)};
        else
            return outcomes;
    }

  private:
    template <std::size_t... I>
    void start_all(std::index_sequence<I...>) {
        (this->start_one(std::move(std::get<I>(works_)), std::get<I>(outcomes_), requests_[I], I), ...);
    }
    void cancel_all(int cause) noexcept override {
        for (auto& request : requests_)
            if (request && !request->shielded) detail::cancel(*request, cause);
    }

    std::tuple<Works...> works_;
    std::tuple<std::optional<typename Works::outcome>...> outcomes_;
    std::array<block_pointer, sizeof...(Works)> requests_;
};

template <bool Any, work Work>
class join_vector final : join<Any> {
  public:
    explicit join_vector(std::vector<Work>&& works)
        : works_(std::move(works)), outcomes_(works_.size()), requests_(works_.size()) {}
    ~join_vector() {
        for (auto& request : requests_)
            if (request) abandon(*request);
    }

    bool await_ready() const noexcept { return works_.empty(); }
    template <std::derived_from<task_promise_base> Promise>
    bool await_suspend(std::coroutine_handle<Promise> awaiting) {
        this->begin(awaiting.promise());
        for (std::size_t i = 0; i < works_.size(); ++i)
            this->start_one(std::move(works_[i]), outcomes_[i], requests_[i], i);
        return this->waits(awaiting);
    }
    auto await_resume() {
        this->rethrow();
        std::vector<typename Work::outcome> outcomes;
        outcomes.reserve(outcomes_.size());
        for (auto& each : outcomes_)
            outcomes.push_back(std::move(*each));
        if constexpr (Any)
            return first_of<decltype(outcomes)>{this->first_, std::move(outcomes)};
        else
            return outcomes;
    }

  private:
    void cancel_all(int cause) noexcept override {
        for (auto& request : requests_)
            if (request && !request->shielded) detail::cancel(*request, cause);
    }

    std::vector<Work> works_;
    std::vector<std::optional<typename Work::outcome>> outcomes_;
    std::vector<block_pointer> requests_;
};

}  // namespace detail

/// Awaits all of `works` at once: `auto [a, b] = co_await aio::when_all(aio::stat(x), aio::stat(y));`
/// Gives a tuple of what they deliver, in order; when all have ended, throws what a task threw.
template <work... Works>
[[nodiscard]] auto when_all(Works&&... works) {
    return detail::join_tuple<false, Works...>(std::move(works)...);
}
/// The same for any number of one kind; gives a vector.
template <work Work>
[[nodiscard]] auto when_all(std::vector<Work> works) {
    return detail::join_vector<false, Work>(std::move(works));
}

/// Starts all of `works`, cancels the others when one ends, and resumes when all have ended. Gives
/// `first_of{index, tuple}`; a loser that succeeded all the same has its value in the tuple: nothing is lost.
template <work... Works>
    requires(sizeof...(Works) > 0)
[[nodiscard]] auto when_any(Works&&... works) {
    return detail::join_tuple<true, Works...>(std::move(works)...);
}
/// The same for any number of one kind. For an empty vector, the index is `nobody`.
template <work Work>
[[nodiscard]] auto when_any(std::vector<Work> works) {
    return detail::join_vector<true, Work>(std::move(works));
}

}  // namespace aio
