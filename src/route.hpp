// SPDX-License-Identifier: MIT
// route: one way to make calls without blocking the caller. The seam between the engine and threads, rings,
// simulations.
#pragma once

#include "processor.hpp"
#include "ring.hpp"

#include <aio/context.hpp>
#include <aio/detail/block.hpp>

#include <cstddef>

namespace aio::detail {

class completions;

/// Who submits or interrupts.
enum class submitter {
    poller,  // the polling thread, which alone uses what is not shared; or who holds an engine::claim
    other,
};

struct route_counters {
    std::size_t ready = 0;
    std::size_t running = 0;  // abandoned ones included
    std::size_t threads = 0;
    std::size_t assisted = 0;
    clock::time_point oldest = clock::time_point::max();  // beginning of a call that is still being made
    // Since the beginning.
    std::size_t ring_submitted = 0;
    std::size_t ring_completed = 0;
    std::size_t threads_submitted = 0;
    std::size_t threads_completed = 0;
    std::size_t handovers = 0;
    std::size_t wakeups = 0;  // of workers
};

/// A route owns what it queued until it pushes it to the completions or gives it back. Every function may be
/// called from any thread, unless it says otherwise; none blocks, unless it says so.
class route {
  public:
    route() = default;
    route(const route&) = delete;
    route& operator=(const route&) = delete;
    virtual ~route() = default;

    /// Takes a fresh block, and holds it or makes its call.
    virtual void submit(block& request, submitter by) noexcept = 0;
    /// Gives back a block that is still queued, fresh again; false if it is not, or has had an effect that is
    /// not `accepted`.
    virtual bool take_back(block& request, stake accepted) noexcept = 0;
    /// Moves a block that is still queued; false if it is not.
    virtual bool reprioritise(block& request, int priority) noexcept = 0;
    /// Calls `visit` for each block whose call is being made, as long as it is (a lock is held).
    virtual void for_each_running(void (*visit)(block&, void*), void* data) noexcept = 0;
    /// Any queued block, fresh again, or null.
    virtual block* take_back_any() noexcept = 0;

    /// Asks that a running call be ended, if the route can: it ends by its own result all the same.
    virtual void interrupt(block& request, submitter by) noexcept {
        static_cast<void>(request);
        static_cast<void>(by);
    }

    /// Makes one queued call in the calling thread, if no worker can; `waiting`: the caller would block
    /// otherwise. Polling thread.
    virtual bool assist(bool waiting) noexcept = 0;
    /// Returns when the call of `request` is over; it is pushed soon after. False: it is not to be made any
    /// more, and the block is fresh again. Blocks. Polling thread.
    [[nodiscard]] virtual bool settle(block& request) noexcept = 0;

    virtual void limits(const thread_limits& limits) noexcept = 0;
    [[nodiscard]] virtual thread_limits limits() const noexcept = 0;
    /// Whether calls wait that only assist() will make: the descriptor stays readable.
    [[nodiscard]] virtual bool stranded() const noexcept { return false; }
    /// When assist() is to try again to start a thread that calls wait for; never: the largest.
    [[nodiscard]] virtual clock::time_point next_attempt() const noexcept { return clock::time_point::max(); }
    /// Whether a processor has nothing to do, as far as we know: then the poller may linger before it sleeps.
    /// `few`: there are not as many calls as processors.
    [[nodiscard]] virtual bool leaves_room(bool few) const noexcept { return static_cast<void>(few), false; }
    /// Where somebody took work last, if it leaves room.
    [[nodiscard]] virtual const processor& last_worker() const noexcept {
        static constinit const processor nobody;
        return nobody;
    }
    [[nodiscard]] virtual route_counters counters() const noexcept = 0;

    /// The route's clock, and its way to pass time up to `until`: true if it has one, and the caller need not
    /// block. Polling thread.
    [[nodiscard]] virtual clock::time_point now() const noexcept { return clock::now(); }
    virtual bool advance(clock::time_point until) noexcept { return static_cast<void>(until), false; }

    /// Whether such calls, if the polling thread submits them now, a ring gets at the end of its poll, in one
    /// system call, and has room for them.
    [[nodiscard]] virtual bool batches(ring_operation) noexcept { return false; }
    /// The polling thread makes calls itself, as well as whoever this is.
    virtual void note_help() noexcept {}

    // Polling thread: a poll begins, and ends; after that, whether there is more to deliver already.
    virtual void begin_turn() noexcept {}
    virtual bool end_turn() noexcept { return false; }
    /// Whether it makes the descriptor readable by itself.
    [[nodiscard]] virtual bool signals() const noexcept { return false; }
    /// Blocks until there may be something to do, or `until` has passed: between begin_wait and end_wait of
    /// `results`. Polling thread.
    virtual void wait(completions& results, clock::time_point until) noexcept;

    virtual void lock_for_fork() noexcept {}
    virtual void unlock_after_fork() noexcept {}  // in the parent
    /// In the child, which never uses it again: lets go of what the kernel would think the child's, and of
    /// what is queued, which is never made there.
    virtual void leave_to_parent() noexcept {}
};

/// Makes the call of a running block. True: the outcome is fixed and the block is to be pushed. False: it was
/// abandoned meanwhile, a late success has been undone, and the caller is to completions::let_go() it.
[[nodiscard]] bool execute(block& request) noexcept;
/// The second half of execute: the call is over and gave a value or the errno `failed`.
[[nodiscard]] bool conclude(block& request, int failed) noexcept;

}  // namespace aio::detail
