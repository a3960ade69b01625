// SPDX-License-Identifier: MIT
// The engine's part in coroutines: resuming them one after the other, and knowing which are on the stack.
#include "engine.hpp"

#include "fork.hpp"

#include <aio/detail/group_block.hpp>

#include <utility>

namespace aio::detail {

class engine::resumption {
  public:
    resumption(engine& owner, coroutine resumed) noexcept
        : engine_(owner), task_(resumed.task), outer_(std::exchange(owner.running_, this)) {
        if (resumed.handle) resumed.handle.resume();
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

/// Marks the task and those that wait for it: directly, by others, or by a group that one of them is in. Each
/// once in a walk, as they may go round in a circle. Gives how many of them are outstanding.
std::size_t engine::mark_awaiting(composite& task) noexcept {
    if (std::exchange(task.walk, walks_) == walks_) return 0;
    // Not what was disowned, nor, in a fork's child, the parent's.
    std::size_t marked =
        !is_the_parents(task) && task.state.load(std::memory_order_relaxed) != phase::delivered;
    if (task.awaited_by) marked += mark_awaiting(*task.awaited_by);
    for (const group_block* in = task.parent; in; in = in->parent)
        for (const group_block::waiter* each = in->waiters; each; each = each->next)
            marked += mark_awaiting(*each->task);
    return marked;
}

/// Marks the tasks that cannot end before this returns to the coroutine that called it, however indirectly.
std::size_t engine::mark_inside() noexcept {
    ++walks_;
    std::size_t marked = 0;
    for (const resumption* each = running_; each; each = each->outer())
        marked += mark_awaiting(*each->task());
    return marked;
}

/// Whether this is called, however indirectly, by a coroutine of the task, or of one that it awaits.
bool engine::is_inside(const block& task) noexcept {
    mark_inside();
    return static_cast<const composite&>(task).walk == walks_;
}

/// Whether nothing is outstanding that can end before this returns: nothing to wait for (M-13).
bool engine::is_idle() noexcept {
    const std::size_t all = outstanding();
    return !all || (running_ && all <= mark_inside());
}

/// Its coroutine, and what its callback owns: destructors that poll are inside the task, too.
void engine::destroy(block& task) noexcept {
    const resumption inside(*this, {.handle = {}, .task = static_cast<composite*>(&task)});
    task.drop();
}

void engine::finished(block& task) noexcept {
    if (is_the_parents(task)) return;  // it forked: this is the child
    task.state.store(phase::done, std::memory_order_relaxed);
    unpark(task);
    results_->push(task);
}

}  // namespace aio::detail
