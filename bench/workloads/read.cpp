// SPDX-License-Identifier: MIT
// Reads at scattered offsets of one big file.
#include "../files.hpp"
#include "../workload.hpp"

#include <cstring>

namespace bench {

namespace {

constexpr kind kinds[] = {kind::read};

template <std::size_t size, bool direct>
void prepare(lane& of, const files& in) {
    of.call.what = kind::read;
    of.call.fd = direct ? in.direct() : in.big();
    of.call.size = size;
    of.call.offset = in.offset(of.operation, size);
}

// A block of the big file begins with a number of its own.
std::uint64_t value(const lane& of, long result) {
    std::uint64_t first = 0;
    if (result == static_cast<long>(of.call.size)) std::memcpy(&first, of.call.buffer, sizeof first);
    return first;
}

template <std::size_t size>
std::uint64_t expected(std::uint64_t operation, const files& in) {
    return files::content(static_cast<std::uint64_t>(in.offset(operation, size)));
}

template <std::size_t size, bool direct = false>
constexpr steps reads = {
    .calls = 1, .kinds = kinds, .prepare = prepare<size, direct>, .value = value, .expected = expected<size>};

constexpr std::size_t small = 4096;
constexpr std::size_t large = 65536;

}  // namespace

const steps read_4k_steps = reads<small>;

std::vector<workload> read_workloads() {
    return {{.name = "read_4k",
             .summary = "4 KiB from the page cache",
             .steps = &reads<small>,
             .in_flight = {1, 64},
             .quick = {1, 64},
             .buffer = small},
            {.name = "read_4k_direct",
             .summary = "4 KiB with O_DIRECT",
             .steps = &reads<small, true>,
             .in_flight = {1, 4, 32, 64, 256},
             .quick = {32},
             .buffer = small,
             .threads = 32,
             .direct = true},
            {.name = "read_64k",
             .summary = "64 KiB from the page cache",
             .steps = &reads<large>,
             .in_flight = {1, 64},
             .buffer = large},
            {.name = "read_cold",
             .summary = "4 KiB that the page cache does not have",
             .steps = &reads<small>,
             .in_flight = {1, 32},
             .buffer = small,
             .threads = 32,
             .cold = true,
             .most = files::big_size / small}};
}

}  // namespace bench
