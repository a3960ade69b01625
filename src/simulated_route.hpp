// SPDX-License-Identifier: MIT
// simulated_route: the thread route in virtual time.
#pragma once

#include "completions.hpp"
#include "random_source.hpp"
#include "request_queue.hpp"
#include "route.hpp"

#include <aio/simulation.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace aio::detail {

/// The operation's name, or "call".
[[nodiscard]] const char* name_of(block& request) noexcept;

/// Follows worker_pool's rules, which see, with threads that are entries of a list. Other threads only queue
/// blocks and take them back; everything else happens on the polling thread, in advance and assist. Time
/// passes from one event to the next: a call has its effect, a call is over, the watcher looks for blocked
/// threads, a thread that could not be created is tried again.
///
/// One mutex, held for everything but the calls themselves; it guards the simulation too.
class simulated_route final : public route {
  public:
    simulated_route(std::shared_ptr<completions> results, simulation& world, const thread_limits& limits,
                    bool assist);
    ~simulated_route() override;

    void submit(block& request, submitter by) noexcept override;
    bool take_back(block& request, stake accepted) noexcept override;
    bool reprioritise(block& request, int priority) noexcept override;
    void for_each_running(void (*visit)(block&, void*), void* data) noexcept override;
    block* take_back_any() noexcept override;
    bool assist(bool waiting) noexcept override;
    [[nodiscard]] bool settle(block& request) noexcept override;
    void limits(const thread_limits& limits) noexcept override;
    [[nodiscard]] thread_limits limits() const noexcept override;
    [[nodiscard]] bool stranded() const noexcept override;
    [[nodiscard]] route_counters counters() const noexcept override;
    [[nodiscard]] clock::time_point now() const noexcept override { return world_.now(); }
    bool advance(clock::time_point until) noexcept override;
    void lock_for_fork() noexcept override { mutex_.lock(); }
    void unlock_after_fork() noexcept override { mutex_.unlock(); }

  private:
    using lock = std::unique_lock<std::mutex>;

    /// A call that a virtual thread is inside.
    struct flight {
        block* request;
        std::uint64_t number;  // in the trace
        const char* operation;
        int priority;
        clock::time_point begun;
        clock::time_point next;  // when it has its effect, then when it is over
        clock::time_point end;
        std::uint64_t tie;   // decides between flights with the same `next`
        random_source dice;  // its own, so that one call's luck does not shift another's
        int error = 0;       // its fault, then its outcome
        bool shortened = false;
        bool made = false;     // its effect is over
        bool blocked = false;  // the watcher has seen it: it counts for nothing
    };

    [[nodiscard]] std::uint64_t number_of(const block& queued) const noexcept;
    void take_out(block& request) noexcept;
    [[nodiscard]] flight begin(block& request) noexcept;
    void draw_fate(flight& begun) noexcept;
    void make(flight& call, lock& held) noexcept;
    void finish(const flight& call, lock& held) noexcept;

    void dispatch() noexcept;
    [[nodiscard]] bool takes_another() const noexcept;
    [[nodiscard]] bool start_thread() noexcept;
    void retire_threads() noexcept;
    void look_for_blocked() noexcept;
    [[nodiscard]] std::size_t unblocked() const noexcept;
    [[nodiscard]] std::size_t threads() const noexcept { return flights_.size() + idle_.size(); }

    [[nodiscard]] flight* first_flight() noexcept;          // or null
    [[nodiscard]] clock::time_point next_event() noexcept;  // or never
    void happen(lock& held) noexcept;
    void note(const flight& call, std::string_view event, int error = -1) noexcept;

    static constexpr clock::time_point never = clock::time_point::max();

    mutable std::mutex mutex_;
    std::shared_ptr<completions> results_;
    simulation& world_;
    thread_limits limits_;     // as they were given
    thread_limits effective_;  // without a `min` of 0
    const bool assist_;
    request_queue queue_;
    std::unordered_map<const block*, std::uint64_t> numbers_;  // of what is queued
    std::vector<flight> flights_;
    std::vector<clock::time_point> idle_;  // threads without work: since when
    clock::time_point look_ = never;       // when the watcher looks
    clock::time_point retry_ = {};         // when a thread may be created, after one could not be
    std::size_t assisted_ = 0;
    bool assisting_ = false;
    bool making_ = false;   // inside a call: a function of the user's must not poll
    bool stalled_ = false;  // the poller was told to block: nothing happens before somebody calls
};

}  // namespace aio::detail
