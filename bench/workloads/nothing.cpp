// SPDX-License-Identifier: MIT
// What a request costs that does nothing.
#include "../workload.hpp"

namespace bench {

constexpr kind kinds[] = {kind::nop};

const steps nop_steps = {
    .calls = 1,
    .kinds = kinds,
    .prepare = [](lane& of, const files&) { of.call.what = kind::nop; },
    .value = [](const lane&, long) { return std::uint64_t(1); },
    .expected = [](std::uint64_t, const files&) { return std::uint64_t(1); },
};

std::vector<workload> nothing_workloads() {
    return {{.name = "nop",
             .summary = "a request that does nothing, submitted from the callback of the one before",
             .steps = &nop_steps,
             .in_flight = {1, 64},
             .quick = {64},
             .has_limit = false}};
}

}  // namespace bench
