// SPDX-License-Identifier: MIT
// context: the engine an event loop owns. Requests go in, results come out of poll.
#pragma once

#include <aio/export.hpp>
#include <aio/operation.hpp>
#include <aio/request.hpp>
#include <aio/routes.hpp>
#include <aio/task.hpp>
#include <aio/work.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace aio {

class simulation;

/// How many threads make blocking calls (C-MINP, C-MAXP, C-MAXI). Threads are started when work waits for
/// them.
struct thread_limits {
    /// As many run at once whenever there is work; 0 means one per core, at least two.
    unsigned min = 0;
    /// More are started, up to this, only while work waits and those are blocked, or most of them sleep in
    /// their calls. 0: requests stay queued until the limit is raised, but for `wait`, `flush` and `run`,
    /// which then make the calls themselves.
    unsigned max = 128;
    /// As many idle threads stay; the others end after the timeout.
    unsigned idle = 4;
    std::chrono::nanoseconds idle_timeout = std::chrono::seconds(10);
};

/// How much one `poll` may deliver before it returns; 0 means no limit (C-MPR, C-MPT).
struct poll_budget {
    std::size_t requests = 0;
    /// Checked after each callback, and after each task or group that begins.
    std::chrono::nanoseconds time = std::chrono::nanoseconds::zero();
};

/// What a poll did.
struct poll_result {
    std::size_t delivered = 0;
    bool more = false;  // it stopped early: `fd()` is readable, poll again
};

/// A snapshot of a context's counters.
struct statistics {
    std::size_t outstanding = 0;  // submitted and not yet delivered; waiting groups are not counted (C-NREQS)
    std::size_t ready = 0;        // queued, not begun (C-NREADY)
    std::size_t running = 0;      // calls being made
    std::size_t pending = 0;      // results waiting for poll (C-NPEND)
    std::size_t threads = 0;      // C-NTHR
    std::size_t abandoned = 0;    // calls given up that have not returned yet
    std::size_t assisted = 0;     // calls that wait, flush, run or poll made, because no thread could be had
    /// How long the oldest of the running calls has been made for, about.
    std::chrono::nanoseconds longest_running = std::chrono::nanoseconds::zero();

    // Since the context was made. See `aio routes`.
    std::size_t inline_hits = 0;        // calls made at once by who submitted them
    std::size_t inline_misses = 0;      // tried so, but they would have blocked
    std::size_t ring_submitted = 0;     // calls given to io_uring
    std::size_t ring_completed = 0;     // which it made; others were given on to threads
    std::size_t threads_submitted = 0;  // calls given to threads
    std::size_t threads_completed = 0;  // which these made; others were taken back
    std::size_t handovers = 0;          // times a thread took calls: several at once, if they are quick
    std::size_t wakeups = 0;            // times a sleeping thread, or the poller, was woken
};

/// What shutdown found, and left behind.
struct shutdown_report {
    /// Requests, when it began; cancelled, but for shielded ones before the deadline.
    std::size_t outstanding = 0;
    /// Calls that were given up and still run; what they use is the library's, and freed when they return.
    std::size_t abandoned = 0;
    /// Calls that still run and use memory of the caller's.
    std::size_t using_buffers = 0;
};

/// How a context is made.
struct context_options {
    thread_limits threads = {};
    poll_budget budget = {};
    /// The priority of requests that name none (C-PRI).
    int priority = 0;
    /// poll blocks while more requests than this are outstanding (C-MAXOUT); 0 means no limit.
    std::size_t max_outstanding = 0;
    /// The variable AIO_ROUTES, if it is set, wins.
    routes_used routes = routes_used::automatic;
    /// When no thread can be had, `wait`, `flush` and `run` make the calls, and each `poll` makes one.
    bool assist = true;
    /// Runs everything in virtual time, from a seed: <aio/simulation.hpp>. Lifetime: outlives the context.
    aio::simulation* simulation = nullptr;
};

/// The engine: one per thread or loop.
///
/// Threads: submit and cancel from any thread. `poll`, `wait`, `flush`, `run` and `shutdown` from one thread
/// at a time: the last to call one is the polling thread, at first the one that made the context. Callbacks,
/// coroutines and feeders run only there, never inside the call that submitted them, never under a lock.
///
/// Destroying a context gives up what is outstanding, callbacks uncalled; it waits only for calls that work
/// on buffers of the caller's. `exit` waits for nothing, but destroys contexts with static storage.
///
/// Requires: a context is not destroyed or assigned to inside its own poll, by a callback, coroutine or
/// feeder; one that was moved from is only destroyed or assigned to.
///
/// After fork, the child's copy is empty, with its own threads and the same number for `fd()`; what was
/// outstanding is the parent's (C-FORK).
class context {
  public:
    using options = context_options;

    /// Throws std::system_error if no descriptors can be had, or if AIO_ROUTES is nonsense (EINVAL);
    /// std::bad_alloc.
    explicit context(const options& how = {}) {
        auto made = make(how);
        if (!made) throw std::system_error(made.error(), "aio::context");
        engine_ = *made;
    }
    /// The same without exceptions.
    [[nodiscard]] static result<context> create(const options& how = {}) noexcept {
        auto made = make(how);
        if (!made) return std::unexpected(made.error());
        return context(*made);
    }
    context(context&& other) noexcept : engine_(std::exchange(other.engine_, nullptr)) {}
    context& operator=(context&& other) noexcept {
        context old(std::move(*this));
        engine_ = std::exchange(other.engine_, nullptr);
        return *this;
    }
    AIO_EXPORT ~context();

    /// Starts `work`; `callback` is called once with its outcome, in a later poll. The callback object is
    /// destroyed in poll too, so what it captures may own the buffers: take their span in a statement before,
    /// since a capture that moves them may come first.
    ///
    /// Returns at once, whatever the disk does. Whatever is wrong with the arguments is delivered as the
    /// result. Errors: throws std::bad_alloc, and nothing was started. After shutdown: `operation_canceled`.
    template <work Work, receives<Work> Callback>
    request submit(Work&& work, Callback callback) {
        const aio::options& how = work.how();  // which a move leaves as it is
        return started(std::move(work).into_block(std::move(callback)), how);
    }

    /// Starts `work` and ignores its outcome; a resource it produces is released (M-15). What a task throws
    /// leaves poll all the same.
    template <work Work>
    request submit(Work&& work) {
        return submit(std::move(work), detail::no_callback());
    }

    /// Starts `work` and polls until it is done, delivering whatever else is due. For programs without a
    /// loop. Gives an operation's `result<T>`, a task's T; throws what the task threw, or what another
    /// callback threw. Where a callback forked, the child gets a system_error of `operation_canceled`
    /// (C-FORK).
    template <work Work>
    [[nodiscard]] auto run(Work&& work)
        -> std::conditional_t<std::same_as<typename Work::outcome, detail::nothing>, void,
                              typename Work::outcome> {
        std::optional<typename Work::outcome> outcome;
        request started = submit(std::move(work),
                                 [&](typename Work::outcome&& value) { outcome.emplace(std::move(value)); });
        run_until(started);
        if constexpr (!std::same_as<typename Work::outcome, detail::nothing>) return std::move(*outcome);
    }

    /// The descriptor to watch for reading, in any event loop: readable when poll has something to do. The
    /// same number for the life of the context (C-FILENO). Do not read from it, do not close it.
    [[nodiscard]] AIO_EXPORT int fd() const noexcept;

    /// Delivers results that are there, in order of priority, and never waits (C-POLLCB), except under
    /// max_outstanding. An exception that leaves a callback leaves poll; the rest stays for the next one
    /// (M-6).
    AIO_EXPORT poll_result poll(const poll_budget& budget);
    poll_result poll() { return poll(budget()); }

    /// The budget of a poll that names none. The polling thread.
    AIO_EXPORT void budget(const poll_budget& budget) noexcept;
    [[nodiscard]] AIO_EXPORT poll_budget budget() const noexcept;

    /// Blocks until poll has something to do, or nothing is outstanding, or the deadline passed (C-WAIT).
    /// Delivers nothing. Returns whether poll may have something to do: then poll next, `fd()` says nothing
    /// until it has.
    AIO_EXPORT bool wait(deadline until = {});

    /// Polls until nothing is outstanding (C-FLUSH), or the deadline passed; whether nothing is. Inside a
    /// coroutine, it and what awaits it do not count, as they go on only when this returns (M-13).
    AIO_EXPORT bool flush(deadline until = {});

    /// Cancels everything, delivers until all is delivered or the deadline passed, and accepts nothing more.
    /// Inside a coroutine as `flush`.
    /// Lifetime: if calls are left that use buffers of the caller's, these buffers must live until the
    /// process ends; what callbacks own is leaked.
    AIO_EXPORT shutdown_report shutdown(deadline until = {});

    /// Replaces all limits. Where they are lower than before, calls that run go on to their end. Any thread.
    AIO_EXPORT void threads(const thread_limits& limits) noexcept;
    [[nodiscard]] AIO_EXPORT thread_limits threads() const noexcept;

    /// Sets the limit of `context_options::max_outstanding`, returns the old one. Any thread.
    AIO_EXPORT std::size_t max_outstanding(std::size_t limit) noexcept;
    [[nodiscard]] AIO_EXPORT std::size_t max_outstanding() const noexcept;

    /// The priority of requests that name none, clamped to −4…4. Any thread.
    AIO_EXPORT void priority(int priority) noexcept;
    [[nodiscard]] AIO_EXPORT int priority() const noexcept;
    /// Lowers it by `by` (C-NICE), raises it if negative.
    void nice(int by) noexcept {
        priority(priority() - std::clamp(by, -2 * highest_priority, 2 * highest_priority));
    }

    /// How many requests were submitted and not delivered yet, as `statistics().outstanding`, but without a
    /// look at anything else: for every turn of a loop. Any thread.
    [[nodiscard]] AIO_EXPORT std::size_t outstanding() const noexcept;

    /// Any thread. Takes the lock that workers take.
    [[nodiscard]] AIO_EXPORT aio::statistics statistics() const noexcept;

    /// For the library.
    [[nodiscard]] detail::engine& engine() const noexcept { return *engine_; }

  private:
    explicit context(detail::engine* adopted) noexcept : engine_(adopted) {}

    AIO_EXPORT static result<detail::engine*> make(const options& how) noexcept;
    AIO_EXPORT request started(detail::block_pointer block, const aio::options& how);
    AIO_EXPORT void run_until(const request& done);

    detail::engine* engine_ = nullptr;
};

}  // namespace aio
