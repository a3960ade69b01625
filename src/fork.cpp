// SPDX-License-Identifier: MIT
#include "fork.hpp"

#include "engine.hpp"

#include <pthread.h>

#include <mutex>

namespace aio::detail {

namespace {

// Never destroyed: contexts may be, after static objects are.
struct registry {
    std::mutex mutex;
    engine* first = nullptr;
};

registry& engines() noexcept {
    static registry& all = *new registry;
    return all;
}

// Lock order: the registry, then each engine's locks. Held across fork, so that the child finds nothing half
// done.
void before_fork() {
    engines().mutex.lock();
    for (engine* each = engines().first; each; each = each->next_engine)
        each->lock();
}
void after_in_parent() {
    for (engine* each = engines().first; each; each = each->next_engine)
        each->unlock();
    engines().mutex.unlock();
}
void after_in_child() {
    era.fetch_add(1, std::memory_order_relaxed);  // also if no engine is left: handles may be
    for (engine* each = engines().first; each; each = each->next_engine)
        each->begin_anew();
    engines().mutex.unlock();
}

}  // namespace

void register_for_fork(engine& added) noexcept {
    static const int handlers = pthread_atfork(before_fork, after_in_parent, after_in_child);
    static_cast<void>(handlers);
    std::lock_guard held(engines().mutex);
    added.next_engine = engines().first;
    if (added.next_engine) added.next_engine->previous_engine = &added;
    engines().first = &added;
}

void unregister_for_fork(engine& removed) noexcept {
    std::lock_guard held(engines().mutex);
    (removed.previous_engine ? removed.previous_engine->next_engine : engines().first) = removed.next_engine;
    if (removed.next_engine) removed.next_engine->previous_engine = removed.previous_engine;
}

void engine::lock() noexcept {
    activity_.mutex.lock();
    deadlines_.mutex.lock();
    route_->lock_for_fork();
}

void engine::unlock() noexcept {
    route_->unlock_after_fork();
    deadlines_.mutex.unlock();
    activity_.mutex.unlock();
}

/// In the child. What was in flight stays where it is, for ever: its workers do not exist here, and its
/// callbacks belong to the parent. Handles to it see another era and do nothing.
void engine::begin_anew() noexcept {
    auto fresh = std::make_shared<completions>();
    static_cast<void>(fresh->open_as(*results_));
    new std::shared_ptr<completions>(std::exchange(results_, fresh));
    route* old = route_.release();  // stays: its workers are gone, and what they held
    old->unlock_after_fork();
    old->leave_to_parent();
    options_.threads = old->limits();
    make_route();
    deadlines_.forget_all();
    deadlines_.mutex.unlock();
    if (poller_.load(std::memory_order_relaxed) != this_thread_mark()) {
        polls_ = 0;  // the thread that polls is not in this process
        resting_ = false;
        driving_ = false;
        next_ = {};
        running_ = nullptr;
    }
    claims_.store(0, std::memory_order_relaxed);  // of threads that are not here, or see another era
    messages_.store(nullptr, std::memory_order_relaxed);
    submitted_.store(0, std::memory_order_relaxed);
    submitted_in_poll_.store(0, std::memory_order_relaxed);
    delivered_.store(0, std::memory_order_relaxed);
    intake_.store(intake::everything, std::memory_order_relaxed);
    leaking_ = false;
    pending_.clear();
    parked_tasks_ = {};
    parked_groups_ = {};
    tasks_parked_.store(0, std::memory_order_relaxed);
    activity_.mutex.unlock();
    activity_.begin_anew(*results_);
}

}  // namespace aio::detail
