// SPDX-License-Identifier: MIT
// gate: calls that block a worker until the test lets them go.
#pragma once

#include <aio/call.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace aio::test {

/// Closed until opened; its destructor opens it, so that a failed test does not hang.
class gate {
  public:
    gate() = default;
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;
    ~gate() { open(); }

    /// An `aio::call` that enters the gate, waits until it is open, and gives `value`.
    template <class T>
    [[nodiscard]] auto work(T value) const {
        return call([state = state_, value = std::move(value)]() mutable {
            state->pass();
            return std::move(value);
        });
    }
    [[nodiscard]] auto work() const {
        return call([state = state_] { state->pass(); });
    }

    /// Blocks until `calls` have entered, in all.
    void await_entered(int calls = 1) const {
        for (int now = state_->entered; now < calls; now = state_->entered)
            state_->entered.wait(now);
    }
    [[nodiscard]] int entered() const { return state_->entered; }
    void open() {
        state_->is_open = true;
        state_->is_open.notify_all();
    }

  private:
    struct state {
        std::atomic<int> entered{0};
        std::atomic<bool> is_open{false};

        void pass() {
            ++entered;
            entered.notify_all();
            is_open.wait(false);
        }
    };
    std::shared_ptr<state> state_ = std::make_shared<state>();
};

}  // namespace aio::test
