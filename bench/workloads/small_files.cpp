// SPDX-License-Identifier: MIT
// What programs do with small files: read them whole, replace them safely.
#include "../files.hpp"
#include "../workload.hpp"

#include <fcntl.h>

namespace bench {

namespace {

constexpr kind reading[] = {kind::open, kind::read, kind::close};
constexpr kind saving[] = {kind::open, kind::write, kind::fsync, kind::close, kind::rename};
constexpr std::size_t size = 4096;

void prepare_read(lane& of, const files& in) {
    of.call.what = reading[of.step];
    of.call.fd = of.fd;
    of.call.path = in.small(of.operation);
    of.call.flags = O_RDONLY;
    of.call.size = size;
    of.call.offset = 0;
}

void prepare_save(lane& of, const files& in) {
    of.call.what = saving[of.step];
    of.call.fd = of.fd;
    of.call.path = in.unfinished(of.index);
    of.call.to = in.saved(of.index);
    of.call.flags = O_WRONLY | O_CREAT | O_TRUNC;
    of.call.size = size;
    of.call.offset = 0;
}

std::uint64_t bytes_moved(const lane& of, long result) {
    const bool moves = of.call.what == kind::read || of.call.what == kind::write;
    return moves ? static_cast<std::uint64_t>(result) : 0;
}

constexpr steps read_steps = {
    .calls = 3,
    .kinds = reading,
    .prepare = prepare_read,
    .value = bytes_moved,
    .expected = [](std::uint64_t operation, const files& in) -> std::uint64_t {
        return in.small_size(operation);
    },
};
constexpr steps save_steps = {
    .calls = 5,
    .kinds = saving,
    .prepare = prepare_save,
    .value = bytes_moved,
    .expected = [](std::uint64_t, const files&) -> std::uint64_t { return size; },
};

}  // namespace

std::vector<workload> small_file_workloads() {
    return {{.name = "open_read_close",
             .summary = "small cached files opened, read whole and closed",
             .steps = &read_steps,
             .in_flight = {1, 64},
             .buffer = size},
            {.name = "create_write_fsync_rename",
             .summary = "4 KiB saved safely: create, write, fsync, close, rename over the old file",
             .steps = &save_steps,
             .in_flight = {1, 32},
             .buffer = size,
             .threads = 32}};
}

}  // namespace bench
