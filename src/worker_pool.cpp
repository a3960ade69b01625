// SPDX-License-Identifier: MIT
#include "worker_pool.hpp"

#include "detached_thread.hpp"
#include "thread_state_linux.hpp"
#include "without_sigpipe.hpp"

#include <pthread.h>

#include <algorithm>
#include <thread>

namespace aio::detail {

namespace {

constexpr std::chrono::nanoseconds watch_interval = std::chrono::milliseconds(1);
constexpr std::size_t fewest_at_once = 4;     // calls, if they are quick
constexpr std::size_t ended_per_waiting = 4;  // before the poller is woken
constexpr unsigned patience = 20;             // of a watcher, in intervals
constexpr auto quick_call = std::chrono::microseconds(20);
constexpr auto start_retry_interval = std::chrono::milliseconds(10);

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

}  // namespace

worker_pool::worker_pool(std::shared_ptr<completions> results, const thread_limits& limits) noexcept
    : results_(std::move(results)), wanted_limits_(limits), limits_(resolved(limits)) {
    at_once_.store(limits_.min, std::memory_order_relaxed);
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
    request.state.store(phase::queued, std::memory_order_relaxed);  // relaxed: the push publishes it
    // Relaxed: hints. What a worker took at this very moment comes first all the same.
    if (request.priority > floor_.load(std::memory_order_relaxed))
        overtaken_.store(true, std::memory_order_relaxed);
    submitter_.note_here();
    inbox_.push(request);
    if (attended()) return;
    lock held = acquire();
    sort_inbox();
    summon(held);
}

/// Whether somebody will look at the inbox before long, and nobody else is wanted. Sequentially consistent,
/// like the push before it: who makes it false looks at the inbox afterwards.
bool worker_pool::attended() const noexcept {
    const attendance attendant = attendant_.load(std::memory_order_seq_cst);
    // One that lingers on this processor has lent it, and looks only when this thread lets go of it.
    return attendant == attendance::soon || (attendant == attendance::lingers && !lingerer_.is_here()) ||
           (watcher_.load(std::memory_order_seq_cst) &&
            unblocked_.load(std::memory_order_seq_cst) >= at_once_.load(std::memory_order_relaxed));
}

void worker_pool::sort_inbox() noexcept {
    for (block* arrived = inbox_.take_in_order(); arrived;) {
        block* following = arrived->next;
        arrived->prefetch();
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
            return false;
        default:
            return false;
    }
}

bool worker_pool::take_back(block& request) noexcept {
    lock held = acquire();
    if (!remove(request)) return false;
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
}

void worker_pool::limits(const thread_limits& limits) noexcept {
    lock held = acquire();
    wanted_limits_ = limits;
    limits_ = resolved(limits);
    at_once_.store(limits_.min, std::memory_order_relaxed);
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

bool worker_pool::stranded() noexcept {
    if (!short_of_threads_.load(std::memory_order_relaxed)) return false;
    lock held = acquire();
    sort_inbox();
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
    const std::size_t waiting = queue_.size() + !inbox_.empty();  // how many there are, nobody has counted
    return waiting + unblocked_.load(std::memory_order_relaxed) < processors;
}

route_counters worker_pool::counters() noexcept {
    lock held = acquire();
    sort_inbox();
    route_counters counted{
        .ready = queue_.size(),
        .running = assisting_,
        .threads = threads_,
        .assisted = assisted_,
        .threads_submitted = submitted_,
        .threads_completed = completed_,
        .handovers = handovers_,
        .wakeups = wakeups_,
    };
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
    ++assisting_;
    held.unlock();
    bool publish = false;
    {
        without_sigpipe quiet;
        publish = execute(request);
    }
    held.lock();
    --assisting_;
    ++completed_;
    held.unlock();
    publish ? results_->push(request) : results_->let_go(request);
    return true;
}

/// Wakes or starts a worker if one would find something to do: to run, or to watch over those that run. May
/// release the mutex for a while.
void worker_pool::summon(lock& held) noexcept {
    worker* watcher = watcher_;
    if (queue_.size() <= coming_ || unblocked_ + coming_ >= limits_.min + (watcher ? 0 : 1)) return;
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

void* worker_pool::enter(void* reference) noexcept {
    auto* owned = static_cast<std::shared_ptr<worker_pool>*>(reference);
    std::shared_ptr<worker_pool> pool = std::move(*owned);
    delete owned;
    pool->work();
    return nullptr;
}

void worker_pool::work() noexcept {
    worker self;
    lock held = acquire();
    --coming_;
    for (;;) {
        completed_ += std::exchange(self.ended, 0);
        sort_inbox();
        const unsigned taken = take(self);
        if (!taken && self.busy) {
            put_down(self);  // which makes room: look once more
        } else if (taken || !self.finished.empty()) {
            // One acquisition of the mutex per batch: the next is taken before the results of the last are
            // pushed.
            if (taken)
                summon(held);  // there may be more, or what waits needs a watcher
            else
                ++coming_;  // back in a moment: nobody need be woken meanwhile
            const bool wake = time_to_wake(self);
            held.unlock();
            push_finished(self);
            if (wake || !watcher_) wake_poller();  // it may have left since
            if (taken) make_calls(self, taken);
            const bool looks_soon = taken && hand_in(self);
            held = acquire();
            if (looks_soon) attendant_.store(attendance::none, std::memory_order_seq_cst);
            if (!taken) --coming_;
        } else if (threads_ > limits_.max || closed_) {
            break;
        } else if (!watcher_ && anything_waits()) {
            watch(self, held);
        } else if (!linger_for_work(held) && !rest(self, held)) {
            break;
        }
    }
    --threads_;
    note_shortage();
    summon(held);  // whoever was counted on is gone
    if (!threads_ && !queue_.empty()) results_->wake();
}

/// Takes the next calls in hand, if another worker may run: how many. Several only if the last ones were
/// quick, others get their share, and a watcher sees to what is left in hand when one of them blocks.
unsigned worker_pool::take(worker& self) noexcept {
    if (queue_.empty() || self.blocked || threads_ > limits_.max) return 0;
    if (!self.busy && unblocked_ >= limits_.min) return 0;
    // A fair share leaves others work, but few quick calls are not worth a turn at the mutex.
    const std::size_t share = std::max<std::size_t>(queue_.size() / 2 / limits_.min, fewest_at_once);
    const std::size_t wanted = watcher_ ? std::min<std::size_t>(share, self.batch) : 1;
    unsigned taken = 0;
    for (block* next; taken < wanted && (next = queue_.pop()); ++taken) {
        next->state.store(phase::taken, std::memory_order_relaxed);  // relaxed: the mutex publishes it
        self.hand.put(taken, *next);
        self.lowest = next->priority;
    }
    if (taken) ++handovers_;
    if (taken == 1) self.lowest = highest_priority;  // nothing it could put back
    if (!self.busy) {
        self.busy = true;
        link(busy_, self);
        ++unblocked_;
    }
    last_worker_.note_here();
    note_floor();
    return taken;
}

/// What comes in above this overtakes what somebody has in hand.
void worker_pool::note_floor() noexcept {
    int floor = highest_priority;
    for (worker* each = busy_; each; each = each->next)
        floor = std::min(floor, each->lowest);
    const bool overtaken = !queue_.empty() && queue_.highest() > floor;
    // Relaxed: hints. Written only when they change, as others read them for every request.
    if (floor_.load(std::memory_order_relaxed) != floor) floor_.store(floor, std::memory_order_relaxed);
    if (overtaken_.load(std::memory_order_relaxed) != overtaken)
        overtaken_.store(overtaken, std::memory_order_relaxed);
}

void worker_pool::make_calls(worker& self, unsigned taken) noexcept {
    const clock::time_point began = clock::now();
    self.began.store(began.time_since_epoch().count(), std::memory_order_relaxed);
    self.made = 0;
    for (unsigned place = 0; place < taken; ++place) {
        if (place && overtaken_.load(std::memory_order_relaxed)) {
            lock held = acquire();
            recall(self);
            break;
        }
        block* request = self.hand.begin(place);
        if (!request) continue;
        ++self.made;
        // Relaxed, and no read-modify-write: only this thread writes it.
        self.calls.store(self.calls.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        if (execute(*request)) {
            self.hand.end(place);
            self.finished.push(*request);
        } else {
            lock held = acquire();  // while it was in hand, others could see it
            self.hand.end(place);
            held.unlock();
            results_->let_go(*request);
        }
    }
    self.ended += self.made;
    self.quick = clock::now() - began < quick_call * self.made;
    self.batch = self.quick ? std::min(2 * self.batch, hand::most) : 1;
}

/// Nothing is in its hand any more.
void worker_pool::put_down(worker& self) noexcept {
    unlink(busy_, self);
    self.busy = false;
    if (!std::exchange(self.blocked, false)) --unblocked_;
}

void worker_pool::push_finished(worker& of) noexcept {
    // Sequentially consistent: the watcher, who leaves and then looks here, and a worker, who leaves a result
    // to the watcher and then looks for it, cannot both miss the other.
    if (block* newest = of.finished.take(); newest && results_->push_quietly(*newest))
        owed_.store(true, std::memory_order_seq_cst);
}

/// Whether the poller, if it sleeps, is to be woken for the calls that have just ended. At once, if calls are
/// slow or nothing waits. But while cached calls follow each other, each waking would cost several of them:
/// then when most have ended, so that it has a batch, and some still wait, so that the workers have work.
/// Only with a watcher, who sees to what is left when the next call blocks.
bool worker_pool::time_to_wake(worker& self) noexcept {
    unannounced_ += std::exchange(self.made, 0);
    if (self.quick && watcher_ && unannounced_ < ended_per_waiting * queue_.size()) return false;
    unannounced_ = 0;
    return true;
}

/// If there is nothing more to do, as far as one sees, somebody waits for what has just ended: it is not to
/// be held up by the mutex. True: what is submitted in answer wakes nobody else; this worker looks in a
/// moment.
bool worker_pool::hand_in(worker& self) noexcept {
    if (!queue_.empty() || !inbox_.empty()) return false;
    attendance none = attendance::none;
    // Sequentially consistent: see attended().
    const bool looks_soon =
        attendant_.compare_exchange_strong(none, attendance::soon, std::memory_order_seq_cst);
    self.made = 0;
    push_finished(self);
    wake_poller();
    return looks_soon;
}

void worker_pool::wake_poller() noexcept {
    if (owed_.load(std::memory_order_seq_cst) && owed_.exchange(false, std::memory_order_seq_cst) &&
        !results_->empty())
        results_->wake();
}

/// Looks a moment longer for work, counted as if it were on its way. False: nothing came, it may rest.
bool worker_pool::linger_for_work(lock& held) noexcept {
    attendance none = attendance::none;
    if (!queue_.empty() ||
        !attendant_.compare_exchange_strong(none, attendance::lingers, std::memory_order_seq_cst))
        return false;
    lingerer_.note_here();
    ++coming_;
    held.unlock();
    linger_.until(submitter_, [this] { return !inbox_.empty() || !queue_.empty(); });
    held = acquire();
    --coming_;
    attendant_.store(attendance::none, std::memory_order_seq_cst);
    sort_inbox();  // what came meanwhile woke nobody
    return !queue_.empty() || closed_ || threads_ > limits_.max;
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
        if (!queue_.empty() && unblocked_ < limits_.min) break;  // there is a call to take
        if (anything_waits()) quiet = 0;
        if (self.wakeup.wait_for(held, watch_interval) == std::cv_status::timeout) mark_blocked();
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
