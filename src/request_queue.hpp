// SPDX-License-Identifier: MIT
// request_queue: blocks in order of priority, first in first out within one (E-1).
#pragma once

#include <aio/detail/block.hpp>

#include <atomic>
#include <bit>
#include <cstddef>

namespace aio::detail {

/// An intrusive list; a block is in one list at a time.
class block_list {
  public:
    [[nodiscard]] bool empty() const noexcept { return !first_; }
    [[nodiscard]] block* front() const noexcept { return first_; }

    void push_back(block& added) noexcept {
        added.next = nullptr;
        added.previous = last_;
        (last_ ? last_->next : first_) = &added;
        last_ = &added;
    }
    void push_front(block& added) noexcept {
        added.next = first_;
        added.previous = nullptr;
        (first_ ? first_->previous : last_) = &added;
        first_ = &added;
    }
    void remove(block& member) noexcept {
        (member.previous ? member.previous->next : first_) = member.next;
        (member.next ? member.next->previous : last_) = member.previous;
        member.next = member.previous = nullptr;
    }
    block* pop_front() noexcept {
        block* taken = first_;
        if (taken) remove(*taken);
        return taken;
    }

  private:
    block* first_ = nullptr;
    block* last_ = nullptr;
};

class request_queue {
  public:
    [[nodiscard]] bool empty() const noexcept { return !size(); }
    /// Exact for who may change the queue; for others a hint.
    [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

    void push(block& added) noexcept { lists_[grown(added)].push_back(added); }
    /// Where it came from, before those of its priority.
    void put_back(block& added) noexcept { lists_[grown(added)].push_front(added); }
    /// The highest priority in it. Requires: not empty.
    [[nodiscard]] int highest() const noexcept {
        return static_cast<int>(std::bit_width(occupied_)) - 1 + lowest_priority;
    }
    /// The first of the highest priority, or null.
    block* pop() noexcept {
        if (empty()) return nullptr;
        block& taken = *lists_[static_cast<unsigned>(highest() - lowest_priority)].front();
        remove(taken);
        return &taken;
    }
    /// Forgets what is in it.
    void clear() noexcept {
        for (block_list& each : lists_)
            each = {};
        occupied_ = 0;
        resize(0);
    }
    void remove(block& member) noexcept {
        unsigned level = level_of(member);
        lists_[level].remove(member);
        if (lists_[level].empty()) occupied_ &= ~(1u << level);
        resize(size() - 1);
    }

  private:
    unsigned grown(const block& by) noexcept {
        unsigned level = level_of(by);
        occupied_ |= 1u << level;
        resize(size() + 1);
        return level;
    }
    void resize(std::size_t size) noexcept {
        size_.store(size, std::memory_order_relaxed);
    }  // one at a time may
    static unsigned level_of(const block& member) noexcept {
        return static_cast<unsigned>(member.priority - lowest_priority);
    }

    block_list lists_[highest_priority - lowest_priority + 1];
    unsigned occupied_ = 0;  // bit n: lists_[n] is not empty
    std::atomic<std::size_t> size_{0};
};

}  // namespace aio::detail
