// SPDX-License-Identifier: MIT
#include "worker_pool.hpp"

#include "without_sigpipe.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

namespace aio::detail {

namespace {

constexpr std::chrono::nanoseconds watch_interval = std::chrono::milliseconds(1);
constexpr auto quick_call = std::chrono::microseconds(20);
constexpr auto start_retry_interval = std::chrono::milliseconds(10);
constexpr std::size_t stack_size = std::size_t(1) << 20;  // for a user's function in aio::call

thread_limits resolved(thread_limits limits) noexcept {
    if (!limits.min) limits.min = std::max(2u, std::thread::hardware_concurrency());
    limits.min = std::min(limits.min, limits.max);
    return limits;
}

clock::duration cpu_time(pthread_t thread) noexcept {
    clockid_t id = {};
    timespec spent = {};
    if (pthread_getcpuclockid(thread, &id) || clock_gettime(id, &spent)) return {};
    return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

/// "program/aio", as far as 15 bytes go: the seed's workers are "program/eio".
void name_thread() noexcept {
    char name[16] = {};
    prctl(PR_GET_NAME, name);
    std::strcpy(name + std::min<std::size_t>(std::strlen(name), 11), "/aio");
    prctl(PR_SET_NAME, name);
}

}  // namespace

/// A thread of the pool. Lives on its own stack; every member is under the pool's mutex.
struct worker {
    worker* next = nullptr;  // in the idle stack or the busy list
    worker* previous = nullptr;
    block* current = nullptr;
    std::condition_variable wakeup;
    bool woken = false;
    bool blocked = false;          // its call makes no progress: it counts for nothing
    std::uint64_t calls = 0;       // taken so far
    std::uint64_t calls_seen = 0;  // when the watcher looked last
    clock::duration cpu_seen = {};
    clock::time_point last_end = {};  // of its last call
    pthread_t thread = pthread_self();
};

namespace {

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

}  // namespace

worker_pool::worker_pool(std::shared_ptr<completions> results, const thread_limits& limits) noexcept
    : results_(std::move(results)), wanted_limits_(limits), limits_(resolved(limits)) {}

/// What the mutex guards takes less time than going to sleep and being woken.
worker_pool::lock worker_pool::acquire() noexcept {
    for (int i = 0; i < 100; ++i) {
        lock held(mutex, std::try_to_lock);
        if (held) return held;
    }
    return lock(mutex);
}

void worker_pool::submit(block& request) noexcept {
    lock held = acquire();
    request.state.store(phase::queued, std::memory_order_relaxed);  // relaxed: the mutex publishes it
    queue_.push(request);
    summon(held);
}

bool worker_pool::take_back(block& request) noexcept {
    lock held = acquire();
    if (request.state.load(std::memory_order_relaxed) != phase::queued) return false;
    queue_.remove(request);
    request.state.store(phase::fresh, std::memory_order_relaxed);
    return true;
}

block* worker_pool::take_back_any() noexcept {
    lock held = acquire();
    block* taken = queue_.pop();
    if (taken) taken->state.store(phase::fresh, std::memory_order_relaxed);
    return taken;
}

bool worker_pool::reprioritise(block& request, int priority) noexcept {
    lock held = acquire();
    if (request.state.load(std::memory_order_relaxed) != phase::queued) return false;
    queue_.remove(request);
    request.priority = static_cast<std::int8_t>(priority);
    queue_.push(request);
    return true;
}

void worker_pool::for_each_running(void (*visit)(block&, void*), void* data) noexcept {
    lock held = acquire();
    for (worker* each = busy_; each; each = each->next)
        visit(*each->current, data);
}

void worker_pool::limits(const thread_limits& limits) noexcept {
    lock held = acquire();
    wanted_limits_ = limits;
    limits_ = resolved(limits);
    wake_all();
    summon(held);
    results_->wake();  // a poller that waits looks again who is to make the calls
}

thread_limits worker_pool::limits() noexcept {
    lock held = acquire();
    return wanted_limits_;
}

bool worker_pool::stranded() noexcept {
    lock held = acquire();
    return limits_.max && nobody_comes();
}

/// Whether work waits, no thread is free or on its way, and none more could be had.
bool worker_pool::nobody_comes() const noexcept {
    bool refused = !threads_ || retry_start_ != clock::time_point();
    return !queue_.empty() && !idle_ && !coming_ && refused;
}

void worker_pool::close() noexcept {
    lock held = acquire();
    closed_ = true;
    wake_all();
}

bool worker_pool::leaves_room() const noexcept {
    static const unsigned processors = std::thread::hardware_concurrency();
    return queue_.size() + unblocked_.load(std::memory_order_relaxed) < processors;
}

route_counters worker_pool::counters() noexcept {
    lock held = acquire();
    route_counters counted{
        .ready = queue_.size(), .running = running_, .threads = threads_, .assisted = assisted_};
    for (worker* each = busy_; each; each = each->next) {
        phase now = each->current->state.load(std::memory_order_relaxed);  // relaxed: a snapshot
        counted.abandoned += now == phase::abandoned || now == phase::delivered;
    }
    counted.running -= counted.abandoned;
    return counted;
}

/// With no thread to be had, the poller makes the calls: nothing waits for ever.
bool worker_pool::assist(bool waiting) noexcept {
    lock held = acquire();
    if (queue_.empty()) return false;
    if (limits_.max) {
        if (!threads_) summon(held);  // the seed's policy: try again at every poll
        if (!nobody_comes()) return false;
    } else if (!waiting) {
        return false;  // held back until the limit is raised
    }
    block& request = *queue_.pop();
    request.state.store(phase::running, std::memory_order_release);  // as in take()
    ++assisted_;
    ++running_;
    held.unlock();
    bool publish = false;
    {
        without_sigpipe quiet;
        publish = execute(request);
    }
    held.lock();
    --running_;
    held.unlock();
    publish ? results_->push(request) : release(&request);
    return true;
}

/// Whether another worker would find something to do: to run, or to watch over those that run.
bool worker_pool::worker_wanted() const noexcept {
    return queue_.size() > coming_ && unblocked_ + coming_ < limits_.min + (watcher_ ? 0 : 1);
}

/// Wakes or starts a worker if one is wanted. May release the mutex for a while.
void worker_pool::summon(lock& held) noexcept {
    if (!worker_wanted()) return;
    if (worker* sleeper = idle_) {
        unlink(idle_, *sleeper);
        --idle_count_;
        ++coming_;
        sleeper->woken = true;
        sleeper->wakeup.notify_one();
    } else if (watcher_ && unblocked_ + coming_ < limits_.min) {
        watcher_->wakeup.notify_one();
    } else if (threads_ < limits_.max) {
        start_thread(held);
    }
}

void worker_pool::start_thread(lock& held) noexcept {
    if (retry_start_ != clock::time_point() && clock::now() < retry_start_) return;
    ++threads_;
    ++coming_;
    held.unlock();

    // The worker inherits this reference; signals are the program's threads' affair (E-7).
    auto* reference = new (std::nothrow) std::shared_ptr<worker_pool>(shared_from_this());
    int failed = ENOMEM;
    if (reference) {
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, stack_size);
        pthread_t thread;
        failed = pthread_create(&thread, &attributes, enter, reference);
        pthread_attr_destroy(&attributes);
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        if (failed) delete reference;
    }

    held.lock();
    if (failed) {
        --threads_;
        --coming_;
        retry_start_ = clock::now() + start_retry_interval;
        results_->wake();  // the poller may have to make the calls
    } else {
        retry_start_ = {};
    }
}

void* worker_pool::enter(void* reference) noexcept {
    auto* owned = static_cast<std::shared_ptr<worker_pool>*>(reference);
    std::shared_ptr<worker_pool> pool = std::move(*owned);
    delete owned;
    name_thread();
    pool->work();
    return nullptr;
}

void worker_pool::work() noexcept {
    worker self;
    lock held = acquire();
    --coming_;
    block* finished = nullptr;
    for (;;) {
        block* request = take(self);
        if (request) summon(held);  // there may be more, or what waits needs a watcher
        if (request || finished) {
            // One acquisition of the mutex per call: the next is taken before the last is pushed.
            if (!request) ++coming_;  // back in a moment: nobody need be woken meanwhile
            bool wake = finished && time_to_wake(self);
            held.unlock();
            // Release and acquire: who wakes the poller has pushed, or sees that somebody has.
            if (finished && results_->push_quietly(*std::exchange(finished, nullptr)))
                owed_.store(true, std::memory_order_release);
            if (wake) wake_poller();
            bool abandoned = request && !execute(*request);
            held = acquire();
            request ? put_down(self) : static_cast<void>(--coming_);
            if (abandoned)
                release(request);  // only now: while it was in hand, others could see it
            else
                finished = request;
        } else if (threads_ > limits_.max || closed_) {
            break;
        } else if (!watcher_ && !queue_.empty()) {
            watch(self, held);
        } else if (!linger_for_work(held) && !rest(self, held)) {
            break;
        }
    }
    --threads_;
    summon(held);  // whoever was counted on is gone
    if (!threads_ && !queue_.empty()) results_->wake();
}

/// Whether the poller, if it sleeps, is to be woken for the call that has just ended. At once, if calls are
/// slow or nothing waits. But while cached calls follow each other, each waking would cost several of them:
/// then when as many have ended as still wait, so that it has a batch and the workers still have work. Only
/// with a watcher, who sees to what is left when the next call blocks.
bool worker_pool::time_to_wake(worker& self) noexcept {
    clock::time_point present = clock::now();
    bool quick = present - std::exchange(self.last_end, present) < quick_call;
    if (quick && watcher_ && ++unannounced_ < queue_.size()) return false;
    unannounced_ = 0;
    return true;
}

void worker_pool::wake_poller() noexcept {
    if (owed_.load(std::memory_order_acquire) && owed_.exchange(false, std::memory_order_acq_rel) &&
        !results_->empty())
        results_->wake();
}

/// The next call, if another may run.
block* worker_pool::take(worker& self) noexcept {
    if (unblocked_ >= limits_.min || threads_ > limits_.max) return nullptr;
    block* request = queue_.pop();
    if (!request) return nullptr;
    // Release: whoever gives the call up, without the mutex, uses the links that the queue has just let go.
    request->state.store(phase::running, std::memory_order_release);
    self.current = request;
    ++self.calls;
    link(busy_, self);
    ++unblocked_;
    ++running_;
    return request;
}

/// The call is over. Under the mutex, so that whoever visits the running calls finds live blocks.
void worker_pool::put_down(worker& self) noexcept {
    unlink(busy_, self);
    self.current = nullptr;
    if (!std::exchange(self.blocked, false)) --unblocked_;
    --running_;
}

/// Looks a moment longer for work, counted as if it were on its way. False: nothing came, it may rest.
bool worker_pool::linger_for_work(lock& held) noexcept {
    if (lingering_ || !queue_.empty()) return false;
    lingering_ = true;
    ++coming_;
    held.unlock();
    linger_.until([this] { return !queue_.empty(); });
    held = acquire();
    --coming_;
    lingering_ = false;
    return !queue_.empty() || closed_ || threads_ > limits_.max;  // what came meanwhile woke nobody
}

/// Waits to be woken. False: it has rested long enough, and enough others do (C-MAXI).
bool worker_pool::rest(worker& self, lock& held) noexcept {
    link(idle_, self);
    ++idle_count_;
    self.woken = false;
    auto woken = [&] { return self.woken; };
    if (idle_count_ <= limits_.idle)
        self.wakeup.wait(held, woken);
    else
        self.wakeup.wait_for(held, limits_.idle_timeout, woken);
    if (self.woken) {
        --coming_;
        return true;
    }
    // Timed out. Under the mutex, so no wake-up is lost: work that came meanwhile would have woken it (B-8).
    unlink(idle_, self);
    --idle_count_;
    return idle_count_ < limits_.idle;
}

/// Looks after the busy workers until it may take a call itself or nothing waits.
void worker_pool::watch(worker& self, lock& held) noexcept {
    watcher_ = &self;
    while (!queue_.empty() && unblocked_ >= limits_.min && !closed_ && threads_ <= limits_.max) {
        if (self.wakeup.wait_for(held, watch_interval) == std::cv_status::timeout) mark_blocked();
        wake_poller();
    }
    watcher_ = nullptr;
    wake_poller();
}

/// A worker inside the same call as a look before, having used little CPU since, is blocked.
void worker_pool::mark_blocked() noexcept {
    for (worker* each = busy_; each; each = each->next) {
        if (each->blocked) continue;
        clock::duration cpu = cpu_time(each->thread);
        if (each->calls == each->calls_seen && cpu - each->cpu_seen < watch_interval / 4) {
            each->blocked = true;
            --unblocked_;
        }
        each->calls_seen = each->calls;
        each->cpu_seen = cpu;
    }
}

void worker_pool::wake_all() noexcept {
    while (worker* sleeper = idle_) {
        unlink(idle_, *sleeper);
        --idle_count_;
        ++coming_;
        sleeper->woken = true;
        sleeper->wakeup.notify_one();
    }
    if (watcher_) watcher_->wakeup.notify_one();
}

}  // namespace aio::detail
