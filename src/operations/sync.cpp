// SPDX-License-Identifier: MIT
// sync, fsync, fdatasync.
#include <aio/sync.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <unistd.h>

namespace aio {

namespace detail {

namespace {

result<> sync_call(const call&) {
    ::sync();
    return {};
}

result<> fsync_call(const call& arguments) {
    return status(attempt([&] { return ::fsync(arguments.at.fd); }));
}

result<> fdatasync_call(const call& arguments) {
    return status(attempt([&] { return ::fdatasync(arguments.at.fd); }));
}

}  // namespace

const row rows::sync = {.name = "sync", .run = run<&sync_call>, .errors = errors::none};
// The kernel reports an error once: giving the call up would lose it.
constexpr ring_form ring_fsync = {.operation = ring_operation::fsync, .errors_are_final = true};
constexpr ring_form ring_fdatasync = {.operation = ring_operation::fdatasync, .errors_are_final = true};
const row rows::fsync = {.name = "fsync",
                         .run = run<&fsync_call>,
                         .errors = errors::flushing,
                         .ring = &ring_fsync,
                         .at_stake = stake::effect};
const row rows::fdatasync = {.name = "fdatasync",
                             .run = run<&fdatasync_call>,
                             .errors = errors::flushing,
                             .ring = &ring_fdatasync,
                             .at_stake = stake::effect};

}  // namespace detail

operation<> sync() {
    return {detail::rows::sync, detail::call()};
}

operation<> fsync(file_view of) {
    return {detail::rows::fsync, detail::on(of.target())};
}

operation<> fdatasync(file_view of) {
    return {detail::rows::fdatasync, detail::on(of.target())};
}

}  // namespace aio
