// SPDX-License-Identifier: MIT
// measurement: what one sample found. Plain memory, because it comes from another process through a pipe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

namespace bench {

/// Of many durations, in nanoseconds.
struct durations {
    std::uint64_t median = 0;
    std::uint64_t rare = 0;  // the 99.9th percentile
    std::uint64_t longest = 0;

    static durations of(std::vector<std::uint32_t>& all) {
        if (all.empty()) return {};
        std::ranges::sort(all);
        return {all[all.size() / 2], all[all.size() * 999 / 1000], all.back()};
    }
};

struct measurement {
    double seconds = 0;
    std::uint64_t operations = 0;  // that were completed
    std::uint64_t checksum = 0;
    bool has_checksum = true;
    double bytes_per_request = 0;  // workload memory
    durations latency;             // workload stuck
    durations submit, poll;        // workload hold
    char error[120] = {};          // why there is nothing of all that

    [[nodiscard]] double per_second() const {
        return seconds > 0 ? static_cast<double>(operations) / seconds : 0;
    }

    static measurement failed(std::string_view why) {
        measurement none;
        std::snprintf(none.error, sizeof none.error, "%.*s", static_cast<int>(why.size()), why.data());
        return none;
    }
};

}  // namespace bench
