// SPDX-License-Identifier: MIT
// What the virtual threads do. Polling thread only.
#include "operations/rows.hpp"
#include "simulated_faults.hpp"
#include "simulated_route.hpp"
#include "without_sigpipe.hpp"

#include <aio/detail/leaf.hpp>

#include <algorithm>
#include <new>

namespace aio::detail {

namespace {

constexpr auto watch_interval = std::chrono::milliseconds(1);
constexpr auto start_retry_interval = std::chrono::milliseconds(10);

/// `after` later than `from`, and before the end of time, which stands for never.
clock::time_point later(clock::time_point from, clock::duration after) noexcept {
    constexpr auto last = clock::time_point::max() - clock::duration(1);
    return after > last - from ? last : from + after;
}

/// Each halving as likely as not: most calls are quick, few take all of the range.
clock::duration draw_latency(const simulation_options& how, random_source& dice) noexcept {
    const auto range = static_cast<std::uint64_t>((how.latency_max - how.latency_min).count());
    const std::uint64_t over = dice.below(range + 1) >> dice.below(8);
    return how.latency_min + std::chrono::nanoseconds(over);
}

}  // namespace

/// Gives queued blocks to threads, as far as these are allowed and to be had.
void simulated_route::dispatch() noexcept {
    retire_threads();
    while (takes_another()) {
        if (idle_.empty() && !start_thread()) break;
        idle_.pop_back();
        flights_.push_back(begin(*queue_.pop()));  // start_thread made room
    }
    // The watcher is one more thread: it takes the place of one that it finds blocked.
    const bool watched = !queue_.empty() && effective_.min && unblocked() >= effective_.min &&
                         (!idle_.empty() || threads() < effective_.max);
    if (!watched)
        look_ = never;
    else if (look_ == never)
        look_ = later(now(), watch_interval);
}

/// Whether one more call may be made, if there is a thread for it.
bool simulated_route::takes_another() const noexcept {
    return !queue_.empty() && unblocked() < effective_.min && threads() <= effective_.max;
}

bool simulated_route::start_thread() noexcept {
    if (threads() >= effective_.max || retry_ > now()) return false;
    bool failed = random_source(world_.draw()).chance(world_.faults().thread_failure);
    try {
        flights_.reserve(threads() + 1);
        idle_.reserve(threads() + 1);
    } catch (const std::bad_alloc&) {
        failed = true;
    }
    world_.note(failed ? "fault" : "begin");
    if (failed) {
        retry_ = later(now(), start_retry_interval);
        return false;
    }
    idle_.push_back(now());
    return true;
}

/// Ends threads above the limit, and those that were idle for too long (C-MAXI). The longest idle are first.
void simulated_route::retire_threads() noexcept {
    auto superfluous = [this] {
        if (threads() > effective_.max) return true;
        return idle_.size() > effective_.idle && later(idle_.front(), effective_.idle_timeout) <= now();
    };
    while (!idle_.empty() && superfluous()) {
        idle_.erase(idle_.begin());
        world_.note("end");
    }
}

std::size_t simulated_route::unblocked() const noexcept {
    return static_cast<std::size_t>(std::ranges::count(flights_, false, &flight::blocked));
}

void simulated_route::look_for_blocked() noexcept {
    for (flight& each : flights_)
        if (later(each.begun, watch_interval) <= now()) each.blocked = true;
}

simulated_route::flight simulated_route::begin(block& request) noexcept {
    // Release: whoever gives it up, without the mutex, uses the links that the queue has let go.
    request.state.store(phase::running, std::memory_order_release);
    flight begun{.request = &request,
                 .number = number_of(request),
                 .operation = name_of(request),
                 .priority = request.priority,
                 .begun = now(),
                 .next = now(),
                 .end = now(),
                 .tie = 0,
                 .dice = random_source(world_.draw())};
    numbers_.erase(&request);
    note(begun, "begin");
    draw_fate(begun);
    return begun;
}

void simulated_route::draw_fate(flight& begun) noexcept {
    random_source& dice = begun.dice;
    begun.tie = dice.next();
    clock::duration latency = draw_latency(world_.how_, dice);
    if (leaf* operation = begun.request->system_call()) {
        if (&operation->operation() == &rows::busy) {
            // Its time is virtual: what is left to be done takes none.
            latency = std::chrono::nanoseconds(std::exchange(operation->arguments().data.offset, 0));
        }
        const auto errors = operation->operation().errors.each();
        if (!errors.empty() && dice.chance(world_.faults().error))
            begun.error = errors[dice.below(errors.size())];
        begun.shortened = !begun.error && dice.chance(world_.faults().short_count);
    }
    begun.next =
        later(begun.begun, clock::duration(dice.below(static_cast<std::uint64_t>(latency.count()) + 1)));
    begun.end = later(begun.begun, latency);
}

/// Has the call's effect, unless it was given up already: then it never has one. Releases the mutex for a
/// while.
void simulated_route::make(flight& call, lock& held) noexcept {
    call.made = true;
    call.next = call.end;
    block& request = *call.request;
    // Relaxed: only skips a call that nobody waits for.
    if (request.state.load(std::memory_order_relaxed) != phase::running) return;
    leaf* operation = request.system_call();
    if (call.error) {
        note(call, "fault", call.error);
        if (&operation->operation() != &rows::close) return;
    } else if (call.shortened && shorten(operation->operation(), operation->arguments(), call.dice)) {
        note(call, "short");
    }
    note(call, "call");
    making_ = true;
    held.unlock();
    int failed = 0;
    {
        without_sigpipe calling;
        failed = request.run();
    }
    held.lock();
    making_ = false;
    if (!call.error) call.error = failed;
}

/// The call is over. Releases the mutex for a while.
void simulated_route::finish(const flight& call, lock& held) noexcept {
    held.unlock();  // what is discarded may be the user's
    const bool publish = conclude(*call.request, call.error);
    held.lock();
    note(call, publish ? "end" : "abandon", publish ? call.error : -1);
    publish ? results_->push(*call.request) : results_->let_go(*call.request);
}

void simulated_route::note(const flight& call, std::string_view event, int error) noexcept {
    world_.note(call.number, call.operation, call.priority, event, error);
}

}  // namespace aio::detail
