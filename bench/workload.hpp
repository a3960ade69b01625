// SPDX-License-Identifier: MIT
// workload: work with a name, which every contender does in the same way.
//
// An operation is a chain of calls: open, read, close. So many lanes as requests are to be in flight each do
// one operation after another, and a contender only has to make calls.
#pragma once

#include "call.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class files;
using clock = std::chrono::steady_clock;

/// One of the requests in flight.
struct lane {
    bench::call call;             // what to do next
    std::uint64_t operation = 0;  // its number
    unsigned step = 0;            // which call of the operation
    unsigned index = 0;
    int fd = -1;
    bool stuck = false;  // opens the FIFO, and does nothing else
    clock::time_point began;
};

/// What the operations are and how their results are known to be right.
struct steps {
    unsigned calls;
    std::span<const kind> kinds;
    /// Sets lane.call to call number lane.step of the operation.
    void (*prepare)(lane& of, const files& in);
    /// What a result adds to the checksum.
    std::uint64_t (*value)(const lane& of, long result);
    /// What one operation adds.
    std::uint64_t (*expected)(std::uint64_t operation, const files& in);
};

/// How the requests are to be made, where that is what is measured.
enum class style { callbacks, coroutines, group };

/// Which question a workload answers.
enum class question { throughput, latency, hold, memory, growth };

struct workload {
    std::string_view name;
    std::string_view summary;
    const bench::steps* steps;
    std::vector<std::size_t> in_flight;
    std::vector<std::size_t> quick = {};  // those of --quick
    bench::style style = style::callbacks;
    question asks = question::throughput;
    std::size_t buffer = 0;  // bytes a lane needs
    unsigned threads = 2;    // that the limit may use: more where the disk decides
    bool cold = false;       // the page cache is emptied first
    bool direct = false;     // O_DIRECT
    bool has_limit = true;   // there are plain calls to compare with
    bool slow = false;       // on a file system that takes 10 ms a call
    unsigned stuck = 0;      // so many requests hang in the open of a FIFO
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max();  // operations
};

std::span<const workload> workloads();

/// A workload, at some number in flight, for so many operations.
struct job {
    const workload& what;
    const files& where;
    std::size_t in_flight;
    std::uint64_t operations;
    double seconds = 0.1;  // that it is expected to take
    bool rehearse = true;  // with a part of the operations first, where that is fair
};

/// The sum over all operations of a job.
std::uint64_t expected_checksum(const job& done);

// One for each file in workloads/.
std::vector<workload> nothing_workloads();
std::vector<workload> stat_workloads();
std::vector<workload> read_workloads();
std::vector<workload> small_file_workloads();
std::vector<workload> coroutine_workloads();
std::vector<workload> caller_workloads();
extern const steps nop_steps, stat_steps, read_4k_steps;

}  // namespace bench
