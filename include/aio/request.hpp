// SPDX-License-Identifier: MIT
// request: the handle of something that was started.
#pragma once

#include <aio/detail/engine.hpp>

#include <concepts>
#include <memory>
#include <utility>

namespace aio {

/// A started operation, task or group. Dropping the handle changes nothing: the request goes on.
///
/// Lifetime: may outlive the request and its context; what is done is done, and every call does nothing then.
/// Threads: a handle is one thread's at a time. `cancel` and `forget` may be called from any thread while the
/// context lives; the other calls from the polling thread.
class request {
  public:
    request() noexcept = default;

    /// Gives the request up, if it can be: one that has not begun never does, and one whose call has no
    /// effect and uses only the library's memory (stat, readdir, open, …) ends at once. Its callback gets
    /// `operation_canceled`, which means that the call had no effect (an opened file is closed again); or the
    /// true result, if there is one. A call that changes something or works on a buffer of yours ends when it
    /// ends. Again, or late: no effect. A task's awaited operation is cancelled, and the task goes on from
    /// there; a group's members are.
    void cancel() const noexcept {
        if (block_) detail::cancel(*block_, ECANCELED);
    }

    /// As `cancel`, and the callback is destroyed uncalled by a later poll (C-FORGET). IO::AIO's cancel.
    void forget() const noexcept {
        if (block_) detail::forget(*block_);
    }

    /// Moves a request to another priority, clamped to −4…4: of its execution while it is queued, of its
    /// delivery while its result waits for poll or it is a group or task that goes on. False, and nothing
    /// changed, in between and after.
    AIO_EXPORT bool priority(int priority) noexcept;
    [[nodiscard]] int priority() const noexcept { return block_ ? block_->priority : 0; }

    /// Whether the callback was called or will never be.
    [[nodiscard]] AIO_EXPORT bool done() const noexcept;

    /// Puts another callback in place of the one given to submit, which is destroyed with the request (G-14).
    /// Outcome is what that callback takes: `request.callback<aio::result<aio::file>>(…)`. False, and nothing
    /// changed, if the request is done, forgotten, was started without a callback and has ended (its value is
    /// destroyed already), or delivers another type.
    template <class Outcome, std::invocable<Outcome> Callback>
    bool callback(Callback callback) {
        struct call final : detail::typed_replacement<Outcome> {
            explicit call(Callback&& callback) : callback_(std::move(callback)) {}
            void operator()(Outcome&& outcome) override { callback_(std::move(outcome)); }

          private:
            Callback callback_;
        };
        if (!block_ || done() || block_->outcome_type() != &detail::outcome_tag<Outcome>::here) return false;
        return detail::replace(*block_, new call(std::move(callback)));
    }

    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(block_); }
    friend bool operator==(const request& a, const request& b) noexcept {
        return a.block_.get() == b.block_.get();
    }

    // What follows is for the library.
    explicit request(detail::block_pointer block) noexcept : block_(std::move(block)) {}
    [[nodiscard]] detail::block* block() const noexcept { return block_.get(); }

  private:
    detail::block_pointer block_;
};

}  // namespace aio
