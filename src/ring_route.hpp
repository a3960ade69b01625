// SPDX-License-Identifier: MIT
// ring_route: calls made by the kernel through a ring, and all others by workers.
#pragma once

#include "request_queue.hpp"
#include "ring_session.hpp"
#include "route.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace aio::detail {

class inline_route;

/// In front of the thread route, which gets whatever the ring has no better way for, whatever other threads
/// submit, and whatever the ring fails at. The ring is made when it is first wanted, and is the polling
/// thread's alone. If that changes, or the ring is lost, it is closed; what was in it ends or is made by
/// workers, and another takes its place.
///
/// No more is in flight than the ring has room for; the rest waits here, by priority. The mutex guards that
/// queue, since other threads take requests back. Lock order: this one, then the workers'.
class ring_route final : public route {
  public:
    /// `always`: every call that a ring can make, not only those it makes faster. `cached`: what is known of
    /// whether reads hit the page cache. Lifetime: outlives the route.
    ring_route(std::shared_ptr<completions> results, std::unique_ptr<route> workers, inline_route& cached,
               bool always);
    ~ring_route() override;

    void submit(block& request, submitter by) noexcept override;
    bool take_back(block& request, stake accepted) noexcept override;
    bool reprioritise(block& request, int priority) noexcept override;
    void for_each_running(void (*visit)(block&, void*), void* data) noexcept override;
    block* take_back_any() noexcept override;
    void interrupt(block& request, submitter by) noexcept override;
    bool assist(bool waiting) noexcept override { return workers_->assist(waiting); }
    [[nodiscard]] bool settle(block& request) noexcept override;
    void limits(const thread_limits& limits) noexcept override;
    [[nodiscard]] thread_limits limits() const noexcept override { return workers_->limits(); }
    [[nodiscard]] bool stranded() const noexcept override { return workers_->stranded(); }
    [[nodiscard]] clock::time_point next_attempt() const noexcept override {
        return workers_->next_attempt();
    }
    [[nodiscard]] bool leaves_room(bool few) const noexcept override;
    [[nodiscard]] bool batches(ring_operation operation) noexcept override;
    void note_help() noexcept override { workers_->note_help(); }
    [[nodiscard]] const processor& last_worker() const noexcept override { return workers_->last_worker(); }
    [[nodiscard]] route_counters counters() const noexcept override;
    bool advance(clock::time_point until) noexcept override;
    void begin_turn() noexcept override;
    bool end_turn() noexcept override;
    [[nodiscard]] bool signals() const noexcept override { return session_ || !closed_.empty(); }
    void wait(completions& results, clock::time_point until) noexcept override;
    void lock_for_fork() noexcept override;
    void unlock_after_fork() noexcept override;
    void leave_to_parent() noexcept override;

  private:
    [[nodiscard]] bool wants(leaf& request) noexcept;
    [[nodiscard]] bool has_session() noexcept;
    void start(leaf& request) noexcept;
    void refill() noexcept;
    void flush() noexcept;
    bool reap() noexcept;
    void check_session() noexcept;
    void close_session() noexcept;
    void count_in_flight() noexcept;
    void note_oldest() noexcept;
    block* next_waiting() noexcept;
    [[nodiscard]] bool is_full() const noexcept;
    [[nodiscard]] bool is_ready() const noexcept;
    [[nodiscard]] bool is_held_up() const noexcept;
    [[nodiscard]] bool holds(const block& request) const noexcept;

    std::shared_ptr<completions> results_;
    std::unique_ptr<route> workers_;
    inline_route& cached_;
    const bool always_;
    std::atomic<unsigned> most_threads_{0};  // relaxed: a setting; 0: requests are held back
    std::atomic<bool> interrupted_{false};

    mutable std::mutex mutex_;
    request_queue waiting_;

    // The polling thread's.
    std::unique_ptr<ring_session> session_;
    std::vector<std::unique_ptr<ring_session>> closed_;  // what is in them is still to be reaped
    std::atomic<const void*> session_of_{nullptr};       // the thread, by its mark
    static constexpr unsigned most_losses = 3;
    unsigned losses_ = 0;
    bool refused_ = false;
    bool in_turn_ = false;
    bool batched_ = false;  // what is to be handed over should be over at once
    // For statistics: relaxed.
    std::shared_ptr<ring_tallies> counted_ = std::make_shared<ring_tallies>();
    std::atomic<std::size_t> in_flight_{0};
    // When the oldest call began that was there when a poll ended, or never.
    std::atomic<clock::rep> oldest_{clock::duration::max().count()};
};

}  // namespace aio::detail
