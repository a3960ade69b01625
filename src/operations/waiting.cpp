// SPDX-License-Identifier: MIT
// nop, busy.
#include <aio/waiting.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <algorithm>
#include <ctime>

namespace aio {

namespace detail {

namespace {

constexpr std::int64_t second = 1'000'000'000;

result<> nop_call(const call&) {
    return {};
}

result<> busy_call(const call& arguments) {
    const std::int64_t time = arguments.data.offset;
    if (time == 0) return {};
    timespec until = {};
    ::clock_gettime(CLOCK_MONOTONIC, &until);
    const std::int64_t nanoseconds = until.tv_nsec + time % second;
    until.tv_sec += time / second + nanoseconds / second;
    until.tv_nsec = nanoseconds % second;
    // To a point in time, so that signals do not make it longer. Gives the error instead of setting errno.
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR)
        continue;
    return {};
}

}  // namespace

const row rows::nop = {.name = "nop",
                       .run = run<&nop_call>,
                       .errors = errors::none,
                       .route = default_route::at_once,
                       .why = "makes no system call"};
const row rows::busy = {
    .name = "busy", .run = run<&busy_call>, .errors = errors::none, .why = "is there to keep a thread busy"};

}  // namespace detail

operation<> nop() {
    return {detail::rows::nop, detail::call()};
}

operation<> busy(std::chrono::nanoseconds time) {
    detail::call arguments;
    arguments.data.offset = std::max<std::int64_t>(time.count(), 0);
    return {detail::rows::busy, arguments};
}

}  // namespace aio
