// SPDX-License-Identifier: MIT
#include "thread_route.hpp"

#include "worker_pool.hpp"

namespace aio::detail {

thread_route::thread_route(std::shared_ptr<completions> results, const thread_limits& limits, bool assist)
    : pool_(std::make_shared<worker_pool>(std::move(results), limits)), assist_(assist) {}

thread_route::~thread_route() {
    pool_->close();
}

void route::wait(completions& results, clock::time_point until) noexcept {
    results.wait(until);
}

void thread_route::submit(block& request, submitter) noexcept {
    pool_->submit(request);
}
bool thread_route::take_back(block& request, stake accepted) noexcept {
    return pool_->take_back(request, accepted);
}
block* thread_route::take_back_any() noexcept {
    return pool_->take_back_any();
}
bool thread_route::reprioritise(block& request, int priority) noexcept {
    return pool_->reprioritise(request, priority);
}
void thread_route::for_each_running(void (*visit)(block&, void*), void* data) noexcept {
    pool_->for_each_running(visit, data);
}
bool thread_route::assist(bool waiting) noexcept {
    if (assist_) return pool_->assist(waiting);
    pool_->attempt();
    return false;
}

bool thread_route::settle(block& request) noexcept {
    if (pool_->take_back(request, stake::effect)) return false;
    // Acquire: the buffer is no longer written.
    request.state.wait(phase::running, std::memory_order_acquire);
    return true;
}

void thread_route::limits(const thread_limits& limits) noexcept {
    pool_->limits(limits);
}
thread_limits thread_route::limits() const noexcept {
    return pool_->limits();
}
bool thread_route::stranded() const noexcept {
    return assist_ && pool_->stranded();
}
clock::time_point thread_route::next_attempt() const noexcept {
    return assist_ ? clock::time_point::max() : pool_->next_attempt();
}
bool thread_route::leaves_room(bool few) const noexcept {
    return few || pool_->leaves_room();
}
void thread_route::note_help() noexcept {
    pool_->note_help();
}
const processor& thread_route::last_worker() const noexcept {
    return pool_->last_worker();
}
route_counters thread_route::counters() const noexcept {
    return pool_->counters();
}
void thread_route::lock_for_fork() noexcept {
    pool_->mutex.lock();
}
void thread_route::unlock_after_fork() noexcept {
    pool_->mutex.unlock();
}
void thread_route::leave_to_parent() noexcept {
    pool_->forget();
}

}  // namespace aio::detail
