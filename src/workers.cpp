// SPDX-License-Identifier: MIT
// What the threads of a worker_pool do: take requests in hand, make the calls, hand in what they gave, rest.
#include "worker_pool.hpp"

#include <algorithm>

namespace aio::detail {

namespace {

constexpr std::size_t fewest_at_once = 4;     // calls, if they are quick
constexpr std::size_t ended_per_waiting = 4;  // before the poller is woken
constexpr auto quick_call = std::chrono::microseconds(20);

}  // namespace

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
        } else if (!watcher_ && (extra_ || anything_waits())) {
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
    if (unblocked_ - self.busy >= at_once()) return 0;
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

}  // namespace aio::detail
