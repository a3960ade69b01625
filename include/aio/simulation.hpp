// SPDX-License-Identifier: MIT
// simulation: a context's threads, time and bad luck, played from a seed.
#pragma once

#include <aio/export.hpp>
#include <aio/options.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio {

namespace detail {
class simulated_route;
}

/// What goes wrong in a simulation, each from 0 (never) to 1 (always).
struct fault_chances {
    /// An operation fails with an error that its system call may give, and has no effect (but that `close`
    /// closes). Never `busy`, nor functions given to `aio::call`.
    double error = 0;
    /// A `read`, `write` or `sendfile` on a regular file, or a `read` from a pipe, moves less than it could:
    /// at least one byte; with several buffers, at least the first. The looping forms do not, as their loop
    /// is inside the call.
    double short_count = 0;
    /// A thread cannot be created; the next attempt is made 10 ms later.
    double thread_failure = 0;
};

struct simulation_options {
    /// What decides everything that threads leave open.
    std::uint64_t seed = 0;
    /// The virtual time that calls take: drawn from this range, short times being likelier.
    std::chrono::nanoseconds latency_min = std::chrono::microseconds(10);
    std::chrono::nanoseconds latency_max = std::chrono::milliseconds(20);
    fault_chances faults = {};
    /// Whether `trace` is kept; `digest` always is.
    bool keep_trace = true;
};

/// Runs a context in virtual time, without threads, so that a test of concurrent code is quick and repeats
/// exactly:
///
///     aio::simulation world({.seed = 7, .faults = {.error = 0.01}});
///     aio::context io({.simulation = &world});
///     auto done = io.run(my_task().with({.deadline = 1h}));  // takes microseconds
///
/// Calls are really made, by the thread that polls, with virtual threads to say which are in flight together:
/// as many as the context's `thread_limits` allow (a `min` of 0 counts as 2 everywhere). The seed draws how
/// long each call takes, the moment within that time at which it has its effect, the order of what happens at
/// once, and faults. A call that is given up before that moment is never made; if it is given up after, its
/// late success is undone. The same seed and program give the same `trace`, byte for byte, if one thread does
/// everything and the files are the same.
///
/// Time stands still while the program runs, and passes where the context would block: in `wait`, `flush`,
/// `run`, `shutdown` and destructors, at once up to what happens next. `poll` alone does not pass it: a loop
/// that watches `context::fd()` calls `wait` in its place. Deadlines given as durations are virtual; points
/// in time must come from `now`. `busy` takes virtual time only; other calls that wait for somebody (a FIFO's
/// open, an empty pipe's read) really do, and nothing else happens meanwhile.
///
/// Lifetime: outlives its context; one context at a time.
/// Threads: `now` from any; the rest from the polling thread, while no other submits.
class simulation {
  public:
    using options = simulation_options;

    AIO_EXPORT explicit simulation(const options& how = {});
    simulation(const simulation&) = delete;
    simulation& operator=(const simulation&) = delete;
    ~simulation() = default;

    [[nodiscard]] std::uint64_t seed() const noexcept { return how_.seed; }

    /// The virtual clock. It begins far in the future, so that no real timer mistakes its times for the
    /// present.
    [[nodiscard]] clock::time_point now() const noexcept {
        // Relaxed: whatever happened at a time is published by other means.
        return clock::time_point(clock::duration(now_.load(std::memory_order_relaxed)));
    }
    /// The virtual time that passed since the simulation was made.
    [[nodiscard]] AIO_EXPORT clock::duration elapsed() const noexcept;

    [[nodiscard]] const fault_chances& faults() const noexcept { return how_.faults; }
    /// Sets what goes wrong with calls that begin from now on: first prepare the files, then break things.
    void faults(const fault_chances& chances) noexcept { how_.faults = chances; }

    /// What happened, one event a line: nanoseconds since the beginning, `#` and the request's number, the
    /// operation
    /// (`call` for functions), its priority, the event, and an errno where there is one. Or the time,
    /// `thread`, and what became of it. Requests that no thread is needed for (`nop`) are not in it. Events:
    ///
    ///     queue     handed over to the threads
    ///     cancel    taken back from the queue, with ECANCELED or ETIMEDOUT
    ///     priority  moved within the queue
    ///     begin     taken by a thread
    ///     short     its effect will be a short count
    ///     fault     fails without being made
    ///     call      made: it has its effect
    ///     end       over, with its errno or 0
    ///     abandon   over, but it had been given up: what it gave is undone
    [[nodiscard]] const std::string& trace() const noexcept { return trace_; }

    /// A number that stands for the trace: equal if the traces are.
    [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

  private:
    friend class detail::simulated_route;

    void pass_time(clock::time_point until) noexcept;
    [[nodiscard]] std::uint64_t draw() noexcept;
    void note(std::string_view event) noexcept;  // of a thread
    void note(std::uint64_t number, std::string_view operation, int priority, std::string_view event,
              int error = -1) noexcept;
    void append(std::string_view line) noexcept;

    options how_;
    std::atomic<clock::rep> now_;
    std::uint64_t draws_;         // the generator's state
    std::uint64_t requests_ = 0;  // numbered so far
    std::uint64_t digest_;
    std::string trace_;
};

}  // namespace aio
