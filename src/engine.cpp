// SPDX-License-Identifier: MIT
// The engine's way in: accepting. The way out is in delivery.cpp, what is given up in cancellation.cpp.
#include "engine.hpp"

#include "extras.hpp"
#include "fork.hpp"
#include "ring_route.hpp"
#include "row.hpp"
#include "simulated_route.hpp"
#include "thread_route.hpp"
#include "trace.hpp"

#include <aio/detail/group_block.hpp>
#include <aio/detail/leaf.hpp>

#include <algorithm>
#include <thread>

namespace aio::detail {

result<engine*> engine::make(const context_options& how) noexcept {
    try {
        auto routes = routes_wanted(how.routes);
        if (!routes) return std::unexpected(routes.error());
        context_options wanted = how;
        wanted.routes = *routes;
        auto results = std::make_shared<completions>();
        auto opened = results->open();
        if (!opened) return std::unexpected(opened.error());
        auto* made = new engine(wanted, std::move(results));
        register_for_fork(*made);  // here, as only what is registered may be destroyed
        return made;
    } catch (const std::bad_alloc&) {
        return error(ENOMEM);
    }
}

engine::engine(const context_options& how, std::shared_ptr<completions> results)
    : budget(how.budget),
      priority(std::clamp(how.priority, lowest_priority, highest_priority)),
      max_outstanding(how.max_outstanding),
      options_(how),
      results_(std::move(results)),
      traces_(wants_trace()),
      poller_(this_thread_mark()) {
    make_route();
}

/// Whether calls that may be quick are tried at once. Without threads, requests are held back.
bool engine::tries(const thread_limits& limits) const noexcept {
    const bool wanted = options_.routes == routes_used::automatic || options_.routes == routes_used::inline_;
    return wanted && !options_.simulation && limits.max != 0;
}

void engine::make_route() {
    tries_.store(tries(options_.threads), std::memory_order_relaxed);
    if (options_.simulation)
        route_ = std::make_unique<simulated_route>(results_, *options_.simulation, options_.threads,
                                                   options_.assist);
    else
        route_ = std::make_unique<thread_route>(results_, options_.threads, options_.assist);
    const bool rings = options_.routes == routes_used::automatic || options_.routes == routes_used::ring;
    if (rings && !options_.simulation)
        route_ = std::make_unique<ring_route>(results_, std::move(route_), inline_,
                                              options_.routes == routes_used::ring);
}

void engine::limits(const thread_limits& limits) noexcept {
    tries_.store(tries(limits), std::memory_order_relaxed);
    route_->limits(limits);
}
thread_limits engine::limits() const noexcept {
    return route_->limits();
}

std::size_t engine::outstanding() const noexcept {
    // A snapshot. Delivered first, so that the difference is never negative. Acquire: pairs with
    // count_delivered(), as what was delivered had been submitted.
    std::size_t delivered = delivered_.load(std::memory_order_acquire);
    // Sequentially consistent: see activity::turn_ended.
    return submitted_.load(std::memory_order_seq_cst) + submitted_in_poll_.load(std::memory_order_relaxed) -
           delivered;
}

/// The same without tasks, which only wait. A hint on other threads than the poller's.
std::size_t engine::in_flight() const noexcept {
    const std::size_t all = outstanding();
    return all - std::min(all, tasks_parked_.load(std::memory_order_relaxed));
}

/// On the polling thread, with so many more.
traffic engine::traffic_with(std::size_t more, const row& row, int of) const noexcept {
    const std::size_t all = in_flight() + more;
    return {
        .in_flight = all,
        .elsewhere = all - std::min(all, pending_.size()),
        .in_poll = polls_here(),
        .can_batch = all > traffic::few && polls_here() && row.ring && route_->batches(row.ring->operation),
        .usual = of == priority.load(std::memory_order_relaxed)};
}

statistics engine::counters() const noexcept {
    route_counters counted = route_->counters();
    std::size_t abandoned = results_->abandoned();
    std::size_t running = counted.running - std::min(counted.running, abandoned);
    std::size_t all = outstanding();
    std::size_t unfinished =
        std::min(all, counted.ready + running + tasks_parked_.load(std::memory_order_relaxed));
    return {.outstanding = all,
            .ready = counted.ready,
            .running = running,
            .pending = all - unfinished,
            .threads = counted.threads,
            .abandoned = abandoned,
            .assisted = counted.assisted,
            .longest_running = counted.oldest == clock::time_point::max()
                                   ? clock::duration::zero()
                                   : std::max(now() - counted.oldest, clock::duration::zero()),
            .inline_hits = inline_.hits_counted(),
            .inline_misses = inline_.misses_counted(),
            .ring_submitted = counted.ring_submitted,
            .ring_completed = counted.ring_completed,
            .threads_submitted = counted.threads_submitted,
            .threads_completed = counted.threads_completed,
            .handovers = counted.handovers,
            .wakeups = counted.wakeups + results_->wakeups()};
}

void engine::start(block& request, const options& how) {
    request.owner = this;
    request.era = era.load(std::memory_order_relaxed);  // see there
    int wanted = how.priority == options::inherited ? priority.load(std::memory_order_relaxed) : how.priority;
    request.priority = static_cast<std::int8_t>(std::clamp(wanted, lowest_priority, highest_priority));
    // The engine's, until it is delivered. No read-modify-write: nobody else knows it before it has a
    // deadline or a stop.
    request.references.store(request.references.load(std::memory_order_relaxed) + 1,
                             std::memory_order_relaxed);
    if (how.shielded) request.shielded = request.sheltered = true;
    const bool traced = traces_ && request.is == kind::leaf;
    if (how.deadline.set() || how.stop.get() || traced) {
        try {
            if (traced) begin_trace(request);
            attach(request, how);
        } catch (...) {
            release(&request);
            throw;
        }
    }
    count_submitted();
    if (activity_.resting())
        activity_.stir(poller_.load(std::memory_order_acquire) == this_thread_mark(), *results_);
    std::int16_t none = 0;
    if (request.is == kind::leaf && refuses(request))  // the others as they begin
        request.cause.compare_exchange_strong(none, ECANCELED, std::memory_order_relaxed);

    if (request.is != kind::leaf) return arrive(request);  // begun by poll (G-1)
    if (int why = request.cause.load(std::memory_order_relaxed)) return conclude(request, why);
    if (request.error || request.has_run) return conclude(request, request.error);
    dispatch(request);
    // A deadline or stop that came before there was something to take back: once more, now that there is.
    // A read-modify-write: if that deadline or stop comes later in its order than this, it sees what was
    // handed over; a load could come before the stores of dispatch() are seen.
    if (request.extra)
        if (int why = request.cause.fetch_or(0, std::memory_order_seq_cst)) cancel(request, why);
}

engine::claim::claim(engine& of) noexcept : engine_(of) {
    if (engine_.polls_here()) {
        granted_ = true;
        return;
    }
    // Relaxed: only a hint, but the poller itself sees its own mark.
    if (engine_.poller_.load(std::memory_order_relaxed) != this_thread_mark()) return;
    era_ = era.load(std::memory_order_relaxed);
    counted_ = true;
    engine_.claims_.fetch_add(1, std::memory_order_seq_cst);
    granted_ = engine_.poller_.load(std::memory_order_seq_cst) == this_thread_mark();
}

engine::claim::~claim() {
    // A fork's child has forgotten it. Release: pairs with become_poller(), which sees what was done here.
    if (counted_ && era_ == era.load(std::memory_order_relaxed))
        engine_.claims_.fetch_sub(1, std::memory_order_release);
}

/// Before anything that is the polling thread's. Does nothing for who is it already.
void engine::become_poller() noexcept {
    // Relaxed: only this thread stores this mark.
    if (poller_.load(std::memory_order_relaxed) == this_thread_mark()) return;
    poller_.store(this_thread_mark(), std::memory_order_seq_cst);
    while (claims_.load(std::memory_order_seq_cst))
        std::this_thread::yield();  // a call or two of another thread's
}

void engine::dispatch(block& request) noexcept {
    // Relaxed, and without a claim: what is done inline knows that it may be wrong.
    const bool here = poller_.load(std::memory_order_relaxed) == this_thread_mark();
    if (request.may_be_quick && here && tries_.load(std::memory_order_relaxed)) {
        auto& call = static_cast<leaf&>(request);
        const traffic now = traffic_with(0, call.operation(), request.priority);
        const way best = router_.choose(call.operation(), call.arguments(), now);
        if (best == way::at_once && inline_.submit(call)) {
            if (now.heavy()) route_->note_help();
            request.state.store(phase::done, std::memory_order_relaxed);
            if (request.extra) request.extra->route = "inline";
            return arrive(request);
        }
        if (best == way::batched) {
            request.batched = true;
            inline_.charge(inline_route::cost_of(call.operation(), call.arguments()));
        }
    }
    const leaf* call = here ? request.system_call() : nullptr;
    if (!call || !call->operation().ring)  // nothing that only the poller could submit
        return route_->submit(request, submitter::other);
    const claim mine(*this);
    route_->submit(request, mine.who());
}

/// What start(), poll and delivery come to for a call that is over before anybody could look. In a poll, of
/// which it uses up a little; after what is more urgent; and not if it might be given up.
int engine::call_at_once(const row& row, const call& arguments, const options& how, void* value) noexcept {
    const int wanted =
        how.priority == options::inherited ? priority.load(std::memory_order_relaxed) : how.priority;
    if (resting_ && polls_here()) static_cast<void>(gather());  // what arrive() pushed
    if (!polls_here() || burst_ <= 0 || traces_ || !tries_.load(std::memory_order_relaxed) ||
        (!pending_.empty() && pending_.highest() > wanted) ||
        intake_.load(std::memory_order_relaxed) != intake::everything || arguments.at.error ||
        arguments.to.error || how.deadline.set() || how.stop.get())
        return not_at_once;
    int failed = 0;
    if (row.route == default_route::at_once) {
        failed = row.run(arguments, value);
        burst_ -= inline_route::least_cost;
    } else {
        if (!row.try_now) return not_at_once;
        const traffic now = traffic_with(1, row, wanted);
        if (router_.choose(row, arguments, now) != way::at_once ||
            !inline_.submit(row, arguments, [&] { return row.try_now(arguments, value); }))
            return not_at_once;
        if (now.heavy()) route_->note_help();
        burst_ -= inline_route::cost_of(row, arguments);
    }
    count_submitted();
    count_delivered();
    return failed;
}

/// Deadline and stop token. The stop callback may run at once, or on another thread before start() goes on:
/// it leaves the cause, and finds nothing to take back yet.
void engine::attach(block& request, const options& how) {
    if (!request.extra) request.extra = new extras;  // the block's from here on
    if (how.deadline.set()) {
        const clock::time_point present = now();
        request.extra->due = how.deadline.from(present);
        if (request.extra->due <= present) {
            request.cause.store(ETIMEDOUT, std::memory_order_relaxed);  // nobody else knows it yet
        } else if (request.extra->due != clock::time_point::max()) {    // for ever: detach() finds none
            deadlines_.add(request);
            deadlines_.arm(*results_, {}, request.extra->due);
        }
    }
    if (how.stop.get()) request.extra->stop.emplace(*how.stop.get(), extras::stopper{&request});
}

/// By the worker's route until another says that it went there.
void engine::begin_trace(block& request) {
    if (!request.extra) request.extra = new extras;
    request.extra->began = now();
    request.extra->route = request.has_run ? "inline" : "threads";
}

/// Before the callback is called: nobody cancels from here on.
void engine::detach(block& request) noexcept {
    if (request.extra->due != clock::time_point::max()) deadlines_.remove(request);
    request.extra->stop.reset();  // waits for a stop callback that is running
}

/// Fixes the outcome of a block that no route holds.
void engine::conclude(block& request, int error) noexcept {
    request.error = static_cast<std::int16_t>(error);
    request.state.store(phase::done, std::memory_order_relaxed);  // push publishes it
    request.state.notify_all();
    arrive(request);
}

/// A result, or what poll is to begin. Inside a poll, which looks on, it needs no way round.
void engine::arrive(block& request) noexcept {
    if (!polls_here() || resting_) return results_->push(request);
    // Callbacks that begin what is over at once do not keep the poll.
    inline_.charge(inline_route::least_cost);
    request.pending = true;
    pending_.push(request);
}

void engine::count_submitted() noexcept {
    // Without a read-modify-write inside a poll, where only the poller counts. Else sequentially consistent,
    // see activity::resting.
    if (polls_here())
        submitted_in_poll_.store(submitted_in_poll_.load(std::memory_order_relaxed) + 1,
                                 std::memory_order_relaxed);
    else
        submitted_.fetch_add(1, std::memory_order_seq_cst);
}

/// After shutdown, which cancels what slips through.
bool engine::refuses(const block& request) const noexcept {
    const intake accepted = intake_.load(std::memory_order_relaxed);
    return accepted != intake::everything && !(accepted == intake::sheltered && request.sheltered);
}

/// Who has the request, or null: it was not started, it is over, or it is a fork's parent's. Then the engine
/// may be gone.
engine* engine::of(const block& request) noexcept {
    // Relaxed: what is delivered stays so.
    const bool over = request.state.load(std::memory_order_relaxed) == phase::delivered;
    return over || is_the_parents(request) ? nullptr : request.owner;
}

bool engine::reprioritise(block& request, int to) noexcept {
    to = std::clamp(to, lowest_priority, highest_priority);
    if (request.is == kind::leaf && route_->reprioritise(request, to)) return true;
    const claim mine(*this);
    if (!mine) return false;
    // Whoever pushed it may look for it only now, to wake the poller for it.
    if (gather() && !polls_) results_->wake();
    bool parked = request.is != kind::leaf && request.begun &&
                  request.state.load(std::memory_order_relaxed) == phase::fresh;
    if (!request.pending && !parked) return false;
    if (request.pending) pending_.remove(request);
    request.priority = static_cast<std::int8_t>(to);
    if (request.pending) pending_.push(request);
    return true;
}

bool execute(block& request) noexcept {
    // Relaxed: only skips a call that nobody waits for.
    if (request.state.load(std::memory_order_relaxed) != phase::running) {
        request.dispose();
        return false;
    }
    // Who cancelled it between two routes found it in none. Relaxed: then this route's mutex was theirs
    // before. Who finds it here instead, in hand, waits until it runs (worker_pool::remove).
    const int cause = request.cause.load(std::memory_order_relaxed);
    return conclude(request, cause && !request.half_made ? cause : request.run());
}

bool conclude(block& request, int failed) noexcept {
    phase expected = phase::running;
    // Acquire-release: either this fixes the outcome, or give_up_running did.
    if (!request.state.compare_exchange_strong(expected, phase::done, std::memory_order_acq_rel)) {
        if (!request.has_run) request.dispose();
        request.discard();
        return false;
    }
    request.error = static_cast<std::int16_t>(failed);
    // Here, not in poll: what closes a file may block. Relaxed: see replace().
    if (request.wishes.load(std::memory_order_relaxed) & nobody_receives &&
        request.wishes.fetch_or(discarded, std::memory_order_relaxed) & nobody_receives)
        request.discard();
    if (request.at_stake == stake::memory) request.state.notify_all();
    return true;
}

// What the public templates call.

void start(engine& owner, block& request, const options& how) {
    owner.start(request, how);
}
int call_at_once(engine& owner, const row& row, const call& arguments, const options& how,
                 void* value) noexcept {
    return owner.call_at_once(row, arguments, how, value);
}
void cancel(block& request, int cause) noexcept {
    if (engine* owner = engine::of(request)) owner->cancel(request, cause);
}
void forget(block& request) noexcept {
    if (engine* owner = engine::of(request)) owner->forget(request);
}
void abandon(block& request) noexcept {
    if (engine* owner = engine::of(request)) owner->abandon(request);
}
void resume_next(engine& owner, std::coroutine_handle<> next, composite& task) noexcept {
    owner.resume_next(next, task);
}
void finished(block& task) noexcept {
    task.owner->finished(task);
}

replacement* replaced(const block& request) noexcept {
    return request.extra ? request.extra->callback.get() : nullptr;
}
bool replace(block& request, replacement* with) {
    std::unique_ptr<replacement> owned(with);
    if (!request.extra) request.extra = new extras;
    // Relaxed: either this comes first, or the worker's mark in execute(); the callback is the poller's
    // alone.
    std::uint8_t before = request.wishes.load(std::memory_order_relaxed);
    do {
        if (before & (forgotten | discarded)) return false;
    } while (!request.wishes.compare_exchange_weak(
        before, static_cast<std::uint8_t>(before & ~nobody_receives), std::memory_order_relaxed));
    request.extra->callback = std::move(owned);
    return true;
}

}  // namespace aio::detail
