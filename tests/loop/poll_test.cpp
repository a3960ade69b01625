// SPDX-License-Identifier: MIT
#include "loop/bare.hpp"

#include <aio/loop/poll.hpp>

#include <algorithm>
#include <vector>

namespace aio::test {

/// A loop as a program writes it that has nothing but poll(2).
class poll_loop {
    class listed;
    using list = std::vector<listed*>;

    /// Is among what the loop watches for as long as it lives.
    class listed : public loop::poll_entry {
      public:
        listed(context& io, const poll_budget& budget, std::shared_ptr<list> watched)
            : poll_entry(io, budget), watched_(std::move(watched)) {
            watched_->push_back(this);
        }
        ~listed() override { std::erase(*watched_, this); }

      private:
        std::shared_ptr<list> watched_;
    };

  public:
    using adapter = listed;
    static constexpr bool ends_by_itself = true;
    static constexpr bool may_be_destroyed_first = true;
    static constexpr bool belongs_to_a_thread = false;

    std::unique_ptr<adapter> attach(context& io, const poll_budget& budget) {
        return std::make_unique<adapter>(io, budget, watched_);
    }
    void run() {
        stopped_ = false;
        while (!stopped_ && (!timers_.empty() || std::ranges::any_of(*watched_, &adapter::busy))) {
            list watched = *watched_;
            std::vector<pollfd> entries;
            for (adapter* each : watched)
                entries.push_back(each->entry());
            ::poll(entries.data(), entries.size(), timers_.timeout());
            for (std::size_t i = 0; i < entries.size(); ++i)
                if (std::ranges::count(*watched_, watched[i])) watched[i]->ready(entries[i]);
            timers_.call();
        }
    }
    void stop() { stopped_ = true; }
    void every(std::chrono::milliseconds period, tick call) { timers_.every(period, std::move(call)); }

  private:
    std::shared_ptr<list> watched_ = std::make_shared<list>();
    bare_timers timers_;
    bool stopped_ = false;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Poll, AnyLoop, poll_loop);

}  // namespace aio::test
