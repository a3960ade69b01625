// SPDX-License-Identifier: MIT
// What a caller feels when a disk is slow or dead.
#include "../files.hpp"
#include "../workload.hpp"

namespace bench {

namespace {

constexpr kind kinds[] = {kind::stat};

constexpr steps slow_steps = {
    .calls = 1,
    .kinds = kinds,
    .prepare =
        [](lane& of, const files& in) {
            of.call.what = kind::stat;
            of.call.path = in.slow(of.operation);
        },
    .value = [](const lane&, long) { return std::uint64_t(1); },
    .expected = [](std::uint64_t, const files&) { return std::uint64_t(1); },
};

}  // namespace

std::vector<workload> caller_workloads() {
    return {{.name = "stuck",
             .summary = "stat, one at a time, while 32 requests hang in the open of a FIFO",
             .steps = &stat_steps,
             .in_flight = {1},
             .asks = question::latency,
             .stuck = 32},
            {.name = "hold",
             .summary =
                 "how long a submit or a poll holds the caller, with 10,000 stats waiting for a file system "
                 "that takes 10 ms a call",
             .steps = &slow_steps,
             .in_flight = {10'000},
             .asks = question::hold,
             .has_limit = false,
             .slow = true,
             .most = 10'000}};
}

}  // namespace bench
