// SPDX-License-Identifier: MIT
// The engine's part in coroutines: resuming them one after the other, and knowing which are on the stack.
#include "engine.hpp"

#include <aio/detail/group_block.hpp>

#include <utility>

namespace aio::detail {

class engine::resumption {
  public:
    resumption(engine& owner, coroutine resumed) noexcept
        : engine_(owner), task_(resumed.task), outer_(std::exchange(owner.running_, this)) {
        resumed.handle.resume();
    }
    resumption(const resumption&) = delete;
    resumption& operator=(const resumption&) = delete;
    ~resumption() { engine_.running_ = outer_; }

    [[nodiscard]] composite* task() const noexcept { return task_; }
    [[nodiscard]] const resumption* outer() const noexcept { return outer_; }

  private:
    engine& engine_;
    composite* task_;
    resumption* outer_;
};

void engine::resume_next(std::coroutine_handle<> next, composite& task) noexcept {
    const coroutine wanted{next, &task};
    if (driving_) {
        // One at a time suspends and names its successor; more than one arrives only from a foreign awaiter.
        if (const coroutine before = std::exchange(next_, wanted); before.handle) resumption(*this, before);
        return;
    }
    driving_ = true;
    for (next_ = wanted; next_.handle;)
        resumption(*this, std::exchange(next_, {}));
    driving_ = false;
}

/// Whether `awaiting` waits for the task: directly, by others, or by a group that one of them is in. Each is
/// looked at once in a walk, as they may go round in a circle.
bool engine::is_awaited_by(composite& task, const block& awaiting) noexcept {
    if (&task == &awaiting) return true;
    if (std::exchange(task.walk, walks_) == walks_) return false;
    if (task.awaited_by && is_awaited_by(*task.awaited_by, awaiting)) return true;
    for (const group_block* in = task.parent; in; in = in->parent)
        for (const group_block::waiter* each = in->waiters; each; each = each->next)
            if (is_awaited_by(*each->task, awaiting)) return true;
    return false;
}

/// Whether this is called, however indirectly, by a coroutine of the task, or of one that it awaits.
bool engine::is_inside(const block& task) noexcept {
    ++walks_;
    for (const resumption* each = running_; each; each = each->outer())
        if (is_awaited_by(*each->task(), task)) return true;
    return false;
}

void engine::finished(block& task) noexcept {
    if (task.era != era_.load(std::memory_order_relaxed)) return;  // it forked: this is the child
    task.state.store(phase::done, std::memory_order_relaxed);
    unpark(task);
    results_->push(task);
}

}  // namespace aio::detail
