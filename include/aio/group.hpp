// SPDX-License-Identifier: MIT
// group: a request made of requests.
#pragma once

#include <aio/context.hpp>
#include <aio/detail/group_block.hpp>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace aio {

struct group_options {
    /// How many members the feeder keeps in flight; `feed` makes 2 of 0 (G-10).
    std::size_t limit = 0;
    /// Of the group's own delivery; members have their own.
    int priority = options::inherited;
};

/// Requests that end together: the group's callback is called when all its members' were. A feeder adds
/// members as others end, so that a million pieces of work never queue at once.
///
/// A group that has no member, and no feeder that adds one, ends at the next poll (G-3); members' callbacks
/// may add more until then. Its result is success, or what `result` was given.
///
/// Lifetime: destroying the handle cancels what is outstanding, callbacks uncalled, and waits for calls that
/// work on the caller's buffers; `detach` lets the group go on without it. A member whose own coroutine
/// destroys the handle is cancelled, not destroyed, and runs to its end. Groups may be members of groups.
/// Requires: a handle that was moved from, or detached, is only destroyed or assigned to.
/// Threads: the polling thread; `cancel` and `forget` from any.
class group {
  public:
    /// An open group. Throws std::bad_alloc.
    explicit group(context& io, const group_options& how = {}) : group(io, how, detail::no_callback()) {}

    /// `callback` is called with the group's `aio::result<>` when it ends.
    template <std::invocable<aio::result<>> Callback>
    group(context& io, const group_options& how, Callback callback)
        : engine_(&io.engine()), block_(detail::group_block_with<Callback>::make(std::move(callback))) {
        detail::start(*engine_, *block_, options{.priority = how.priority});
        state().limit = how.limit;
    }

    group(group&&) noexcept = default;
    group& operator=(group&& other) noexcept {
        group old(std::move(*this));
        engine_ = other.engine_;
        block_ = std::move(other.block_);
        return *this;
    }
    ~group() {
        if (block_) detail::abandon(*block_);
    }

    /// Starts `work` as a member. If the group has ended, it gets `operation_canceled`.
    template <work Work, receives<Work> Callback>
    request add(Work&& work, Callback callback) {
        const options& how = work.how();
        return adopt(std::move(work).into_block(std::move(callback)), how);
    }
    template <work Work>
    request add(Work&& work) {
        return add(std::move(work), detail::no_callback());
    }

    /// Makes a started request a member. Errors: EEXIST if it is in a group, EINVAL if this group has ended.
    /// One that is done is ignored (G-5).
    [[nodiscard]] aio::result<> add(const request& member) { return joined(member.block()); }
    /// Makes a group a member; both handles stay what they are. Errors: also ELOOP, if it contains this one.
    [[nodiscard]] aio::result<> add(const group& member) { return joined(member.block_.get()); }

    /// Calls `feeder(group&)` now and whenever a member ends, while there are fewer members than the limit
    /// (set to 2 if it is 0), until it adds nothing (G-10, G-11). It may add several at once. An exception
    /// that leaves it is swallowed and ends the feeding (M-7); so that nobody takes a part for all, the group
    /// then delivers ENOMEM for std::bad_alloc, else `state_not_recoverable`, unless it has an error already.
    template <class Feeder>
        requires std::invocable<Feeder&, group&>
    void feed(Feeder feeder) {
        struct source final : detail::group_block::feeder {
            source(detail::engine* engine, detail::block* block, Feeder&& wrapped)
                : engine_(engine), block_(block), feeder_(std::move(wrapped)) {}
            void feed() override {
                group self(engine_, detail::block_pointer(retain(block_)));
                try {
                    feeder_(self);
                } catch (...) {
                    self.block_.reset();  // the handle is borrowed: it must not cancel the group
                    throw;
                }
                self.block_.reset();
            }

          private:
            detail::engine* engine_;
            detail::block* block_;
            Feeder feeder_;
        };
        state().feed(std::make_unique<source>(engine_, block_.get(), std::move(feeder)));
    }
    /// Ends the feeding.
    void stop_feeding() { state().feed(nullptr); }

    /// Sets the feeder's limit, and feeds (G-12). 0 pauses; a paused group whose members end, ends.
    void limit(std::size_t members) { state().set_limit(members); }
    [[nodiscard]] std::size_t limit() const noexcept { return state().limit; }
    [[nodiscard]] std::size_t size() const noexcept { return state().members; }
    [[nodiscard]] bool done() const noexcept { return state().finished; }

    /// What the group is to deliver: success, or an error (G-7), which is `state_not_recoverable` if it is
    /// none of the system's. The last call counts.
    void result(const std::error_code& error) noexcept {
        const bool is_errno =
            error.category() == std::system_category() || error.category() == std::generic_category();
        block_->error = static_cast<std::int16_t>(is_errno || !error ? error.value() : ENOTRECOVERABLE);
    }

    /// Cancels the members, ends the feeding; the group's callback gets `operation_canceled`.
    void cancel() noexcept { detail::cancel(*block_, ECANCELED); }
    /// As `cancel`, but neither the group's callback nor a member's is called (G-8). IO::AIO's cancel.
    void forget() noexcept { detail::forget(*block_); }
    /// Cancels the members and ends the feeding; the group ends with its own result (G-9).
    void cancel_members() noexcept { state().cancel_members(ECANCELED); }

    /// Lets the group go on without this handle.
    request detach() noexcept { return request(std::move(block_)); }
    /// The group as a request, for `priority` and for replacing its callback.
    [[nodiscard]] request handle() const noexcept { return request(block_); }

    class awaiter;
    /// Awaits the end of the group; gives its result. A cancelled task cancels it.
    [[nodiscard]] awaiter operator co_await() const noexcept;

  private:
    group(detail::engine* engine, detail::block_pointer block) noexcept
        : engine_(engine), block_(std::move(block)) {}
    [[nodiscard]] detail::group_block& state() const noexcept {
        return static_cast<detail::group_block&>(*block_);
    }
    AIO_EXPORT request adopt(detail::block_pointer block, const options& how);
    [[nodiscard]] AIO_EXPORT aio::result<> joined(detail::block* member) noexcept;

    detail::engine* engine_;
    detail::block_pointer block_;
};

class group::awaiter final : detail::awaited {
  public:
    explicit awaiter(const group& all) noexcept : group_(all.state()) {}
    awaiter(const awaiter&) = delete;
    awaiter& operator=(const awaiter&) = delete;
    ~awaiter() { stop(); }

    bool await_ready() const noexcept { return group_.finished; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
        static_assert(std::derived_from<Promise, detail::task_promise_base>,
                      "a group is awaited in an aio::task");
        promise_ = &awaiting.promise();
        promise_->other = this;
        awaiting_ = {awaiting, promise_->root, std::exchange(group_.waiters, &awaiting_)};
        if (promise_->cause) cancel(promise_->cause);
    }
    aio::result<> await_resume() noexcept {
        stop();
        if (group_.error) return error(group_.error);
        return {};
    }

  private:
    void cancel(int cause) noexcept override { detail::cancel(group_, cause); }
    void stop() noexcept {
        if (!promise_) return;
        promise_->other = nullptr;
        promise_ = nullptr;
        for (auto** each = &group_.waiters; *each; each = &(*each)->next)
            if (*each == &awaiting_) {
                *each = awaiting_.next;
                return;
            }
    }

    detail::group_block& group_;
    detail::group_block::waiter awaiting_;
    detail::task_promise_base* promise_ = nullptr;
};

inline group::awaiter group::operator co_await() const noexcept {
    return awaiter(*this);
}

}  // namespace aio
