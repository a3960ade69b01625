// SPDX-License-Identifier: MIT
// What one thread of a worker_pool does while others are busy: see who of them is blocked.
#include "thread_state_linux.hpp"
#include "worker_pool.hpp"

#include <pthread.h>

namespace aio::detail {

namespace {

constexpr std::chrono::nanoseconds watch_interval = std::chrono::milliseconds(1);
constexpr unsigned patience = 20;  // in intervals

clock::duration cpu_time(pthread_t thread) noexcept {
    clockid_t id = {};
    timespec spent = {};
    if (pthread_getcpuclockid(thread, &id) || clock_gettime(id, &spent)) return {};
    return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

}  // namespace

bool worker_pool::anything_waits() const noexcept {
    if (!queue_.empty()) return true;
    for (worker* each = busy_; each; each = each->next)
        if (each->hand.look().waiting) return true;
    return false;
}

/// Looks after the busy workers until it may take a call itself or nothing has waited for a while.
void worker_pool::watch(worker& self, lock& held) noexcept {
    watcher_ = &self;
    for (unsigned quiet = 0; quiet < patience && !closed_ && threads_ <= limits_.max; ++quiet) {
        if (!queue_.empty() && unblocked_ < at_once()) break;  // there is a call to take
        if (anything_waits()) quiet = 0;
        if (self.wakeup.wait_for(held, watch_interval) == std::cv_status::timeout) tick();
        wake_poller();
        sort_inbox();
    }
    watcher_ = nullptr;
    // Nobody holds anything back without a watcher.
    for (worker* each = busy_; each; each = each->next) {
        recall(*each);
        push_finished(*each);
    }
    wake_poller();
    sort_inbox();  // what came until now relied on the watcher
}

void worker_pool::tick() noexcept {
    mark_blocked();
    if (const unsigned ticks = helped_.load(std::memory_order_relaxed))
        helped_.store(ticks - 1, std::memory_order_relaxed);
}

/// A worker inside the same call as a look before, having used little CPU since, and asleep, is blocked.
void worker_pool::mark_blocked() noexcept {
    for (worker* each = busy_; each; each = each->next) {
        if (each->blocked || !each->hand.look().running) continue;
        clock::duration cpu = cpu_time(each->thread);
        std::uint64_t calls = each->calls.load(std::memory_order_relaxed);
        // Asked last, as it costs most. A thread that only lacks a processor is not helped by more threads.
        if (calls == each->calls_seen && cpu - each->cpu_seen < watch_interval / 4 && is_asleep(each->id)) {
            each->blocked = true;
            --unblocked_;
            recall(*each);
            push_finished(*each);
        }
        each->calls_seen = calls;
        each->cpu_seen = cpu;
    }
}

}  // namespace aio::detail
