// SPDX-License-Identifier: MIT
#include "ring_route.hpp"

#include "detached_thread.hpp"
#include "inline_route.hpp"
#include "operations/transfer.hpp"
#include "system_call.hpp"
#include "thread_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

namespace aio::detail {

namespace {

constexpr std::size_t largest = std::size_t(1) << 30;  // bytes at once

/// What a route leaves behind that the kernel may still write to, and who waits for it.
struct remains {
    std::shared_ptr<completions> results;
    std::vector<std::unique_ptr<ring_session>> sessions;
};

void reap_all(std::vector<std::unique_ptr<ring_session>>& sessions, route* workers, bool& any) noexcept {
    for (auto& each : sessions)
        any |= each->reap(workers);
    std::erase_if(sessions, [](const auto& each) { return !each->in_flight(); });
}

void* wait_for_remains(void* given) noexcept {
    const std::unique_ptr<remains> left(static_cast<remains*>(given));
    for (bool any = false; reap_all(left->sessions, nullptr, any), !left->sessions.empty();) {
        left->results->begin_wait();
        left->results->wait_for_signal(clock::time_point::max());
    }
    return nullptr;
}

}  // namespace

ring_route::ring_route(std::shared_ptr<completions> results, std::unique_ptr<route> workers,
                       inline_route& cached, bool always)
    : results_(std::move(results)), workers_(std::move(workers)), cached_(cached), always_(always) {
    most_threads_.store(workers_->limits().max, std::memory_order_relaxed);
}

/// What is left in flight was given up. A thread waits for it, as a worker would inside its call.
ring_route::~ring_route() {
    close_session();
    static_cast<void>(reap());
    if (closed_.empty()) return;
    // Without memory or a thread for that, it stays for ever.
    auto* left = new (std::nothrow) remains{results_, {}};
    if (left) {
        left->sessions.swap(closed_);
        static_cast<void>(start_detached(wait_for_remains, left));
    }
    for (auto& each : closed_)
        static_cast<void>(each.release());
}

// The queue: any thread.

bool ring_route::take_back(block& request, stake accepted) noexcept {
    {
        std::lock_guard held(mutex_);
        if (request.state.load(std::memory_order_relaxed) == phase::waiting) {  // relaxed: the mutex decides
            waiting_.remove(request);
            request.state.store(phase::fresh, std::memory_order_relaxed);
            return true;
        }
    }
    return workers_->take_back(request, accepted);
}

bool ring_route::reprioritise(block& request, int priority) noexcept {
    {
        std::lock_guard held(mutex_);
        if (request.state.load(std::memory_order_relaxed) == phase::waiting) {
            waiting_.remove(request);
            request.priority = static_cast<std::int8_t>(priority);
            waiting_.push(request);
            return true;
        }
    }
    return workers_->reprioritise(request, priority);
}

block* ring_route::next_waiting() noexcept {
    if (waiting_.empty()) return nullptr;
    std::lock_guard held(mutex_);
    block* first = waiting_.pop();
    if (first) first->state.store(phase::fresh, std::memory_order_relaxed);
    return first;
}

block* ring_route::take_back_any() noexcept {
    block* taken = next_waiting();
    return taken ? taken : workers_->take_back_any();
}

void ring_route::interrupt(block& request, submitter by) noexcept {
    // Relaxed: who saw it running sees it counted, see start().
    if (!in_flight_.load(std::memory_order_relaxed)) return workers_->interrupt(request, by);
    // Relaxed: the polling thread's alone, as is what it guards.
    if (by == submitter::poller && session_of_.load(std::memory_order_relaxed) == this_thread_mark()) {
        // What could not be asked now, the next look asks.
        if (session_ && !session_->interrupt(&request)) interrupted_.store(true, std::memory_order_relaxed);
        return;
    }
    interrupted_.store(true, std::memory_order_seq_cst);  // before the wake, as completions::wake() demands
    results_->wake();
}

void ring_route::limits(const thread_limits& limits) noexcept {
    most_threads_.store(limits.max, std::memory_order_relaxed);
    workers_->limits(limits);
}

route_counters ring_route::counters() const noexcept {
    route_counters counted = workers_->counters();
    counted.ready += waiting_.size();
    counted.ring_submitted = counted_->submitted.value();
    counted.ring_completed = counted_->completed.value();
    if (const std::size_t held = in_flight_.load(std::memory_order_relaxed)) {
        counted.running += held;
        const clock::duration oldest(oldest_.load(std::memory_order_relaxed));
        counted.oldest = std::min(counted.oldest, clock::time_point(oldest));
    }
    return counted;
}

bool ring_route::leaves_room(bool few) const noexcept {
    // What the kernel makes does not come sooner if somebody looks.
    return !in_flight_.load(std::memory_order_relaxed) && workers_->leaves_room(few);
}

void ring_route::lock_for_fork() noexcept {
    mutex_.lock();
    workers_->lock_for_fork();
}
void ring_route::unlock_after_fork() noexcept {
    workers_->unlock_after_fork();
    mutex_.unlock();
}
void ring_route::leave_to_parent() noexcept {
    if (session_) session_->leave_to_parent();
    for (auto& each : closed_)
        if (each) each->leave_to_parent();  // the poller may have been about to erase one
    workers_->leave_to_parent();
}

// The polling thread.

void ring_route::submit(block& request, submitter by) noexcept {
    leaf* call = by == submitter::poller ? request.system_call() : nullptr;
    if (!call || !wants(*call)) return workers_->submit(request, by);
    check_session();
    const ring_form& form = *call->operation().ring;
    const auto makes = [&] {
        return request.batched ? session_->offers(form.operation) : session_->makes(form.operation);
    };
    if (!has_session() || !makes()) return workers_->submit(request, by);
    if (is_full()) {
        // Others can make it, and need not wait for what is in the ring.
        if (request.batched) return workers_->submit(request, by);
        std::lock_guard held(mutex_);
        request.state.store(phase::waiting, std::memory_order_relaxed);  // relaxed: the mutex publishes it
        waiting_.push(request);
    } else {
        start(*call);
    }
    if (!in_turn_) {
        flush();
        note_oldest();
    }
}

/// Whether a ring makes it, as a worker would and no slower.
bool ring_route::wants(leaf& request) noexcept {
    const ring_form* form = request.operation().ring;
    if (!form || !most_threads_.load(std::memory_order_relaxed)) return false;
    const call& arguments = request.arguments();
    // What is asked of an open file has no path, which rings did not take at first.
    if (form->for_many) return request.batched || (always_ && !is_open_file(arguments.at));
    // A ring has 32 bits for the length of all but fallocate.
    if (!form->moves_bytes)
        return arguments.data.size <= largest || form->operation == ring_operation::fallocate;
    // Positions are not moved under the lock that read(2) holds; and a size is none of iovecs.
    // And of nothing, a ring moves nothing without a look at the file.
    if (arguments.data.offset == file_position || arguments.data.size > largest || !arguments.data.size)
        return false;
    const int fd = arguments.at.fd;
    if (request.batched) return cached_.files().is_read_again(fd);
    const bool missed = request.may_be_quick && !cached_.hits();
    if (request.answers_at_once) return true;
    if (!nowait_is_sound()) return false;
    if (cached_.files().is_direct(fd)) return true;
    if (!missed && !always_) return false;
    const bool reads = form->operation == ring_operation::read || form->operation == ring_operation::readv;
    if (reads && cached_.files().is_read_again(fd)) return true;
    errno_guard guard;
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || !descriptor_memory::has_offsets(fd, flags)) return false;
    if (reads) cached_.files().note_read(fd);
    return true;
}

bool ring_route::batches(ring_operation operation) noexcept {
    if (!in_turn_ || refused_ || !most_threads_.load(std::memory_order_relaxed)) return false;
    return !session_ || (!is_full() && session_->makes(operation));
}

bool ring_route::is_full() const noexcept {
    return session_->full() || !waiting_.empty();
}

bool ring_route::has_session() noexcept {
    if (session_ || refused_) return session_ != nullptr;
    refused_ = true;
    auto made = make_ring(results_->event(), workers_->limits().max);
    if (!made) return false;
    try {
        session_ = std::make_unique<ring_session>(std::move(*made), results_, counted_);
        closed_.reserve(closed_.size() + 1);
    } catch (const std::bad_alloc&) {
        session_.reset();
        return false;
    }
    session_of_.store(this_thread_mark(), std::memory_order_release);
    refused_ = false;
    return true;
}

/// Closes a ring that cannot be used here any more.
void ring_route::check_session() noexcept {
    if (!session_) return;
    const bool lost = session_->lost();
    if (!lost && session_of_.load(std::memory_order_relaxed) == this_thread_mark()) return;
    if (lost && ++losses_ >= most_losses) refused_ = true;
    close_session();
}

void ring_route::close_session() noexcept {
    if (!session_) return;
    session_of_.store(nullptr, std::memory_order_relaxed);
    session_->close(workers_.get());
    closed_.push_back(std::move(session_));  // has room
    while (block* waiting = next_waiting())
        workers_->submit(*waiting, submitter::poller);
    count_in_flight();
}

void ring_route::start(leaf& request) noexcept {
    // Counted before it is made running, which publishes that: whoever cancels it is not to take the ring for
    // empty because nothing was handed over yet. Only this thread writes it.
    in_flight_.store(in_flight_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    // Calls that hang in the kernel's threads are not to fill the ring.
    const auto has_thread = [&] {
        const std::size_t most = most_threads_.load(std::memory_order_relaxed);
        return session_->in_threads() < std::min(most, session_->depth() / 2);
    };
    const bool moves = request.operation().ring->moves_bytes;
    if (moves && request.batched) batched_ = true;
    if ((moves || has_thread()) && session_->start(request)) return;
    workers_->submit(request, submitter::poller);
    count_in_flight();
}

/// What waits takes the room that there is.
void ring_route::refill() noexcept {
    while (session_ && !session_->full()) {
        block* next = next_waiting();
        if (!next) return;
        start(*next->system_call());
    }
}

void ring_route::flush() noexcept {
    if (session_) {
        if (!in_turn_) {  // nobody looks again before the descriptor says so
            session_->notify(true);
            results_->expect_signal();
        }
        const clock::duration took = session_->flush();
        if (std::exchange(batched_, false)) cached_.note_batch(took);
        check_session();
        if (!in_turn_ && is_held_up()) results_->wake();  // to be tried again
    }
    count_in_flight();
}

bool ring_route::reap() noexcept {
    bool any = session_ && session_->reap(workers_.get());
    reap_all(closed_, workers_.get(), any);
    return any;
}

void ring_route::count_in_flight() noexcept {
    std::size_t all = session_ ? session_->in_flight() : 0;
    for (const auto& each : closed_)
        all += each->in_flight();
    in_flight_.store(all, std::memory_order_relaxed);
}

void ring_route::note_oldest() noexcept {
    clock::time_point oldest = session_ ? session_->oldest() : clock::time_point::max();
    for (const auto& each : closed_)
        oldest = std::min(oldest, each->oldest());
    oldest_.store(oldest.time_since_epoch().count(), std::memory_order_relaxed);
}

bool ring_route::advance(clock::time_point) noexcept {
    if (!signals()) return false;
    check_session();
    // Sequentially consistent: see interrupt().
    if (interrupted_.load(std::memory_order_relaxed) &&
        interrupted_.exchange(false, std::memory_order_seq_cst) && session_ && !session_->interrupt(nullptr))
        interrupted_.store(true, std::memory_order_relaxed);
    const bool any = reap();
    refill();
    flush();
    return any;
}

void ring_route::begin_turn() noexcept {
    in_turn_ = true;
    check_session();
    if (session_) session_->notify(false);
}

bool ring_route::end_turn() noexcept {
    in_turn_ = false;
    if (!signals()) return false;
    flush();
    note_oldest();
    return is_ready() || is_held_up();
}

bool ring_route::is_held_up() const noexcept {
    return session_ && session_->is_held_up();
}

bool ring_route::is_ready() const noexcept {
    return (session_ && session_->ready()) ||
           std::ranges::any_of(closed_, [](const auto& each) { return each->ready(); });
}

void ring_route::wait(completions& results, clock::time_point until) noexcept {
    if (!in_flight_.load(std::memory_order_relaxed)) return results.wait(until);
    if (session_) session_->notify(true);
    if (is_held_up()) until = std::min(until, clock::now() + std::chrono::milliseconds(1));
    if (!is_ready()) results.wait_for_signal(until);
    if (session_ && in_turn_) session_->notify(false);
}

void ring_route::for_each_running(void (*visit)(block&, void*), void* data) noexcept {
    if (session_) session_->for_each_running(visit, data);
    for (auto& each : closed_)
        each->for_each_running(visit, data);
    workers_->for_each_running(visit, data);
}

bool ring_route::holds(const block& request) const noexcept {
    return (session_ && session_->holds(request)) ||
           std::ranges::any_of(closed_, [&](const auto& each) { return each->holds(request); });
}

bool ring_route::settle(block& request) noexcept {
    bool slept = false;
    while (request.state.load(std::memory_order_relaxed) == phase::waiting || holds(request)) {
        if (advance({})) continue;
        if (session_) session_->notify(true);
        const auto longest = std::chrono::milliseconds(is_held_up() ? 1 : 100);
        if (!is_ready()) {
            results_->wait_for_kernel(clock::now() + longest);
            slept = true;
        }
        if (session_ && in_turn_) session_->notify(false);
    }
    if (slept && !in_turn_) results_->wake();  // what others signalled meanwhile is still to be seen by poll
    return workers_->settle(request);          // it may have become theirs
}

}  // namespace aio::detail
