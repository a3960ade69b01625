// SPDX-License-Identifier: MIT
// The public classes, in terms of the engine.
#include <aio/context.hpp>

#include "engine.hpp"

#include <algorithm>

namespace aio {

result<detail::engine*> context::make(const options& how) noexcept {
    return detail::engine::make(how);
}
context::~context() {
    delete engine_;
}

request context::started(detail::block_pointer block, const aio::options& how) {
    detail::start(*engine_, *block, how);
    return request(std::move(block));
}

void context::run_until(const request& done) {
    engine_->run_until(*done.block());
}
int context::fd() const noexcept {
    return engine_->fd();
}
poll_result context::poll(const poll_budget& budget) {
    return engine_->poll(budget);
}
void context::budget(const poll_budget& budget) noexcept {
    engine_->budget = budget;
}
poll_budget context::budget() const noexcept {
    return engine_->budget;
}
bool context::wait(deadline until) {
    return engine_->wait(until.from(engine_->now()));
}
bool context::flush(deadline until) {
    return engine_->flush(until.from(engine_->now()));
}
shutdown_report context::shutdown(deadline until) {
    return engine_->shutdown(until.from(engine_->now()));
}
void context::threads(const thread_limits& limits) noexcept {
    engine_->limits(limits);
}
thread_limits context::threads() const noexcept {
    return engine_->limits();
}
std::size_t context::outstanding() const noexcept {
    return engine_->outstanding();
}
statistics context::statistics() const noexcept {
    return engine_->counters();
}

std::size_t context::max_outstanding(std::size_t limit) noexcept {
    return engine_->max_outstanding.exchange(limit, std::memory_order_relaxed);
}
std::size_t context::max_outstanding() const noexcept {
    return engine_->max_outstanding.load(std::memory_order_relaxed);
}
void context::priority(int priority) noexcept {
    engine_->priority.store(std::clamp(priority, lowest_priority, highest_priority),
                            std::memory_order_relaxed);
}
int context::priority() const noexcept {
    return engine_->priority.load(std::memory_order_relaxed);
}

bool request::priority(int priority) noexcept {
    detail::engine* owner = block_ ? detail::engine::of(*block_) : nullptr;
    return owner && owner->reprioritise(*block_, priority);
}
bool request::done() const noexcept {
    return !block_ || block_->state.load(std::memory_order_relaxed) == detail::phase::delivered;
}

}  // namespace aio
