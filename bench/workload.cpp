// SPDX-License-Identifier: MIT
#include "workload.hpp"

#include <algorithm>
#include <iterator>

namespace bench {

std::span<const workload> workloads() {
    static const std::vector<workload> all = [] {
        std::vector<workload> found;
        for (auto family : {stat_workloads, read_workloads, nothing_workloads, small_file_workloads,
                            coroutine_workloads, caller_workloads})
            std::ranges::move(family(), std::back_inserter(found));
        return found;
    }();
    return all;
}

std::uint64_t expected_checksum(const job& done) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < done.operations; ++i)
        sum += done.what.steps->expected(i, done.where);
    return sum;
}

}  // namespace bench
