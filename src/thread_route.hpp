// SPDX-License-Identifier: MIT
// thread_route: blocking calls on worker threads.
#pragma once

#include "completions.hpp"
#include "route.hpp"

#include <memory>

namespace aio::detail {

class worker_pool;

/// The workers outlive the route: one that is stuck in a call keeps what it needs, and ends when it comes
/// back.
class thread_route final : public route {
  public:
    thread_route(std::shared_ptr<completions> results, const thread_limits& limits, bool assist);
    ~thread_route() override;

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
    [[nodiscard]] clock::time_point next_attempt() const noexcept override;
    [[nodiscard]] bool leaves_room(bool few) const noexcept override;
    void note_help() noexcept override;
    [[nodiscard]] const processor& last_worker() const noexcept override;
    [[nodiscard]] route_counters counters() const noexcept override;
    void lock_for_fork() noexcept override;
    void unlock_after_fork() noexcept override;
    void leave_to_parent() noexcept override;

  private:
    std::shared_ptr<worker_pool> pool_;
    bool assist_;
};

}  // namespace aio::detail
