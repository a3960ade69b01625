// SPDX-License-Identifier: MIT
// What a request costs that does nothing, and what waits for something else.
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

constexpr kind waiting_kinds[] = {kind::wait};

const steps waiting_steps = {
    .calls = 1,
    .kinds = waiting_kinds,
    .prepare = [](lane& of, const files&) { of.call.what = kind::wait; },
    .value = nop_steps.value,
    .expected = nop_steps.expected,
};

std::vector<workload> nothing_workloads() {
    return {{.name = "nop",
             .summary = "a request that does nothing, submitted from the callback of the one before",
             .steps = &nop_steps,
             .in_flight = {1, 64},
             .quick = {64},
             .has_limit = false},
            {.name = "wait_200us",
             .summary = "a function that sleeps for 200 us, as a call does that waits for a server near by",
             .steps = &waiting_steps,
             .in_flight = {1, 64},
             .threads = 32}};
}

}  // namespace bench
