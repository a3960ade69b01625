// SPDX-License-Identifier: MIT
// task_block: the block of a submitted task. Not part of the promise.
#pragma once

#include <aio/detail/leaf.hpp>
#include <aio/detail/promise.hpp>

#include <optional>

namespace aio::detail {

template <class Task, class Callback>
class task_block final : public composite {
  public:
    using outcome = typename Task::outcome;

    static block_pointer make(Task&& body, Callback&& callback) {
        return block_pointer(
            make_block<task_block>(sizeof(task_block), std::move(body), std::move(callback)));
    }

    void begin() noexcept override {
        auto frame = body_.frame();
        if (!frame) return finished(*this);  // take() says why
        task_promise_base& promise = frame.promise();
        promise.owner = owner;
        promise.root = this;
        promise.sheltered = sheltered;
        promise.how.priority = priority;
        promise.cause = cause.load(std::memory_order_relaxed);  // relaxed: a later one comes by cancel_parts
        promise.resume_next(frame);
    }
    void cancel_parts(int why) noexcept override {
        if (auto frame = body_.frame()) frame.promise().cancel(why);
    }
    void deliver() override {
        std::optional<outcome> value;
        if constexpr (requires { (*callback_).failed(std::exception_ptr()); }) {
            try {
                value.emplace(body_.take());
            } catch (...) {
                return (*callback_).failed(std::current_exception());
            }
        } else {
            value.emplace(body_.take());
        }
        call_back(*this, *callback_, std::move(*value));
    }
    void drop() noexcept override {
        body_ = Task();  // before the callback, which may own a buffer that it reads into
        callback_.drop(*this);
    }
    const void* outcome_type() const noexcept override { return &outcome_tag<outcome>::here; }

    task_block(Task&& body, Callback&& callback)
        : composite(kind::task), body_(std::move(body)), callback_(std::move(callback)) {}
    ~task_block() override { drop(); }

  private:
    Task body_;
    callback_slot<Callback> callback_;
};

}  // namespace aio::detail
