// SPDX-License-Identifier: MIT
// The engine's way out: poll and what calls it. Everything here runs on the polling thread.
#include "engine.hpp"

#include "extras.hpp"
#include "fork.hpp"
#include "trace.hpp"

#include <aio/detail/group_block.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace aio::detail {

thread_local engine* engine::polling = nullptr;

namespace {

constexpr unsigned results_per_look = 16;
// What a poll that goes on for longer gives to a ring is handed over meanwhile.
constexpr clock::duration hand_over_interval = std::chrono::milliseconds(1);
// Of a flush that is late, for what is there.
constexpr clock::duration last_turn = std::chrono::milliseconds(1);

}  // namespace

/// The scope of a poll. However it is left, the descriptor is readable if something is left to deliver.
class engine::turn {
  public:
    explicit turn(engine& owner) noexcept
        : engine_(owner),
          // A poll inside a coroutine resumes others itself: the one that polls does not suspend before it
          // returns.
          driving_(std::exchange(owner.driving_, false)),
          next_(std::exchange(owner.next_, {})),
          outer_(std::exchange(polling, &owner)) {
        engine_.become_poller();
        if (engine_.polls_++ == 0 || engine_.resting_) engine_.begin_turn();
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn() {
        polling = outer_;
        engine_.driving_ = driving_;
        engine_.next_ = next_;
        if (--engine_.polls_ != 0 && !engine_.resting_) return;
        if (engine_.polls_ == 0) engine_.resting_ = false;
        engine_.end_turn();
        engine_.activity_.turn_ended([this] { return engine_.outstanding() != 0; }, *engine_.results_);
    }

  private:
    engine& engine_;
    bool driving_;
    coroutine next_;
    engine* outer_;  // another context's poll, whose callback polls this one
};

void engine::begin_turn() noexcept {
    inline_.renew();
    router_.next_poll(delivered_.load(std::memory_order_relaxed));
    route_->begin_turn();
    results_->begin_poll();
}
void engine::end_turn() noexcept {
    deadlines_.arm(*results_, route_->next_attempt());
    const bool more = route_->end_turn();
    results_->end_poll(more || !pending_.empty() || route_->stranded());
    if (route_->signals()) results_->expect_signal();
}
/// From here on each poll inside this one begins and ends as if it were alone.
void engine::rest() noexcept {
    // Relaxed: only a hint, but the poller itself sees its own mark.
    if (poller_.load(std::memory_order_relaxed) != this_thread_mark() || polls_ == 0) return;
    resting_ = true;
    end_turn();
    activity_.turn_ended([this] { return outstanding() != 0; }, *results_);
}

/// Callbacks may keep a poll for ever, and what they and others wait for needs the poller.
void engine::look_about(clock::time_point& handed_over) noexcept {
    serve_deadlines();
    const clock::time_point present = now();
    if (handed_over == clock::time_point()) handed_over = present;
    if (present - handed_over < hand_over_interval) return;
    route_->advance(clock::time_point::min());
    handed_over = present;
}

/// Ends with the delivery of `last`, if not before. The limit by value: a callback may destroy what it was
/// read from.
poll_result engine::deliver_results(poll_budget limit, const block* last) {
    turn now(*this);
    serve_deadlines();
    serve_messages();
    route_->advance(clock::time_point::min());
    route_->assist(false);
    clock::time_point stop = clock::time_point::max();
    if (limit.time > std::chrono::nanoseconds::zero()) stop = deadline(limit.time).from(route_->now());
    poll_result did;
    unsigned taken = 0;
    clock::time_point handed_over;
    while (block* request = next_result()) {
        // Whoever counts results wants to see each.
        burst_ = limit.requests ? 0 : inline_route::burst;
        if (take_up(*request)) {
            ++did.delivered;
            deliver(*request);
            if (limit.requests && did.delivered >= limit.requests) break;
        }
        if (stop != clock::time_point::max() && route_->now() >= stop) break;
        if (inline_.spent()) break;
        if (last && last->state.load(std::memory_order_relaxed) == phase::delivered) break;
        if (++taken % results_per_look == 0) look_about(handed_over);
    }
    did.more = has_results();
    return did;
}

poll_result engine::poll(poll_budget limit) {
    poll_result did = deliver_results(limit);
    // C-MAXOUT: the seed's documented condition, "more than".
    std::size_t most = max_outstanding.load(std::memory_order_relaxed);
    while (most && polls_ == 0 && outstanding() > most) {
        wait(clock::time_point::max());
        poll_result more = deliver_results({.requests = 1, .time = {}});
        did = {did.delivered + more.delivered, more.more};
    }
    return did;
}

bool engine::has_results() const noexcept {
    return !pending_.empty() || !results_->empty();
}

/// Results in order of priority, those included that arrive while others are delivered (M-10).
block* engine::next_result() noexcept {
    if (messages_.load(std::memory_order_relaxed)) serve_messages();  // relaxed: serve_messages orders
    static_cast<void>(gather());
    block* first = pending_.pop();
    if (first) first->pending = false;
    return first;
}

/// Takes over what was pushed: whether anything.
bool engine::gather() noexcept {
    block* arrived = results_->take();
    const bool any = arrived != nullptr;
    while (arrived) {
        block* following = arrived->next;
        arrived->prefetch();
        arrived->pending = true;
        pending_.push(*arrived);
        arrived = following;
    }
    return any;
}

/// What comes out of the results: false for a group or task that has only begun.
bool engine::take_up(block& request) {
    if (request.is == kind::leaf) {
        count_delivered();
        return true;
    }
    bool begun = request.begun;
    request.begun = true;
    if (request.is == kind::task) {
        if (begun) {
            count_delivered();
            return true;
        }
        if (refuses(request)) cancel(request, ECANCELED);
        park(request);
        request.begin();
        return false;
    }
    auto& group = static_cast<group_block&>(request);
    // G-2: a waiting group is not counted, its members are.
    if (!std::exchange(group.counted, true)) count_delivered();
    if (refuses(group)) cancel(group, ECANCELED);
    if (!group.members && !group.feeding) return group.finished = true;
    park(request);
    return false;
}

void engine::count_delivered() noexcept {
    // No read-modify-write: only the poller writes it. Before the callback (M-11). Release: see
    // outstanding().
    delivered_.store(delivered_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

/// Calls the callback, then those of the groups that this completes, innermost first, without recursion
/// (G-4). Everything is released after the last of them (M-12). The first exception leaves then (M-6, G-15).
void engine::deliver(block& first) {
    std::exception_ptr thrown;
    block* delivered = nullptr;
    for (block* request = &first; request;) {
        if (request->extra) {
            detach(*request);
            if (traces_ && request->is == kind::leaf) trace(*request, now());
        }
        // The handle may live on. Of an abandoned call, the worker lets go.
        if (request->is == kind::leaf && request->state.load(std::memory_order_relaxed) == phase::done &&
            !request->has_run) {
            request->dispose();
            if (is_the_parents(*request)) return;  // that forked: this is the child
        }
        request->state.store(phase::delivered,
                             std::memory_order_relaxed);  // an abandoned call's worker sees: not running
        if (!(request->wishes.load(std::memory_order_relaxed) & nobody_receives)) {
            try {
                request->deliver();
            } catch (...) {
                if (!thrown) thrown = std::current_exception();
            }
        }
        if (is_the_parents(*request)) return;  // the callback forked: this is the child
        group_block* parent = request->parent;
        if (request->is == kind::group) {
            auto& group = static_cast<group_block&>(*request);
            while (auto* each =
                       group.waiters) {  // each leaves the list before it is resumed: its frame may go
                group.waiters = each->next;
                resume_next(each->awaiting, *each->task);
                if (is_the_parents(group)) return;  // as above
            }
        }
        request->next = delivered;
        delivered = request;
        request = nullptr;
        if (!parent) continue;
        parent->leave(*delivered);
        if (is_the_parents(*parent)) return;  // as above, of a feeder
        if (parent->begun && !parent->members && !parent->finished && !parent->feeding) {
            parent->finished = true;
            unpark(*parent);
            request = parent;
        }
    }
    while (delivered) {
        block* request = std::exchange(delivered, delivered->next);
        request->next = nullptr;
        request->drop();
        if (request->extra) request->extra->callback.reset();  // the worker of an abandoned call may be last
        release(request);
    }
    if (thrown) std::rethrow_exception(thrown);
}

void engine::serve_deadlines() noexcept {
    if (deadlines_.earliest() == clock::time_point::max()) return;
    clock::time_point present = now();
    while (block* late = deadlines_.expired(present))
        cancel(*late, ETIMEDOUT);
}

block_list& engine::parked_with(const block& request) noexcept {
    return request.is == kind::task ? parked_tasks_ : parked_groups_;
}
void engine::park(block& request) noexcept {
    parked_with(request).push_back(request);
    if (request.is == kind::task) tasks_parked_.fetch_add(1, std::memory_order_relaxed);
}
void engine::unpark(block& request) noexcept {
    parked_with(request).remove(request);
    if (request.is == kind::task) tasks_parked_.fetch_sub(1, std::memory_order_relaxed);
}

bool engine::wait(clock::time_point until) {
    become_poller();
    results_->begin_wait();
    const bool something = wait_for_something(until);
    return results_->end_wait(polls_ != 0) || something;
}

bool engine::wait_for_something(clock::time_point until) {
    for (;;) {
        clock::time_point earliest = deadlines_.earliest();
        clock::time_point present = now();
        if (has_results() || messages_.load(std::memory_order_seq_cst) || earliest <= present) return true;
        if (until <= present || is_idle()) return false;
        if (route_->assist(true)) continue;
        clock::time_point next = std::min({until, earliest, route_->next_attempt()});
        if (route_->advance(next)) continue;
        if (route_->leaves_room(in_flight() < processors()) &&
            linger_.until(route_->last_worker(), [this] { return !results_->empty(); }))
            continue;
        route_->wait(*results_, next);
    }
}

/// How long a poll may go on that is to end by `until`, as callbacks may start more for ever; zero: no limit.
std::chrono::nanoseconds engine::time_left(clock::time_point until, clock::duration least) noexcept {
    if (until == clock::time_point::max()) return std::chrono::nanoseconds::zero();
    const clock::time_point present = now();
    return until > present ? std::max(until - present, least) : least;
}

bool engine::flush(clock::time_point until) {
    for (;;) {
        poll_budget limit = budget;
        const std::chrono::nanoseconds left = time_left(until, last_turn);
        if (left.count() && (limit.time.count() <= 0 || left < limit.time)) limit.time = left;
        deliver_results(limit);  // waiting for fewer (C-MAXOUT) is this loop's
        if (is_idle()) return true;
        if (now() >= until) return false;
        wait(until);
    }
}

void engine::run_until(block& done) {
    try {
        while (done.state.load(std::memory_order_relaxed) != phase::delivered) {
            wait(clock::time_point::max());
            deliver_results(budget, &done);
            if (is_the_parents(done))
                throw std::system_error(ECANCELED, std::generic_category(),
                                        "aio::context::run, in the child of a fork");
        }
    } catch (...) {
        detail::abandon(done);  // its callback refers to the frame that this leaves
        throw;
    }
}

/// A group that was taken up while its feeder ran, which polled and then added nothing.
void engine::take_up_again(group_block& group) noexcept {
    if (is_the_parents(group)) return;  // as above, of the feeder
    unpark(group);
    group.begun = false;
    results_->push(group);
}

/// Delivers what is there to nobody.
void engine::drain() noexcept {
    turn now(*this);
    while (block* request = next_result()) {
        request->wishes.fetch_or(nobody_receives | forgotten, std::memory_order_relaxed);
        if (request->is == kind::task && !request->begun)
            destroy(*request);  // never begun: its coroutine goes unrun
        if (request->is == kind::group) static_cast<group_block*>(request)->stop_feeding();
        if (take_up(*request)) deliver(*request);
    }
}

}  // namespace aio::detail
