// SPDX-License-Identifier: MIT
// write: one system call.
#include <aio/read_write.hpp>

#include "arguments.hpp"
#include "rows.hpp"
#include "transfer.hpp"

namespace aio {

namespace detail {

namespace {

result<std::size_t> write_call(const call& arguments) {
    return write_once(arguments.at.fd, arguments.data.buffer, arguments.data.size, arguments.data.offset);
}

result<std::size_t> writev_call(const call& arguments) {
    return writev_once(arguments.at.fd, buffers_of(arguments), arguments.data.offset);
}

}  // namespace

const row rows::write = {.name = "write",
                         .run = run<&write_call>,
                         .errors = errors::writing,
                         .ring = &ring_write,
                         .short_counts = short_counts::of_writes,
                         .at_stake = stake::memory};
const row rows::writev = {.name = "writev",
                          .run = run<&writev_call>,
                          .errors = errors::writing,
                          .ring = &ring_writev,
                          .short_counts = short_counts::of_writes,
                          .at_stake = stake::memory};

}  // namespace detail

operation<std::size_t> write(file_view to, std::span<const std::byte> bytes,
                             std::optional<std::int64_t> offset) {
    return {detail::rows::write, detail::moving(to, bytes.data(), bytes.size(), offset)};
}

operation<std::size_t> write(file_view to, std::string_view text, std::optional<std::int64_t> offset) {
    return {detail::rows::write, detail::moving(to, text.data(), text.size(), offset)};
}

operation<std::size_t> write(file_view to, std::span<const iovec> bytes, std::optional<std::int64_t> offset) {
    return {detail::rows::writev, detail::moving(to, bytes, offset)};
}

}  // namespace aio
