// SPDX-License-Identifier: MIT
// What one thread of a worker_pool does while others are busy: see who of them is blocked.
#include "thread_state_linux.hpp"
#include "worker_pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace aio::detail {

namespace {

constexpr std::chrono::nanoseconds watch_interval = std::chrono::milliseconds(1);
constexpr unsigned patience = 20;   // in intervals
constexpr unsigned most_asked = 4;  // workers, in one look: it costs a few system calls each

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

/// Looks after the busy workers until it may take a call itself, or nothing has waited for a while and no
/// more may run than at first.
void worker_pool::watch(worker& self, lock& held) noexcept {
    watcher_ = &self;
    for (unsigned quiet = 0; quiet < patience && !closed_ && threads_ <= limits_.max; ++quiet) {
        // Also where somebody always comes before the time is over.
        if (extra_ && clock::now() - looked_at_ >= watch_interval) tick();
        if (!queue_.empty() && unblocked_ < at_once()) break;  // there is a call to take
        if (extra_ || anything_waits()) quiet = 0;
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
    look_at_busy();
    if (const unsigned ticks = helped_.load(std::memory_order_relaxed))
        helped_.store(ticks - 1, std::memory_order_relaxed);
}

/// A worker that has used little CPU since the last look, and is asleep in a call, leaves its processor to
/// another. If the call is the same as then, it is blocked, and counts for nothing until it returns. If it
/// is another, calls wait for something, but for less than an interval: a server, a disk. Then more workers
/// may run, twice as many with each look while that holds for most and work waits, and half as many when none
/// sleeps.
void worker_pool::look_at_busy() noexcept {
    const clock::time_point now = looked_at_ = clock::now();
    unsigned asked = 0;
    unsigned asleep = 0;
    for (worker* each = busy_; each; each = each->next) {
        if (each->blocked || !each->hand.look().running) continue;
        const std::uint64_t calls = each->calls.load(std::memory_order_relaxed);
        const bool is_same_call = calls == each->calls_seen;
        each->calls_seen = calls;
        if (!is_same_call && asked >= most_asked) continue;
        ++asked;
        const clock::duration cpu = cpu_time(each->thread);
        const bool rests = 4 * (cpu - each->cpu_seen) < now - each->seen_at;
        each->cpu_seen = cpu;
        each->seen_at = now;
        if (!rests) continue;
        // Asked last, as it costs most. A thread that only lacks a processor is not helped by more threads.
        const std::optional<bool> sleeps = is_asleep(each->id);
        if (!sleeps.value_or(is_same_call)) continue;
        // Meanwhile it may have come back, and sleep because it has nothing to do.
        if (each->calls.load(std::memory_order_relaxed) != calls || !each->hand.look().running) continue;
        ++asleep;
        if (!is_same_call) continue;
        each->blocked = true;
        --unblocked_;
        recall(*each);
        push_finished(*each);
    }
    if (2 * asleep > asked && !queue_.empty())
        allow(limits_.min + std::uint64_t(2) * extra_);
    else if (asleep == 0)
        allow(extra_ / 2);
}

/// So many more than `limits_.min` may run at once.
void worker_pool::allow(std::uint64_t extra) noexcept {
    extra_ = static_cast<unsigned>(std::min<std::uint64_t>(extra, limits_.max - limits_.min));
    at_once_.store(limits_.min + extra_, std::memory_order_relaxed);
}

}  // namespace aio::detail
