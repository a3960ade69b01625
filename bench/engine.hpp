// SPDX-License-Identifier: MIT
// What the contenders that are libraries have in common: an engine that runs a relay's lanes in this process.
#pragma once

#include "contender.hpp"
#include "relay.hpp"

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>

namespace bench {

/// Where requests may hang for ever, lets them go after a second.
class rescuer {
  public:
    rescuer(relay& whom, const workload& what) {
        if (!what.stuck && !what.slow) return;
        thread_ = std::jthread([this, &whom](std::stop_token over) {
            std::unique_lock lock(mutex_);
            if (wake_.wait_for(lock, over, std::chrono::seconds(1), [] { return false; }) ||
                over.stop_requested())
                return;
            whom.stop();
            whom.where().release();
        });
    }

  private:
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;
};

/// Engine: made of a job; run(relay) does it all, and can do it again.
template <class Engine>
measurement measure(const job& what) {
    const std::size_t before = relay::resident();
    Engine engine(what);

    if (what.rehearse && what.what.asks == question::throughput) {
        relay warm(what, {std::max<std::uint64_t>(what.operations / 8, 1)}, what.in_flight);
        engine.run(warm);
    }
    if (what.what.cold) what.where.make_cold();
    what.where.slow_down();

    relay lanes(what, {what.operations}, what.in_flight);
    std::optional<rescuer> rescue(std::in_place, lanes, what.what);
    const auto began = clock::now();
    engine.run(lanes);
    const std::chrono::duration<double> took = clock::now() - began;
    rescue.reset();

    measurement found = lanes.result();
    found.seconds = took.count();
    // The lanes are the benchmark's; what else was needed is the contender's.
    if (what.what.asks == question::memory)
        found.bytes_per_request =
            (found.bytes_per_request - static_cast<double>(before)) / static_cast<double>(what.in_flight) -
            static_cast<double>(sizeof(lane));
    return found;
}

}  // namespace bench
