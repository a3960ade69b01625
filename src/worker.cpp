// SPDX-License-Identifier: MIT
#include "worker.hpp"

#include <sched.h>

namespace aio::detail {

hand::view hand::look() const noexcept {
    view seen;
    for (const auto& place : places_) {
        const std::uintptr_t held = place.load(std::memory_order_acquire);  // acquire: pairs with begin
        if (held & running_bit)
            seen.running = reinterpret_cast<block*>(held & ~running_bit);
        else if (held)
            ++seen.waiting;
    }
    return seen;
}

block* hand::running() const noexcept {
    block* found = look().running;
    // Between the two steps of begin(), a few instructions.
    while (found && found->state.load(std::memory_order_acquire) == phase::taken)
        ::sched_yield();
    return found;
}

void link(worker*& first, worker& added) noexcept {
    added.previous = nullptr;
    added.next = first;
    if (first) first->previous = &added;
    first = &added;
}

void unlink(worker*& first, worker& member) noexcept {
    (member.previous ? member.previous->next : first) = member.next;
    if (member.next) member.next->previous = member.previous;
    member.next = member.previous = nullptr;
}

}  // namespace aio::detail
