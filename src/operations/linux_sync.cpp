// SPDX-License-Identifier: MIT
// syncfs, sync_file_range. Linux's.
#include <aio/sync.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace aio {

namespace detail {

namespace {

result<> syncfs_call(const call& arguments) {
    return status(attempt([&] { return ::syncfs(arguments.at.fd); }));
}

result<> sync_file_range_call(const call& arguments) {
    const auto length = static_cast<off_t>(arguments.data.size);
    auto made = attempt(
        [&] { return ::sync_file_range(arguments.at.fd, arguments.data.offset, length, arguments.mode); });
    if (!failed_with(made, ENOSYS)) return status(made);
    return status(attempt([&] { return ::fdatasync(arguments.at.fd); }));
}

}  // namespace

const row rows::syncfs = {
    .name = "syncfs", .run = run<&syncfs_call>, .errors = errors::flushing, .at_stake = stake::effect};
constexpr ring_form ring_sync_file_range = {.operation = ring_operation::sync_file_range,
                                            .errors_are_final = true};
const row rows::sync_file_range = {.name = "sync_file_range",
                                   .run = run<&sync_file_range_call>,
                                   .errors = errors::flushing,
                                   .ring = &ring_sync_file_range,
                                   .at_stake = stake::effect};

}  // namespace detail

operation<> syncfs(file_view on) {
    return {detail::rows::syncfs, detail::on(on.target())};
}

operation<> sync_file_range(file_view of, std::int64_t offset, std::int64_t length, unsigned flags) {
    auto arguments = detail::on(of.target());
    arguments.mode = flags;
    arguments.data.size = static_cast<std::size_t>(length);
    detail::set_offset(arguments, offset);
    detail::require(arguments, length >= 0);
    return {detail::rows::sync_file_range, arguments};
}

}  // namespace aio
