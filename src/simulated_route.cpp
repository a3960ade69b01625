// SPDX-License-Identifier: MIT
// The route's queue and its clock. What its virtual threads do is in simulated_threads.cpp.
#include "simulated_route.hpp"

#include "row.hpp"

#include <aio/detail/leaf.hpp>

#include <algorithm>
#include <cassert>
#include <new>

namespace aio::detail {

namespace {

constexpr unsigned cores = 2;  // of the virtual machine

thread_limits resolved(thread_limits limits) noexcept {
    if (!limits.min) limits.min = cores;
    limits.min = std::min(limits.min, limits.max);
    return limits;
}

}  // namespace

const char* name_of(block& request) noexcept {
    const leaf* operation = request.system_call();
    return operation ? operation->operation().name : "call";
}

simulated_route::simulated_route(std::shared_ptr<completions> results, simulation& world,
                                 const thread_limits& limits, bool assist)
    : results_(std::move(results)),
      world_(world),
      limits_(limits),
      effective_(resolved(limits)),
      assist_(assist) {}

/// What is in flight was given up: its threads never come back.
simulated_route::~simulated_route() {
    for (const flight& each : flights_)
        results_->let_go(*each.request);
}

// The queue: any thread.

void simulated_route::submit(block& request, submitter) noexcept {
    lock held(mutex_);
    const std::uint64_t number = ++world_.requests_;
    try {
        numbers_.emplace(&request, number);
    } catch (const std::bad_alloc&) {
        // It appears as #0 from here on.
    }
    world_.note(number, name_of(request), request.priority, "queue");
    request.state.store(phase::queued, std::memory_order_relaxed);  // relaxed: the mutex publishes it
    queue_.push(request);
    if (std::exchange(stalled_, false)) results_->wake();
}

std::uint64_t simulated_route::number_of(const block& queued) const noexcept {
    auto found = numbers_.find(&queued);
    return found == numbers_.end() ? 0 : found->second;
}

void simulated_route::take_out(block& request) noexcept {
    request.state.store(phase::fresh, std::memory_order_relaxed);
    const int cause = request.cause.load(std::memory_order_relaxed);
    world_.note(number_of(request), name_of(request), request.priority, "cancel", cause ? cause : ECANCELED);
    numbers_.erase(&request);
}

bool simulated_route::take_back(block& request, stake) noexcept {
    lock held(mutex_);
    if (request.state.load(std::memory_order_relaxed) != phase::queued) return false;
    queue_.remove(request);
    take_out(request);
    return true;
}

block* simulated_route::take_back_any() noexcept {
    lock held(mutex_);
    block* taken = queue_.pop();
    if (taken) take_out(*taken);
    return taken;
}

bool simulated_route::reprioritise(block& request, int priority) noexcept {
    lock held(mutex_);
    if (request.state.load(std::memory_order_relaxed) != phase::queued) return false;
    queue_.remove(request);
    request.priority = static_cast<std::int8_t>(priority);
    world_.note(number_of(request), name_of(request), priority, "priority");
    queue_.push(request);
    return true;
}

void simulated_route::for_each_running(void (*visit)(block&, void*), void* data) noexcept {
    lock held(mutex_);
    for (const flight& each : flights_)
        visit(*each.request, data);
}

void simulated_route::limits(const thread_limits& limits) noexcept {
    lock held(mutex_);
    limits_ = limits;
    effective_ = resolved(limits);
    if (!queue_.empty() && std::exchange(stalled_, false)) results_->wake();
}

thread_limits simulated_route::limits() const noexcept {
    lock held(mutex_);
    return limits_;
}

bool simulated_route::stranded() const noexcept {
    lock held(mutex_);
    return assist_ && limits_.max && !queue_.empty() && !threads();
}

route_counters simulated_route::counters() const noexcept {
    lock held(mutex_);
    return {.ready = queue_.size(),
            .running = flights_.size() + (assisting_ ? 1 : 0),
            .threads = threads(),
            .assisted = assisted_};
}

// The polling thread.

bool simulated_route::assist(bool waiting) noexcept {
    lock held(mutex_);
    assert(!making_);
    if (!assist_ || queue_.empty()) return false;
    dispatch();
    if (threads() || queue_.empty() || (!effective_.max && !waiting)) return false;
    ++assisted_;
    assisting_ = true;
    flight call = begin(*queue_.pop());
    world_.pass_time(call.next);
    make(call, held);
    world_.pass_time(call.end);
    finish(call, held);
    assisting_ = false;
    return true;
}

bool simulated_route::settle(block& request) noexcept {
    if (take_back(request, stake::effect)) return false;
    // Acquire: the buffer is no longer written.
    while (request.state.load(std::memory_order_acquire) == phase::running)
        if (!advance(never)) request.state.wait(phase::running, std::memory_order_acquire);
    return true;
}

simulated_route::flight* simulated_route::first_flight() noexcept {
    auto earlier = [](const flight& a, const flight& b) {
        return a.next != b.next ? a.next < b.next : a.tie < b.tie;
    };
    auto first = std::ranges::min_element(flights_, earlier);
    return first == flights_.end() ? nullptr : &*first;
}

clock::time_point simulated_route::next_event() noexcept {
    const flight* first = first_flight();
    const bool retries = retry_ > now() && takes_another() && idle_.empty() && threads() < effective_.max;
    return std::min({first ? first->next : never, look_, retries ? retry_ : never});
}

/// What is due first, and what follows from it at once.
void simulated_route::happen(lock& held) noexcept {
    flight* first = first_flight();
    if (first && first->next <= now()) {
        if (!first->made) {
            make(*first, held);
        } else {
            const flight over = *first;
            flights_.erase(flights_.begin() + (first - flights_.data()));
            idle_.push_back(now());
            finish(over, held);
        }
    } else if (look_ <= now()) {
        look_ = never;
        look_for_blocked();
    }
    dispatch();
}

bool simulated_route::advance(clock::time_point until) noexcept {
    lock held(mutex_);
    assert(!making_);
    stalled_ = false;
    dispatch();
    bool happened = false;
    for (; next_event() <= now(); happened = true)
        happen(held);
    if (happened || until <= now()) return happened;
    if (const clock::time_point next = next_event(); next != never && next <= until) {
        world_.pass_time(next);
        happen(held);
        return true;
    }
    stalled_ = until == never;
    if (!stalled_) world_.pass_time(until);
    return !stalled_;
}

}  // namespace aio::detail
