// SPDX-License-Identifier: MIT
// storm: requests of many kinds, and what can happen to them, at random.
#pragma once

#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace aio::test {

/// Starts, cancels, forgets and moves requests at random.
class storm {
  public:
    storm(context& io, std::uint32_t seed, const std::string& path) : io_(io), dice_(seed), path_(path) {}

    /// Counts its outcome. Nothing here is forgotten, so each arrives exactly once.
    template <class Outcome>
    auto receiver() {
        ++expected_;
        return [counted = delivered_](Outcome&&) { counted->fetch_add(1, std::memory_order_relaxed); };
    }

    /// From any thread, if `polling` is false.
    void step(bool polling) {
        switch (roll(polling ? 12 : 8)) {
            case 0:
            case 1:
                keep(io_.submit(stat(path_).with(how()), receiver<result<file_status>>()));
                break;
            case 2:
                keep(io_.submit(open(path_, O_RDONLY).with(how()), receiver<result<file>>()));
                break;
            case 3:
                keep(
                    io_.submit(busy(std::chrono::microseconds(roll(200))).with(how()), receiver<result<>>()));
                break;
            case 4:
                keep(io_.submit(call([n = roll(100)] { return std::string(n, 'x'); }).with(how()),
                                receiver<result<std::string>>()));
                break;
            case 5:
                keep(io_.submit(nop().with(how()), receiver<result<>>()));
                break;
            case 6:
                if (!kept_.empty()) kept_[roll(kept_.size())].cancel();
                break;
            case 7:
                if (roll(2)) {
                    source_.request_stop();
                    source_ = std::stop_source();
                } else {
                    keep(io_.submit(awaiting(stat(path_).with(how())), receiver<result<file_status>>()));
                }
                break;
            case 8:
                if (!kept_.empty()) kept_[roll(kept_.size())].priority(static_cast<int>(roll(9)) - 4);
                break;
            case 9: {
                group some(io_, {.limit = roll(4)}, receiver<result<>>());
                some.feed([this, left = roll(6)](group& to) mutable {
                    if (left--) to.add(stat(path_), receiver<result<file_status>>());
                });
                if (!roll(4)) some.cancel();
                if (!roll(4)) some.cancel_members();
                keep(some.detach());
                break;
            }
            case 10:
                io_.poll({.requests = roll(4), .time = {}});
                break;
            case 11:
                io_.threads({.min = static_cast<unsigned>(roll(4)),
                             .max = 1 + static_cast<unsigned>(roll(6)),
                             .idle = static_cast<unsigned>(roll(3)),
                             .idle_timeout = std::chrono::microseconds(roll(100))});
        }
    }
    [[nodiscard]] long expected() const { return expected_; }
    [[nodiscard]] const std::atomic<long>& delivered() const { return *delivered_; }

  private:
    std::size_t roll(std::size_t sides) { return dice_() % sides; }
    options how() {
        options chosen{.priority = static_cast<int>(roll(9)) - 4};
        if (!roll(4)) chosen.deadline = std::chrono::microseconds(roll(300));
        if (!roll(4)) chosen.stop = tokens_.emplace_back(source_.get_token());
        return chosen;
    }
    void keep(request started) {
        if (kept_.size() < 64)
            kept_.push_back(std::move(started));
        else
            kept_[roll(64)] = std::move(started);
    }

    context& io_;
    std::mt19937 dice_;
    std::string path_;
    std::vector<request> kept_;
    std::stop_source source_;
    std::deque<std::stop_token> tokens_;  // borrowed until what waits for them has started, in the poller
    std::atomic<long> expected_{0};       // feeders run in the polling thread
    std::shared_ptr<std::atomic<long>> delivered_ = std::make_shared<std::atomic<long>>(0);
};

}  // namespace aio::test
