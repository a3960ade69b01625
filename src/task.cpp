// SPDX-License-Identifier: MIT
#include <aio/detail/promise.hpp>

namespace aio::detail {

void* task_promise_base::operator new(std::size_t bytes) noexcept {
    try {
        return allocate(bytes);
    } catch (const std::bad_alloc&) {
        return nullptr;  // the task has none, and says ENOMEM when it is awaited
    }
}
void task_promise_base::operator delete(void* frame, std::size_t bytes) noexcept {
    deallocate(frame, size_class_of(bytes));
}

void task_promise_base::start(block& awaited, const options& told) {
    // A cancelled task's awaits fail too, but not at once: one that tries for ever must not hold poll up.
    if (!told.shielded) awaited.cause.store(cause, std::memory_order_relaxed);  // not shared yet
    awaited.sheltered = sheltered;
    if (awaited.is == kind::task) static_cast<composite&>(awaited).awaited_by = root;
    detail::start(*owner, awaited, told);
}

void task_promise_base::cancel(int why) noexcept {
    for (task_promise_base* task = this; task; task = task->child) {
        if (!task->cause) task->cause = static_cast<std::int16_t>(why);
        if (!task->child && task->other) task->other->cancel(why);
    }
}

}  // namespace aio::detail
