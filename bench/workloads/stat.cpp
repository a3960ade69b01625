// SPDX-License-Identifier: MIT
// stat of cached files.
#include "../files.hpp"
#include "../workload.hpp"

namespace bench {

constexpr kind kinds[] = {kind::stat};

const steps stat_steps = {
    .calls = 1,
    .kinds = kinds,
    .prepare =
        [](lane& of, const files& in) {
            of.call.what = kind::stat;
            of.call.path = in.small(of.operation);
        },
    .value = [](const lane&, long result) { return static_cast<std::uint64_t>(result); },
    .expected = [](std::uint64_t operation, const files& in) -> std::uint64_t {
        return in.small_size(operation);
    },
};

std::vector<workload> stat_workloads() {
    return {
        {.name = "stat",
         .summary = "stat of cached files",
         .steps = &stat_steps,
         .in_flight = {1, 64, 256},
         .quick = {1, 64, 256}},
        {.name = "group_feeder",
         .summary = "stat of cached files, by a group whose feeder keeps its limit in flight",
         .steps = &stat_steps,
         .in_flight = {64},
         .style = style::group},
        {.name = "queue_growth",
         .summary = "stat of cached files with ever more requests queued: the cost of one should not grow",
         .steps = &stat_steps,
         .in_flight = {1'000, 10'000, 100'000, 1'000'000},
         .asks = question::growth},
        {.name = "memory",
         .summary = "bytes in memory per queued stat",
         .steps = &stat_steps,
         .in_flight = {1'000, 1'000'000},
         .asks = question::memory,
         .has_limit = false}};
}

}  // namespace bench
