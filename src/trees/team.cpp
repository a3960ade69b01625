// SPDX-License-Identifier: MIT
#include "team.hpp"

#include "fork.hpp"

namespace aio::detail {

team::~team() {
    if (promise_) promise_->other = nullptr;
    if (outstanding_ == 0) return;
    work_->stop(ECANCELED);
    for (block_pointer& each : slots_)
        if (each) abandon(*each);
}

/// False: there is nothing to wait for.
bool team::go_on(std::coroutine_handle<> awaiting) {
    if (is_the_parents(*promise_->root)) return true;  // a report forked: in the child nobody goes on
    if (promise_->cause) work_->stop(promise_->cause);
    start_more();
    if (has_news_ || outstanding_ == 0) return false;
    awaiting_ = awaiting;
    return true;
}

bool team::await_resume() {
    if (std::exchange(has_news_, false)) return true;
    if (thrown_) std::rethrow_exception(thrown_);
    return false;
}

void team::report() noexcept {
    try {
        work_->report();
    } catch (...) {
        if (!thrown_) thrown_ = std::current_exception();
        work_->stop(ECANCELED);
    }
}

void team::start_more() noexcept {
    const std::size_t wanted = work_->wanted();
    try {
        for (std::size_t number = 0; number < slots_.size() && outstanding_ < wanted; ++number)
            if (!slots_[number]) start(number);
    } catch (const std::bad_alloc&) {
        if (outstanding_ == 0) work_->stop(ENOMEM);
    }
}

void team::start(std::size_t number) {
    using block_type = call_block<slice, result<>, receiver>;
    block_pointer made = block_type::make(slice{.work = work_, .number = number}, receiver{this, number});
    // Not by task_promise_base::start: one that was cancelled has its job wound up.
    made->sheltered = promise_->sheltered;
    detail::start(*promise_->owner, *made, promise_->passed_to({}));
    slots_[number] = std::move(made);
    ++outstanding_;
}

void team::arrived(std::size_t number, const result<>& made) noexcept {
    slots_[number].reset();
    --outstanding_;
    has_news_ = true;
    if (!made) work_->stop(made.error().value());  // given up, or never begun
    // Null: a report polls.
    if (awaiting_) promise_->resume_next(std::exchange(awaiting_, {}));
}

void team::cancel(int cause) noexcept {
    work_->stop(cause);
    for (block_pointer& each : slots_)
        if (each) detail::cancel(*each, cause);
}

}  // namespace aio::detail
