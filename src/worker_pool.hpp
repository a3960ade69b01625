// SPDX-License-Identifier: MIT
// worker_pool: the queue of the thread route and the threads that empty it.
#pragma once

#include "completions.hpp"
#include "linger.hpp"
#include "processor.hpp"
#include "request_queue.hpp"
#include "route.hpp"
#include "worker.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace aio::detail {

/// Elastic: `min` workers run at once. When work waits although they are all busy, one more thread, the
/// watcher, looks every millisecond who of them sleeps and burns no CPU. For each that makes no progress
/// another may run; while most sleep in one call after the other, twice as many with each look; up to `max`
/// threads in all. So what is cached has no more threads than cores, unless calls wait for each other's
/// locks, which is sleeping, too; calls that wait for a server have as many as there are calls, and a stuck
/// one holds nobody else up.
///
/// A request goes by the inbox, which takes no lock, to the queue, and from there into the hand of a worker,
/// who takes several at once while calls are quick. Everything else is under one mutex, held for a few
/// instructions. Lock order: this mutex alone; threads are started without it.
class worker_pool : public std::enable_shared_from_this<worker_pool> {
  public:
    worker_pool(std::shared_ptr<completions> results, const thread_limits& limits) noexcept;

    void submit(block& request) noexcept;
    bool take_back(block& request, stake accepted) noexcept;
    block* take_back_any() noexcept;
    bool reprioritise(block& request, int priority) noexcept;
    void for_each_running(void (*visit)(block&, void*), void* data) noexcept;
    bool assist(bool waiting) noexcept;
    void limits(const thread_limits& limits) noexcept;
    [[nodiscard]] thread_limits limits() noexcept;
    /// When to try again to start a thread, if work waits and none could be had; never: the largest.
    [[nodiscard]] clock::time_point next_attempt() noexcept;
    [[nodiscard]] bool stranded() noexcept { return next_attempt() != clock::time_point::max(); }
    void attempt() noexcept;  // if it is time
    void close() noexcept;    // idle workers end, busy ones when their call returns
    void forget() noexcept;   // in a fork's child: what is queued or in hand is never made here
    [[nodiscard]] route_counters counters() noexcept;
    [[nodiscard]] bool leaves_room() const noexcept;  // a hint: a processor has nothing to do for us
    void note_help() noexcept;                        // the poller makes calls, too
    /// Where a worker took work last.
    [[nodiscard]] const processor& last_worker() const noexcept { return last_worker_; }

    std::mutex mutex;  // public for fork alone

  private:
    using lock = std::unique_lock<std::mutex>;
    /// Who will look at the inbox without being woken: a worker that is about to, or one that lingers.
    enum class attendance : std::uint8_t { none, soon, lingers };

    /// A call that the poller makes; those around it make further ones.
    struct assisted_call {
        block& request;
        assisted_call* outer;
    };

    [[nodiscard]] lock acquire() noexcept;
    [[nodiscard]] bool attended() const noexcept;
    [[nodiscard]] unsigned at_once() const noexcept;
    void sort_inbox() noexcept;
    [[nodiscard]] bool remove(block& request) noexcept;
    void recall(worker& from) noexcept;
    void note_shortage() noexcept;
    [[nodiscard]] bool nobody_comes() const noexcept;
    void summon(lock& held) noexcept;
    void start_thread(lock& held) noexcept;
    void wake_all() noexcept;

    // What workers do.
    static void* enter(void* pool) noexcept;
    void work() noexcept;
    [[nodiscard]] unsigned take(worker& self) noexcept;
    void note_floor() noexcept;
    void make_calls(worker& self, unsigned taken) noexcept;
    void put_down(worker& self) noexcept;
    void push_finished(worker& of) noexcept;
    [[nodiscard]] bool time_to_wake(worker& self) noexcept;
    [[nodiscard]] bool hand_in(worker& self) noexcept;
    void wake_poller() noexcept;
    bool linger_for_work(lock& held) noexcept;
    bool rest(worker& self, lock& held) noexcept;
    [[nodiscard]] bool anything_waits() const noexcept;
    void watch(worker& self, lock& held) noexcept;
    void tick() noexcept;
    void look_at_busy() noexcept;
    void allow(std::uint64_t extra) noexcept;

    // What a submission touches.
    alignas(64) block_stack inbox_;
    // What workers write with every few calls.
    alignas(64) std::atomic<attendance> attendant_{attendance::none};  // one worker is
    std::atomic<unsigned> unblocked_{0};                               // busy and not marked blocked
    std::atomic<bool> owed_{false};  // a result was pushed and the poller, asleep, not woken yet
    // What a submission looks at: rarely written, and apart from what is.
    alignas(64) std::atomic<worker*> watcher_{nullptr};  // null, or the one that looks for blocked workers
    processor lingerer_;                                 // where the attendant is
    processor last_worker_;
    processor submitter_;                       // who submitted last
    std::atomic<unsigned> at_once_{0};          // limits_.min and extra_
    std::atomic<unsigned> helped_{0};           // for how many ticks the poller is thought to make calls
    std::atomic<int> floor_{highest_priority};  // what is above it overtakes what is in hand
    std::atomic<bool> overtaken_{false};        // something did
    std::atomic<bool> short_of_threads_{true};  // the poller may have to make calls

    alignas(64) std::shared_ptr<completions> results_;
    thread_limits wanted_limits_;  // as the user gave them
    thread_limits limits_;         // with numbers in place of defaults
    request_queue queue_;
    linger linger_;
    worker* idle_ = nullptr;  // a stack: the last to rest is the first to be woken
    worker* busy_ = nullptr;  // a list: those with something in hand
    assisted_call* assisting_ = nullptr;
    unsigned threads_ = 0;
    unsigned extra_ = 0;  // workers that may run beside limits_.min, as calls sleep
    clock::time_point looked_at_ = {};
    unsigned idle_count_ = 0;
    unsigned coming_ = 0;          // woken or started, not here yet
    std::size_t unannounced_ = 0;  // calls that ended since the poller was last woken
    std::size_t assisted_ = 0;     // calls the poller made
    std::size_t submitted_ = 0;    // in all
    std::size_t completed_ = 0;
    std::size_t handovers_ = 0;
    std::size_t wakeups_ = 0;
    bool closed_ = false;
    clock::time_point retry_start_ = {};  // after a thread could not be started
};

}  // namespace aio::detail
