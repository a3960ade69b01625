// SPDX-License-Identifier: MIT
// race: a workload done by all contenders in turn, several times over.
#pragma once

#include "contender.hpp"
#include "files.hpp"

#include <optional>

namespace bench {

struct race_options {
    unsigned samples = 5;
    double seconds = 0.25;  // that a sample should take
    bool smoke = false;     // tiny, once
    bool progress = false;
};

/// How one contender did.
struct entry {
    contender* who = nullptr;
    std::string not_available;  // why it did not take part
    bool wrong = false;         // it did, and failed
    std::uint64_t operations = 0;
    std::vector<measurement> samples;

    [[nodiscard]] double median() const;
    [[nodiscard]] double lowest() const;
    [[nodiscard]] double highest() const;
    /// The sample that is the median.
    [[nodiscard]] const measurement& typical() const;
};

/// One line of the table: a workload at some number in flight.
struct row {
    const workload* what;
    std::size_t in_flight;
    std::vector<entry> entries;

    /// The median of the ratios to the limit within each round; none without a limit.
    [[nodiscard]] std::optional<double> ratio(const entry& of) const;
};

/// Runs one row. Each sample is a process of its own, so nobody inherits threads, caches or crashes.
row race(const workload& what, std::size_t in_flight, const files& where, std::span<contender* const> who,
         const race_options& how);

/// Runs a contender in another process; if that fails or takes longer, says so in the measurement.
measurement in_child(contender& who, const job& what, std::chrono::seconds longest);

/// Whether the user wants it to end.
bool interrupted();
void watch_for_interrupt();

}  // namespace bench
