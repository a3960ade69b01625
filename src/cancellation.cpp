// SPDX-License-Identifier: MIT
// Giving up: one request, or, at the end of the engine, all that are left.
#include "engine.hpp"

#include "extras.hpp"
#include "fork.hpp"

#include <aio/detail/group_block.hpp>

#include <algorithm>
#include <utility>

namespace aio::detail {

void engine::cancel(block& request, int cause) noexcept {
    std::int16_t none = 0;
    // Sequentially consistent, and a read-modify-write: either give_up finds what a route holds, or who hands
    // it over sees the cause afterwards, in start(). The first one counts.
    request.cause.compare_exchange_strong(none, static_cast<std::int16_t>(cause), std::memory_order_seq_cst,
                                          std::memory_order_relaxed);
    give_up(request, cause, cause == ETIMEDOUT ? stake::effect : stake::nothing);
}

void engine::forget(block& request) noexcept {
    // Relaxed: read by the poller, which the push or the message of cancel() synchronises with, or late: then
    // the callback was being called already.
    request.wishes.fetch_or(nobody_receives | forgotten, std::memory_order_relaxed);
    cancel(request, ECANCELED);
}

void engine::give_up(block& request, int cause, stake accepted) noexcept {
    if (request.is != kind::leaf) {
        const claim mine(*this);
        if (!mine) return leave_message(static_cast<composite&>(request));
        phase now = request.state.load(std::memory_order_relaxed);
        if (now == phase::done || now == phase::delivered) return;
        if (request.begun || request.is == kind::group) request.cancel_parts(cause);
        return;
    }
    // Only a hint: the route's lock and the exchange decide. Acquire: a call that runs is counted where it
    // does.
    phase now = request.state.load(std::memory_order_acquire);
    const bool begun = now >= phase::running;
    if (!begun && route_->take_back(request, accepted)) return conclude(request, cause);
    {
        const claim mine(*this);
        route_->interrupt(request, mine.who());
    }
    if (give_up_running(request, cause, accepted)) results_->push(request);
}

/// Gives a running call up, if no more than `accepted` is at stake: true if that fixed the outcome, and the
/// block is to be pushed.
bool engine::give_up_running(block& request, int cause, stake accepted) noexcept {
    if (request.at_stake > accepted) return false;
    retain(&request);             // for who is inside the call, until it returns
    results_->count_abandoned();  // before: from then on it may return
    phase expected = phase::running;
    if (!request.state.compare_exchange_strong(expected, phase::abandoned, std::memory_order_acq_rel)) {
        results_->let_go(request);
        return false;
    }
    request.error = static_cast<std::int16_t>(cause);
    return true;
}

/// Gives up one request whose receiver is being destroyed, and waits if it uses what is the caller's.
void engine::abandon(block& request) noexcept {
    request.wishes.fetch_or(nobody_receives | forgotten, std::memory_order_relaxed);
    if (request.is == kind::leaf) {
        std::int16_t none = 0;
        request.cause.compare_exchange_strong(none, ECANCELED, std::memory_order_relaxed);
        give_up(request, ECANCELED, stake::effect);
        if (request.at_stake == stake::memory && !leaking_ && !route_->settle(request))
            conclude(request, ECANCELED);
        return;
    }
    if (request.is == kind::group) return static_cast<group_block&>(request).abandon_members();
    const block_pointer kept(retain(&request));  // what is destroyed may poll
    const auto is_parked = [&] {
        return request.begun && request.state.load(std::memory_order_relaxed) == phase::fresh;
    };
    if (is_parked() && is_inside(request)) return cancel(request, ECANCELED);  // it goes on to its own end
    destroy(request);  // the coroutine abandons what it awaits
    // That may have polled, which began the task, or destroyed the group that it is in, which came here.
    if (is_parked()) finished(request);
}

void engine::leave_message(composite& to) noexcept {
    // Acquire-release: one message at a time; taking it out clears the flag, and sees the cause that is left
    // to it.
    if (to.has_message.exchange(true, std::memory_order_acq_rel)) return;
    retain(&to);
    composite* first = messages_.load(std::memory_order_relaxed);
    do {
        to.next_message = first;
        // Release: the poller sees the cause. Sequentially consistent: as completions::wake() demands.
    } while (
        !messages_.compare_exchange_weak(first, &to, std::memory_order_seq_cst, std::memory_order_relaxed));
    results_->wake();
}

void engine::serve_messages() noexcept {
    if (!messages_.load(std::memory_order_relaxed)) return;  // who leaves one wakes the poller afterwards
    // Acquire: pairs with leave_message, and so with the cause.
    composite* message = messages_.exchange(nullptr, std::memory_order_acquire);
    while (message) {
        composite* following = message->next_message;
        // The next message may come. An exchange: who finds it set leaves none, and what it left before, its
        // cause, is seen here; so acquire.
        message->has_message.exchange(false, std::memory_order_acq_rel);
        phase now = message->state.load(std::memory_order_relaxed);
        bool begun =
            message->begun || message->is == kind::group;  // a task that has not sees the cause when it does
        if (now != phase::done && now != phase::delivered && begun)
            message->cancel_parts(message->cause.load(std::memory_order_relaxed));
        release(message);
        message = following;
    }
}

// The end.

/// Gives everything up that can be; sheltered requests only if more than nothing may be lost. What is queued
/// never runs; tasks and groups pass it on.
void engine::give_up_all(int cause, stake accepted) noexcept {
    struct pressure {
        engine* on;
        int cause;
        stake accepted;
        block* given_up;
        [[nodiscard]] bool spares(const block& request) const noexcept {
            return accepted == stake::nothing && request.sheltered;
        }
    } press{this, cause, accepted, nullptr};
    block_list kept;
    while (block* queued = route_->take_back_any()) {
        // In a ring: canceled would mean no effect. In no call now, so that nobody has to wait for it.
        const bool has_begun = queued->half_made && accepted == stake::nothing;
        if (has_begun || press.spares(*queued))
            kept.push_back(*queued);
        else
            conclude(*queued, cause);
    }
    while (block* each = kept.pop_front())
        route_->submit(*each, submitter::other);
    // Under the route's lock only the outcome is fixed; the blocks are pushed after.
    route_->for_each_running(
        [](block& running, void* data) {
            auto& with = *static_cast<pressure*>(data);
            if (with.spares(running)) return;
            std::int16_t none = 0;
            running.cause.compare_exchange_strong(none, static_cast<std::int16_t>(with.cause),
                                                  std::memory_order_relaxed);
            with.on->route_->interrupt(running, submitter::poller);
            if (!with.on->give_up_running(running, with.cause, with.accepted)) return;
            running.next = with.given_up;
            with.given_up = &running;
        },
        &press);
    while (block* each = press.given_up) {
        press.given_up = each->next;
        results_->push(*each);
    }
}

/// Sheltered ones only if it is too late to spare any.
void engine::cancel_parked(int cause) noexcept {
    for (const block_list* list : {&parked_tasks_, &parked_groups_})
        for (block* each = list->front(); each; each = each->next)  // cancelling runs nobody's code
            if (cause == ETIMEDOUT || !each->sheltered) cancel(*each, cause);
}

shutdown_report engine::shutdown(clock::time_point until) {
    become_poller();
    if (intake_.load(std::memory_order_relaxed) == intake::everything)
        intake_.store(intake::sheltered, std::memory_order_relaxed);
    shutdown_report report{.outstanding = outstanding()};
    cancel_parked(ECANCELED);
    while (!is_idle()) {
        give_up_all(ECANCELED, stake::nothing);
        deliver_results({.requests = 0, .time = time_left(until, clock::duration(1))});
        if (is_idle()) break;  // not by way of a wait, after which a poll would have to come
        wait(until);
        if (now() < until) continue;
        intake_.store(intake::nothing, std::memory_order_relaxed);
        cancel_parked(ETIMEDOUT);
        give_up_all(ETIMEDOUT, stake::effect);
        deliver_results({.requests = std::max<std::size_t>(1, outstanding()), .time = {}});
        break;
    }
    report.abandoned = results_->abandoned();
    route_->for_each_running(  // whatever else runs was given up
        [](block& running, void* count) {
            *static_cast<std::size_t*>(count) +=
                running.at_stake == stake::memory && running.state.load(std::memory_order_relaxed) ==
                                                         phase::running;  // relaxed: or it has just ended
        },
        &report.using_buffers);
    leaking_ = report.using_buffers != 0;
    return report;
}

/// Leaves what was parked where it is, for ever.
void engine::disown(block& parked) noexcept {
    if (parked.extra) detach(parked);
    unpark(parked);
    if (parked.is == kind::task) count_delivered();  // a group that waits was, as it began (G-2)
    parked.state.store(phase::delivered, std::memory_order_relaxed);
}

/// Leaves everything that is left where it is, for ever: the kernel may still write to what callbacks and
/// coroutines own. Handles must not find the engine any more.
void engine::leak() noexcept {
    give_up_all(ETIMEDOUT, stake::memory);
    while (block* each = parked_tasks_.front())
        disown(*each);
    while (block* each = parked_groups_.front())
        disown(*each);
    // What has ended beside a call that hangs, its worker may not have pushed yet; the watcher does.
    std::size_t disowned = 0;
    for (;;) {
        while (block* each = next_result()) {
            const bool was_counted = each->is == kind::group && static_cast<group_block*>(each)->counted;
            if (!was_counted) ++disowned;
            if (each->extra) detach(*each);
            each->state.store(phase::delivered, std::memory_order_relaxed);
        }
        if (disowned >= outstanding()) return;
        wait(clock::time_point::max());
    }
}

engine::~engine() {
    unregister_for_fork(*this);
    become_poller();
    activity_.end();
    intake_.store(intake::nothing, std::memory_order_relaxed);
    if (leaking_) {
        leak();
        return;
    }
    for (;;) {
        // A coroutine gives up what it awaits; what it destroys may end other tasks, and poll.
        while (block* each = parked_tasks_.front())
            is_inside(*each) ? disown(*each) : abandon(*each);  // exit() in a coroutine: it never goes on
        for (block* each = parked_groups_.front(); each; each = each->next) {
            each->wishes.fetch_or(nobody_receives | forgotten, std::memory_order_relaxed);
            static_cast<group_block*>(each)->stop_feeding();  // members are given up as all are
        }
        give_up_all(ECANCELED, stake::effect);
        drain();
        if (!outstanding()) break;
        wait(clock::time_point::max());
    }
    // exit() in the callback of a member, or in a feeder, which never return: so these never end.
    while (block* each = parked_groups_.front())
        disown(*each);
}

}  // namespace aio::detail
