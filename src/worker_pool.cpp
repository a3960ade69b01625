// SPDX-License-Identifier: MIT
// The pool's way in: what other threads do with it. What its threads do is in workers.cpp and watcher.cpp.
#include "worker_pool.hpp"

#include "detached_thread.hpp"
#include "without_sigpipe.hpp"

#include <algorithm>
#include <thread>

namespace aio::detail {

namespace {

constexpr unsigned ticks_of_help = 2;  // of the watcher's, until the poller is thought to do something else
constexpr auto longest_timeout = std::chrono::hours(24 * 365);  // may be added to what the clock says
constexpr auto start_retry_interval = std::chrono::milliseconds(10);

thread_limits resolved(thread_limits limits) noexcept {
    if (!limits.min) limits.min = std::max(2U, processors());
    limits.min = std::min(limits.min, limits.max);
    limits.idle_timeout = std::min<std::chrono::nanoseconds>(limits.idle_timeout, longest_timeout);
    return limits;
}

}  // namespace

worker_pool::worker_pool(std::shared_ptr<completions> results, const thread_limits& limits) noexcept
    : results_(std::move(results)), wanted_limits_(limits), limits_(resolved(limits)) {
    allow(0);
}

/// What the mutex guards takes less time than going to sleep and being woken.
worker_pool::lock worker_pool::acquire() noexcept {
    for (int i = 0; i < 100; ++i) {
        lock held(mutex, std::try_to_lock);
        if (held) return held;
    }
    return lock(mutex);
}

void worker_pool::submit(block& request) noexcept {
    // Relaxed: hints. What a worker took at this very moment comes first all the same.
    if (request.priority > floor_.load(std::memory_order_relaxed))
        overtaken_.store(true, std::memory_order_relaxed);
    submitter_.note_here();
    inbox_.push(request);
    if (attended()) return;
    lock held = acquire();
    sort_inbox();
    summon(held);
    // Then the poller makes the call: at its next poll, or, if no thread is wanted, only where it waits.
    if (!nobody_comes()) return;
    if (limits_.max)
        results_->wake();
    else
        results_->end_a_wait();
}

/// Whether somebody will look at the inbox before long, and nobody else is wanted. Sequentially consistent,
/// like the push before it: who makes it false looks at the inbox afterwards.
bool worker_pool::attended() const noexcept {
    const attendance attendant = attendant_.load(std::memory_order_seq_cst);
    // One that lingers on this processor has lent it, and looks only when this thread lets go of it.
    return attendant == attendance::soon || (attendant == attendance::lingers && !lingerer_.is_here()) ||
           (watcher_.load(std::memory_order_seq_cst) &&
            unblocked_.load(std::memory_order_seq_cst) >= at_once());
}

/// How many workers may run at once. While the poller makes calls itself, one less, so that it keeps a
/// processor.
unsigned worker_pool::at_once() const noexcept {
    const unsigned most = at_once_.load(std::memory_order_relaxed);
    return most - (most > 1 && helped_.load(std::memory_order_relaxed) != 0);
}

void worker_pool::note_help() noexcept {
    // Relaxed: a hint. Written only when it changes, as workers read it.
    if (helped_.load(std::memory_order_relaxed) != ticks_of_help)
        helped_.store(ticks_of_help, std::memory_order_relaxed);
}

void worker_pool::sort_inbox() noexcept {
    for (block* arrived = inbox_.take_in_order(); arrived;) {
        block* following = arrived->next;
        arrived->prefetch();
        // Only now, under the mutex: whoever finds it so takes it out of the queue. Relaxed: the mutex
        // decides.
        arrived->state.store(phase::queued, std::memory_order_relaxed);
        queue_.push(*arrived);
        ++submitted_;
        arrived = following;
    }
}

/// Takes a request back that no worker has begun.
bool worker_pool::remove(block& request) noexcept {
    sort_inbox();
    switch (request.state.load(std::memory_order_relaxed)) {  // relaxed: the mutex and the hand decide
        case phase::queued:
            queue_.remove(request);
            return true;
        case phase::taken:
            for (worker* each = busy_; each; each = each->next)
                if (each->hand.take_away(request)) return true;
            // Its worker is between the two steps of hand::begin(), a few instructions. Only when it runs can
            // it be given up, and the worker may have looked for a cause before there was one. Acquire: as
            // hand::running().
            while (request.state.load(std::memory_order_acquire) == phase::taken)
                std::this_thread::yield();
            return false;
        default:
            return false;
    }
}

bool worker_pool::take_back(block& request, stake accepted) noexcept {
    lock held = acquire();
    if (!remove(request)) return false;
    if (request.half_made && accepted == stake::nothing) {  // too late, as if it had begun
        request.state.store(phase::queued, std::memory_order_relaxed);
        queue_.put_back(request);
        return false;
    }
    request.state.store(phase::fresh, std::memory_order_relaxed);
    return true;
}

block* worker_pool::take_back_any() noexcept {
    lock held = acquire();
    sort_inbox();
    for (worker* each = busy_; each; each = each->next)
        recall(*each);
    block* taken = queue_.pop();
    if (taken) taken->state.store(phase::fresh, std::memory_order_relaxed);
    return taken;
}

/// Puts what a worker has not begun back where it came from.
void worker_pool::recall(worker& from) noexcept {
    for (unsigned place = hand::most; place-- > 0;)
        if (block* waiting = from.hand.take_away(place)) {
            waiting->state.store(phase::queued, std::memory_order_relaxed);
            queue_.put_back(*waiting);
        }
}

bool worker_pool::reprioritise(block& request, int priority) noexcept {
    lock held = acquire();
    if (!remove(request)) return false;
    request.priority = static_cast<std::int8_t>(priority);
    request.state.store(phase::queued, std::memory_order_relaxed);
    queue_.push(request);
    if (priority > floor_.load(std::memory_order_relaxed)) overtaken_.store(true, std::memory_order_relaxed);
    return true;
}

void worker_pool::for_each_running(void (*visit)(block&, void*), void* data) noexcept {
    lock held = acquire();
    for (worker* each = busy_; each; each = each->next)
        if (block* running = each->hand.running()) visit(*running, data);
    // The poller, which asks, is inside these: it ends the context, or the process.
    for (assisted_call* each = assisting_; each; each = each->outer)
        visit(each->request, data);
}

void worker_pool::limits(const thread_limits& limits) noexcept {
    lock held = acquire();
    wanted_limits_ = limits;
    limits_ = resolved(limits);
    allow(0);
    note_shortage();
    wake_all();
    sort_inbox();
    summon(held);
    results_->wake();  // a poller that waits looks again who is to make the calls
}

thread_limits worker_pool::limits() noexcept {
    lock held = acquire();
    return wanted_limits_;
}

void worker_pool::note_shortage() noexcept {
    const bool so = !limits_.max || !threads_ || retry_start_ != clock::time_point();
    // Relaxed: a hint. Who makes it true wakes the poller afterwards, or has not started anything yet.
    short_of_threads_.store(so, std::memory_order_relaxed);
}

clock::time_point worker_pool::next_attempt() noexcept {
    constexpr clock::time_point never = clock::time_point::max();
    if (!short_of_threads_.load(std::memory_order_relaxed)) return never;
    lock held = acquire();
    sort_inbox();
    return limits_.max && nobody_comes() ? retry_start_ : never;
}

void worker_pool::attempt() noexcept {
    if (!stranded()) return;
    lock held = acquire();
    summon(held);
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

/// One worker is here if its function forked: it comes back, and ends.
void worker_pool::forget() noexcept {
    lock held = acquire();
    sort_inbox();
    for (worker* each = busy_; each; each = each->next)
        recall(*each);
    queue_.clear();
    closed_ = true;
}

bool worker_pool::leaves_room() const noexcept {
    const std::size_t waiting = queue_.size() + !inbox_.empty();  // how many there are, nobody has counted
    return waiting + unblocked_.load(std::memory_order_relaxed) < processors();
}

route_counters worker_pool::counters() noexcept {
    lock held = acquire();
    sort_inbox();
    route_counters counted{
        .ready = queue_.size(),
        .threads = threads_,
        .assisted = assisted_,
        .threads_submitted = submitted_,
        .threads_completed = completed_,
        .handovers = handovers_,
        .wakeups = wakeups_,
    };
    for (assisted_call* each = assisting_; each; each = each->outer)
        ++counted.running;
    for (worker* each = busy_; each; each = each->next) {
        const hand::view now = each->hand.look();
        counted.ready += now.waiting;
        if (!now.running) continue;
        ++counted.running;
        const clock::duration began(each->began.load(std::memory_order_relaxed));
        counted.oldest = std::min(counted.oldest, clock::time_point(began));
    }
    return counted;
}

/// With no thread to be had, the poller makes the calls: nothing waits for ever.
bool worker_pool::assist(bool waiting) noexcept {
    if (!short_of_threads_.load(std::memory_order_relaxed)) return false;
    lock held = acquire();
    sort_inbox();
    if (queue_.empty()) return false;
    if (limits_.max) {
        if (!threads_) summon(held);  // the seed's policy: try again at every poll
        if (!nobody_comes()) return false;
    } else if (!waiting) {
        return false;  // held back until the limit is raised
    }
    block& request = *queue_.pop();
    // Release: as in hand::begin.
    request.state.store(phase::running, std::memory_order_release);
    ++assisted_;
    assisted_call now{request, assisting_};
    assisting_ = &now;
    held.unlock();
    bool publish = false;
    {
        without_sigpipe quiet;
        publish = execute(request);
    }
    held.lock();
    assisting_ = now.outer;
    ++completed_;
    held.unlock();
    publish ? results_->push(request) : results_->let_go(request);
    return true;
}

/// Wakes or starts a worker if one would find something to do: to run, or to watch over those that run. May
/// release the mutex for a while.
void worker_pool::summon(lock& held) noexcept {
    worker* watcher = watcher_;
    if (queue_.size() <= coming_) return;
    // If nobody else will, whoever comes watches, however many run: a lowered limit leaves more than may.
    const bool is_to_watch = !watcher && !coming_;
    if (unblocked_ + coming_ >= at_once() && !is_to_watch) return;
    if (worker* sleeper = idle_) {
        unlink(idle_, *sleeper);
        --idle_count_;
        ++coming_;
        sleeper->woken = true;
        ++wakeups_;
        sleeper->wakeup.notify_one();
    } else if (watcher) {
        ++wakeups_;
        watcher->wakeup.notify_one();
    } else if (threads_ < limits_.max) {
        start_thread(held);
    }
}

void worker_pool::start_thread(lock& held) noexcept {
    if (retry_start_ != clock::time_point() && clock::now() < retry_start_) return;
    ++threads_;
    ++coming_;
    held.unlock();

    // The worker inherits this reference.
    auto* reference = new (std::nothrow) std::shared_ptr<worker_pool>(shared_from_this());
    const int failed = reference ? start_detached(enter, reference) : ENOMEM;
    if (failed) delete reference;

    held.lock();
    if (failed) {
        --threads_;
        --coming_;
        retry_start_ = clock::now() + start_retry_interval;
        note_shortage();
        results_->wake();  // the poller may have to make the calls
    } else {
        retry_start_ = {};
        note_shortage();
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
    if (worker* watcher = watcher_) watcher->wakeup.notify_one();
}

}  // namespace aio::detail
