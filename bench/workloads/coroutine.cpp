// SPDX-License-Identifier: MIT
// Coroutines that await one request after another.
#include "../workload.hpp"

namespace bench {

std::vector<workload> coroutine_workloads() {
    return {{.name = "coroutine_chain",
             .summary = "read_4k by coroutines that await one read after another",
             .steps = &read_4k_steps,
             .in_flight = {1, 64},
             .style = style::coroutines,
             .buffer = 4096},
            {.name = "coroutine_nop",
             .summary = "a coroutine that awaits requests that do nothing",
             .steps = &nop_steps,
             .in_flight = {1},
             .style = style::coroutines,
             .has_limit = false}};
}

}  // namespace bench
