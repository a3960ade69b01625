// SPDX-License-Identifier: MIT
// engine: what a context owns. Accepts requests, hands them to a route, delivers what comes back.
#pragma once

#include "activity.hpp"
#include "completions.hpp"
#include "deadlines.hpp"
#include "inline_route.hpp"
#include "linger.hpp"
#include "request_queue.hpp"
#include "route.hpp"
#include "router.hpp"
#include "thread_mark.hpp"

#include <aio/context.hpp>

#include <atomic>
#include <coroutine>
#include <exception>
#include <memory>

namespace aio::detail {

class engine {
  public:
    [[nodiscard]] static result<engine*> make(const context_options& how) noexcept;
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;
    ~engine();

    // Any thread.
    [[nodiscard]] static engine* of(const block& request) noexcept;
    void start(block& request, const options& how);
    void cancel(block& request, int cause) noexcept;
    void forget(block& request) noexcept;
    bool reprioritise(block& request, int priority) noexcept;
    [[nodiscard]] statistics counters() const noexcept;
    [[nodiscard]] std::size_t outstanding() const noexcept;
    [[nodiscard]] int fd() const noexcept { return results_->fd(); }
    void limits(const thread_limits& limits) noexcept;
    [[nodiscard]] thread_limits limits() const noexcept;

    // The polling thread.
    poll_result poll(poll_budget budget);
    void rest() noexcept;
    bool wait(clock::time_point until);
    bool flush(clock::time_point until);
    shutdown_report shutdown(clock::time_point until);
    void run_until(block& done);
    void abandon(block& request) noexcept;
    [[nodiscard]] int call_at_once(const row& row, const call& arguments, const options& how,
                                   void* value) noexcept;
    void resume_next(std::coroutine_handle<> next, composite& task) noexcept;
    void finished(block& task) noexcept;
    void take_up_again(group_block& group) noexcept;
    [[nodiscard]] clock::time_point now() const noexcept { return route_->now(); }
    [[nodiscard]] bool attach(loop::attachment& told) noexcept { return activity_.attach(told, *results_); }
    void detach() noexcept { activity_.detach(); }

    // Of a fork: before it, after it in the parent, after it in the child.
    void lock() noexcept;
    void unlock() noexcept;
    void begin_anew() noexcept;

    poll_budget budget;
    std::atomic<int> priority{0};  // relaxed everywhere: a setting
    std::atomic<std::size_t> max_outstanding{0};
    engine* next_engine = nullptr;  // all engines of the process, for fork
    engine* previous_engine = nullptr;

  private:
    engine(const context_options& how, std::shared_ptr<completions> results);
    void make_route();
    [[nodiscard]] bool tries(const thread_limits& limits) const noexcept;

    [[nodiscard]] bool has_results() const noexcept;
    void attach(block& request, const options& how);
    void begin_trace(block& request);
    void detach(block& request) noexcept;
    void dispatch(block& request) noexcept;
    void arrive(block& request) noexcept;
    void count_submitted() noexcept;
    [[nodiscard]] bool refuses(const block& request) const noexcept;
    [[nodiscard]] std::size_t in_flight() const noexcept;
    [[nodiscard]] traffic traffic_with(std::size_t more, const row& row, int of) const noexcept;
    [[nodiscard]] bool polls_here() const noexcept { return polling == this; }
    void become_poller() noexcept;
    void conclude(block& request, int error) noexcept;
    void give_up(block& request, int cause, stake accepted) noexcept;
    [[nodiscard]] bool give_up_running(block& request, int cause, stake accepted) noexcept;
    void give_up_all(int cause, stake accepted) noexcept;

    void begin_turn() noexcept;
    void end_turn() noexcept;
    [[nodiscard]] bool wait_for_something(clock::time_point until);
    poll_result deliver_results(poll_budget limit, const block* last = nullptr);
    void look_about(clock::time_point& handed_over) noexcept;
    [[nodiscard]] std::chrono::nanoseconds time_left(clock::time_point until, clock::duration least) noexcept;
    [[nodiscard]] block* next_result() noexcept;
    bool gather() noexcept;
    bool take_up(block& request);
    void deliver(block& request);
    void count_delivered() noexcept;
    void serve_deadlines() noexcept;
    void serve_messages() noexcept;
    void leave_message(composite& to) noexcept;
    [[nodiscard]] block_list& parked_with(const block& request) noexcept;
    void park(block& request) noexcept;
    void unpark(block& request) noexcept;
    void cancel_parked(int cause) noexcept;
    std::size_t mark_awaiting(composite& task) noexcept;
    std::size_t mark_inside() noexcept;
    [[nodiscard]] bool is_inside(const block& task) noexcept;
    [[nodiscard]] bool is_idle() noexcept;
    void destroy(block& task) noexcept;
    void disown(block& parked) noexcept;
    void drain() noexcept;
    void leak() noexcept;

    class turn;
    class claim;
    /// What is started: all that comes; after shutdown what is sheltered; after its deadline nothing.
    enum class intake : std::uint8_t { everything, sheltered, nothing };
    /// A suspended coroutine, and the submitted task that it is a part of.
    struct coroutine {
        std::coroutine_handle<> handle;
        composite* task = nullptr;
    };
    /// One that is resumed, for as long as that takes: in a poll inside it there are others.
    class resumption;
    static thread_local engine* polling;  // the one whose poll this thread is in

    context_options options_;
    std::shared_ptr<completions> results_;
    inline_route inline_;  // outlives the route, which knows it
    router router_{inline_};
    std::unique_ptr<route> route_;
    std::atomic<bool> tries_{false};  // relaxed everywhere: a setting
    const bool traces_;
    deadlines deadlines_;
    std::atomic<composite*> messages_{nullptr};  // tasks and groups to cancel
    std::atomic<std::size_t> submitted_{0};
    std::atomic<std::size_t> submitted_in_poll_{0};   // by callbacks; written by the poller only
    std::atomic<std::size_t> delivered_{0};           // the same
    std::atomic<const void*> poller_{nullptr};        // a thread, by the address of its mark
    std::atomic<unsigned> claims_{0};                 // to be it, outside polls: see claim
    std::atomic<intake> intake_{intake::everything};  // relaxed everywhere: a setting
    request_queue pending_;                           // taken from results_, not delivered yet
    block_list parked_tasks_;                         // begun
    block_list parked_groups_;                        // the same
    std::atomic<std::size_t> tasks_parked_{0};  // relaxed everywhere: a counter, written by the poller only
    unsigned polls_ = 0;                        // nested ones included
    bool resting_ = false;                      // an event loop runs inside a callback
    std::int64_t burst_ = 0;  // what the coroutine that runs may still do without suspending
    linger linger_;
    activity activity_;
    bool leaking_ = false;           // shutdown's deadline passed
    bool driving_ = false;           // a coroutine is running
    coroutine next_;                 // to be resumed when it suspends
    resumption* running_ = nullptr;  // the innermost on the stack
    std::uint32_t walks_ = 0;        // of mark_inside
};

/// While it lives and says yes, this thread is the polling thread, and no other becomes it. A thread may be
/// it without polling: the one that made the context, until another polls. What it does for itself then (the
/// ring, tasks) must be over before another polls.
///
/// Each says first what it is about, and looks then what the other does: the claimant counts itself and looks
/// whose the mark is; the new poller puts down its mark and waits until nobody is counted. The four are
/// sequentially consistent, so one of them sees the other at least. Inside a poll nothing is to be said.
class engine::claim {
  public:
    explicit claim(engine& of) noexcept;
    claim(const claim&) = delete;
    claim& operator=(const claim&) = delete;
    ~claim();

    explicit operator bool() const noexcept { return granted_; }
    [[nodiscard]] submitter who() const noexcept { return granted_ ? submitter::poller : submitter::other; }

  private:
    engine& engine_;
    bool granted_ = false;
    bool counted_ = false;
    std::uint8_t era_ = 0;
};

}  // namespace aio::detail
