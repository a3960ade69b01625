// SPDX-License-Identifier: MIT
// Random programs in simulated worlds, one per seed: what the engine promises whatever happens, and when.
//
// AIO_SEED=n plays one seed and prints its trace; AIO_SEEDS=first-last plays these instead of 1-2000.
#include <aio/aio.hpp>
#include <aio/simulation.hpp>

#include "random_source.hpp"
#include "support/leaks.hpp"
#include "support/seeds.hpp"

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace aio::test {

namespace {

using namespace std::chrono_literals;

std::size_t all_worlds = 0, all_events = 0;
std::map<std::string, std::size_t> happened;  // events by name

/// What is known of one request.
struct tracked {
    request handle;
    int delivered = 0;
    int made = 0;  // calls of its function
    bool forgotten = false;
    bool timed = false;       // has a deadline
    file grows;               // if it has an effect
    std::error_code outcome;  // once delivered
};

/// A program that does what `dice` say, and checks what it sees.
class scenario {
  public:
    explicit scenario(std::uint64_t seed) : dice_(~seed), world_(conditions(seed)), io_(settings()) {
        EXPECT_EQ(::pwrite(four_.fd(), "four", 4, 0), 4);
    }

    void play() {
        const auto steps = 10 + dice_.below(40);
        for (std::uint64_t i = 0; i < steps; ++i)
            step();
        end();
        check_requests();
        check_trace();
    }
    [[nodiscard]] const simulation& world() const { return world_; }

  private:
    simulation_options conditions(std::uint64_t seed) {
        const double often = dice_.chance(0.5) ? 0.1 : 0;
        const std::array thread_failures = {0.0, 0.0, 0.5, 1.0};
        return {.seed = seed,
                .latency_max = dice_.chance(0.1) ? 10us : 20ms,
                .faults = {
                    .error = often, .short_count = often, .thread_failure = thread_failures[dice_.below(4)]}};
    }
    context_options settings() {
        threads_ = {.min = unsigned(dice_.below(4)),
                    .max = 1 + unsigned(dice_.below(6)),
                    .idle = unsigned(dice_.below(3))};
        return {.threads = threads_, .priority = random_priority(), .simulation = &world_};
    }

    int random_priority() { return lowest_priority + int(dice_.below(9)); }

    /// Sometimes a priority, sometimes a deadline.
    options random_options(tracked& of) {
        options how;
        if (dice_.chance(0.5)) how.priority = random_priority();
        of.timed = dice_.chance(0.2);
        if (of.timed) how.deadline = std::chrono::microseconds(dice_.below(20000));
        return how;
    }

    // Things to do.

    void step() {
        switch (dice_.below(12)) {
            case 0:
            case 1:
            case 2:
                return start(
                    [this](auto&& work, auto callback) { return io_.submit(std::move(work), callback); });
            case 3:
                return start_group();
            case 4:
                return start_task();
            case 5:
            case 6:
                return disturb();
            case 7:
                io_.poll({.requests = dice_.below(4), .time = {}});
                return;
            case 8:
                io_.wait(std::chrono::microseconds(dice_.below(30000)));
                return;
            case 9:
                return disturb_group();
            case 10:
                if (dice_.chance(0.1)) io_.flush();
                return;
            default:
                io_.poll();
                return;
        }
    }

    /// Starts one thing of any kind, with `by(work, callback)`, and keeps track of it.
    template <class By>
    void start(By by) {
        tracked& each = requests_.emplace_back();
        auto callback = [this, &each](auto&& outcome) {
            ++each.delivered;
            if constexpr (requires { outcome.error(); })
                if (!outcome) each.outcome = outcome.error();
            if constexpr (requires { outcome->size(); }) {
                EXPECT_TRUE(!outcome ||
                            (!outcome->empty() && std::string_view("four").starts_with(*outcome)));
            }
            if (dice_.chance(0.2)) disturb();
        };
        const options how = random_options(each);
        switch (dice_.below(7)) {
            case 0:
                each.handle = by(call([&each] { ++each.made; }).with(how), callback);
                return;
            case 1:
                each.handle = by(busy(std::chrono::microseconds(dice_.below(50000))).with(how), callback);
                return;
            case 2:
                each.handle = by(nop().with(how), callback);
                return;
            case 3:
                each.handle = by(open("/", 0).with(how), callback);
                return;
            case 4:
                each.grows = file(::memfd_create("aio-test", MFD_CLOEXEC));
                each.handle = by(write(each.grows, "four", 0).with(how), callback);
                return;
            case 5:
                each.handle = by(read(four_, 4, 0).with(how), callback);
                return;
            default:
                each.grows = file(::memfd_create("aio-test", MFD_CLOEXEC));
                each.handle = by(truncate(each.grows, 1).with(how), callback);
        }
    }

    /// A group with some members, or a feeder that keeps its limit, perhaps inside another group.
    void start_group() {
        tracked& each = requests_.emplace_back();
        auto callback = [&each](result<> outcome) {
            ++each.delivered;
            if (!outcome) each.outcome = outcome.error();
        };
        group made(io_, {.limit = 1 + dice_.below(4), .priority = random_priority()}, callback);
        auto add_to = [](group& all) {
            return [&all](auto&& work, auto member) { return all.add(std::move(work), member); };
        };
        if (dice_.chance(0.5))
            made.feed([this, add_to, left = dice_.below(10)](group& all) mutable {
                if (!left) return;
                --left;
                start(add_to(all));
                EXPECT_LE(all.size(), all.limit());
            });
        else
            for (auto n = dice_.below(4); n; --n)
                start(add_to(made));
        if (!groups_.empty() && dice_.chance(0.5)) {
            auto& outer = groups_[dice_.below(groups_.size())];
            EXPECT_TRUE(!outer || outer->add(made).has_value() == !outer->done());
        }
        each.handle = made.handle();
        groups_.push_back(std::move(made));
    }

    task<int> some_task(int depth) {
        co_await busy(1ms);
        auto [a, b] = co_await when_all(open("/", 0), busy(2ms).with({.deadline = 1ms}));
        // A poller that makes the calls itself sees to deadlines between them.
        EXPECT_TRUE(!b.has_value() || io_.statistics().assisted);
        auto first = co_await when_any(busy(3ms), busy(2ms), call([] { return 1; }));
        EXPECT_LT(first.index, 3u);
        if (depth) co_return 1 + co_await some_task(depth - 1);
        EXPECT_TRUE(co_await nop().with({.shielded = true}));
        co_return 1;
    }
    void start_task() {
        tracked& each = requests_.emplace_back();
        const int depth = int(dice_.below(3));
        const options how = random_options(each);
        each.handle = io_.submit(some_task(depth).with(how), [this, &each, depth](int levels) {
            ++each.delivered;
            EXPECT_EQ(levels, depth + 1);
            if (dice_.chance(0.2)) disturb();
        });
    }

    /// Cancels, forgets or moves one of the requests, done or not.
    void disturb() {
        if (requests_.empty()) return;
        tracked& each = requests_[dice_.below(requests_.size())];
        if (!each.handle) return;
        switch (dice_.below(4)) {
            case 0:
                each.forgotten |= !each.handle.done();
                each.handle.forget();
                return;
            case 1:
                each.handle.priority(random_priority());
                return;
            default:
                each.handle.cancel();
        }
    }

    void disturb_group() {
        if (groups_.empty()) return;
        auto& each = groups_[dice_.below(groups_.size())];
        if (!each) return;
        switch (dice_.below(5)) {
            case 0:
                each->cancel();
                return;
            case 1:
                each->cancel_members();
                return;
            case 2:
                each->limit(each->limit() + 1);
                return;
            case 3:
                each->stop_feeding();
                return;
            default:
                each->detach();
                each.reset();
        }
    }

    /// Either all is awaited, or shut down.
    void end() {
        if (dice_.chance(0.3)) {
            const shutdown_report report = io_.shutdown(1h);
            EXPECT_EQ(report.abandoned, io_.statistics().abandoned);
        } else {
            EXPECT_TRUE(io_.flush());
        }
        const statistics left = io_.statistics();
        EXPECT_EQ(left.outstanding, 0u);
        EXPECT_EQ(left.ready, 0u);
        EXPECT_EQ(left.running, 0u);
        EXPECT_EQ(left.pending, 0u);
        EXPECT_LE(left.threads, threads_.max);
    }

    // Promises.

    static bool has_grown(const tracked& each) {
        struct stat status = {};
        return each.grows && ::fstat(each.grows.fd(), &status) == 0 && status.st_size >= 1;
    }

    void check_requests() const {
        bool some_forgotten = false;
        for (const tracked& each : requests_)
            some_forgotten |= each.forgotten;
        for (const tracked& each : requests_) {
            EXPECT_TRUE(each.handle.done());
            // A forgotten group forgets its members.
            EXPECT_LE(each.delivered, 1);
            EXPECT_TRUE(each.delivered || some_forgotten);
            EXPECT_LE(each.made, 1);
            if (each.outcome == std::errc::operation_canceled) {
                EXPECT_EQ(each.made, 0);
                EXPECT_FALSE(has_grown(each));
            }
            EXPECT_TRUE(each.outcome != std::errc::timed_out || each.timed);
            EXPECT_TRUE(!each.grows || !each.delivered || each.outcome || has_grown(each));
        }
    }

    /// The queue is served strictly by priority, by as many threads as allowed, and every call has one end.
    void check_trace() const {
        std::map<std::string, int> queued;  // request, priority
        std::map<std::string, int> running;
        std::istringstream trace(world_.trace());
        for (std::string line; std::getline(trace, line); ++all_events) {
            std::istringstream words(line);
            std::string time, request, operation, event;
            int priority = 0;
            words >> time >> request >> operation >> priority >> event;
            ++happened[request == "thread" ? "thread " + operation : event];
            if (request == "thread") continue;
            if (event == "queue" || event == "priority") {
                queued[request] = priority;
            } else if (event == "cancel") {
                EXPECT_EQ(queued.erase(request), 1u) << line;
            } else if (event == "begin") {
                for (const auto& [other, its] : queued)
                    EXPECT_LE(its, priority) << line << ", but " << other;
                EXPECT_EQ(queued.erase(request), 1u) << line;
                running[request] = priority;
                EXPECT_LE(running.size(), threads_.max) << line;
            } else if (event == "end" || event == "abandon") {
                EXPECT_EQ(running.erase(request), 1u) << line;
            } else {
                EXPECT_TRUE(running.contains(request)) << line;
            }
        }
        EXPECT_TRUE(queued.empty());
        EXPECT_EQ(running.size(), io_.statistics().abandoned);
    }

    aio::detail::random_source dice_;
    simulation world_;
    thread_limits threads_;
    file four_{::memfd_create("aio-test", MFD_CLOEXEC)};  // that is what it holds
    std::deque<tracked> requests_;                        // outlives the context, whose callbacks refer to it
    context io_;
    std::deque<std::optional<group>> groups_;
};

class SimulationSeeds : public leak_checked {
  protected:
    static void play(std::uint64_t seed) {
        SCOPED_TRACE("replay with AIO_SEED=" + std::to_string(seed));
        std::uint64_t digest = 0;
        for (int time = 0; time < 2; ++time) {
            scenario each(seed);
            each.play();
            ++all_worlds;
            EXPECT_TRUE(!time || each.world().digest() == digest);
            digest = each.world().digest();
            if (std::getenv("AIO_SEED")) std::cout << each.world().trace();
        }
    }
};

TEST_F(SimulationSeeds, EveryPromiseHolds) {
    const seeds wanted(2000);
    for (std::uint64_t seed = wanted.first; seed <= wanted.last && !HasFailure(); ++seed) {
        if (seed % 1000 == 0) ::alarm(120);  // the fixture's, for each thousand
        play(seed);
    }
    if (wanted.last - wanted.first >= 1999) {
        for (const char* each : {"cancel", "priority", "fault", "short", "abandon", "thread begin"})
            EXPECT_GT(happened[each], 100U) << each;
    }
    std::printf("simulation: %zu worlds played, %zu events\n", all_worlds, all_events);
}

}  // namespace

}  // namespace aio::test
