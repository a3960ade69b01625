// SPDX-License-Identifier: MIT
// read: one system call, into the caller's buffers or one of the library's own.
#include <aio/read_write.hpp>

#include "arguments.hpp"
#include "rows.hpp"
#include "transfer.hpp"

#include <algorithm>

namespace aio {

namespace detail {

namespace {

result<std::size_t> read_call(const call& arguments) {
    return read_once(arguments.at.fd, arguments.data.buffer, arguments.data.size, arguments.data.offset);
}

result<std::size_t> readv_call(const call& arguments) {
    return readv_once(arguments.at.fd, buffers_of(arguments), arguments.data.offset);
}

result<std::string> read_owned_call(const call& arguments) {
    return read_string(std::min(arguments.data.size, transfer_max), [&](void* buffer, std::size_t size) {
        return read_once(arguments.at.fd, buffer, size, arguments.data.offset);
    });
}

}  // namespace

result<std::size_t> read_now(const call& arguments) {
    return read_cached(arguments.at.fd, arguments.data.buffer, arguments.data.size, arguments.data.offset);
}

result<std::string> read_owned_now(const call& arguments) {
    return read_string(arguments.data.size, [&](void* buffer, std::size_t size) {
        return read_cached(arguments.at.fd, buffer, size, arguments.data.offset);
    });
}

const row rows::read = {.name = "read",
                        .run = run<&read_call>,
                        .errors = errors::reading,
                        .try_now = run<&read_now>,
                        .ring = &ring_read,
                        .short_counts = short_counts::of_reads,
                        .at_stake = stake::memory,
                        .why = from_cache};
const row rows::readv = {.name = "readv",
                         .run = run<&readv_call>,
                         .errors = errors::reading,
                         .ring = &ring_readv,
                         .short_counts = short_counts::of_reads,
                         .at_stake = stake::memory};
const row rows::pread_owned = {.name = "pread_owned",
                               .run = run<&read_owned_call>,
                               .errors = errors::reading,
                               .try_now = run<&read_owned_now>,
                               .ring = &ring_read_owned,
                               .short_counts = short_counts::of_reads,
                               .why = from_cache};
// What is read of a pipe or socket, or passed by the position, is lost to others if nobody receives it.
const row rows::read_owned = {.name = "read_owned",
                              .run = run<&read_owned_call>,
                              .errors = errors::reading,
                              .short_counts = short_counts::of_reads,
                              .at_stake = stake::effect};

}  // namespace detail

operation<std::size_t> read(file_view from, std::span<std::byte> into, std::optional<std::int64_t> offset) {
    return {detail::rows::read, detail::moving(from, into.data(), into.size(), offset)};
}

operation<std::string> read(file_view from, std::size_t size, std::optional<std::int64_t> offset) {
    return {offset ? detail::rows::pread_owned : detail::rows::read_owned,
            detail::moving(from, nullptr, size, offset)};
}

operation<std::size_t> read(file_view from, std::span<const iovec> into, std::optional<std::int64_t> offset) {
    return {detail::rows::readv, detail::moving(from, into, offset)};
}

}  // namespace aio
