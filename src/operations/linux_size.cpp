// SPDX-License-Identifier: MIT
// truncate, fallocate. The latter is Linux's.
#include <aio/read_write.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace aio {

namespace detail {

namespace {

/// There is no truncateat(2): the file is opened, in a way that never waits for a FIFO's other end.
result<> truncate_below(const target& at, std::int64_t length) {
    auto opened = open_path(at, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    if (failed_with(opened, ENXIO)) return error(EINVAL);  // a FIFO or socket: what truncate(2) says of it
    if (!opened) return status(opened);
    scoped_fd fd(*opened);
    return status(attempt([&] { return ::ftruncate(fd.get(), length); }));
}

result<> truncate_call(const call& arguments) {
    const std::int64_t length = arguments.data.offset;
    const target& at = arguments.at;
    if (is_open_file(at)) return status(attempt([&] { return ::ftruncate(at.fd, length); }));
    if (at.fd != at_cwd) return truncate_below(at, length);
    return status(attempt([&] { return ::truncate(c_path(at), length); }));
}

result<> fallocate_call(const call& arguments) {
    const auto length = static_cast<off_t>(arguments.data.size);
    return status(attempt(
        [&] { return ::fallocate(arguments.at.fd, arguments.flags, arguments.data.offset, length); }));
}

}  // namespace

const row rows::truncate = {
    .name = "truncate", .run = run<&truncate_call>, .errors = errors::resizing, .at_stake = stake::effect};
// Once: to insert or collapse a range again after half of it was done would do more harm than to say so.
constexpr ring_form ring_fallocate = {.operation = ring_operation::fallocate, .errors_are_final = true};
const row rows::fallocate = {.name = "fallocate",
                             .run = run<&fallocate_call>,
                             .errors = errors::resizing,
                             .ring = &ring_fallocate,
                             .at_stake = stake::effect};

}  // namespace detail

operation<> truncate(target what, std::int64_t length) {
    auto arguments = detail::on(what.view());
    detail::set_offset(arguments, length);
    return {detail::rows::truncate, arguments};
}

operation<> fallocate(file_view of, int mode, std::int64_t offset, std::int64_t length) {
    auto arguments = detail::on(of.target());
    arguments.flags = mode;
    arguments.data.size = static_cast<std::size_t>(length);
    detail::set_offset(arguments, offset);
    detail::require(arguments, length > 0);
    return {detail::rows::fallocate, arguments};
}

}  // namespace aio
