// SPDX-License-Identifier: MIT
// close. Made once: on Linux an EINTR leaves the descriptor closed, and its number may be somebody else's
// already.
#include <aio/open_close.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <unistd.h>

namespace aio {

namespace detail {

namespace {

result<> close_once(int fd) noexcept {
    auto closed = attempt_once([&] { return ::close(fd); });
    if (failed_with(closed, EINTR)) return {};
    return status(closed);
}

result<> close_call(const call& arguments) {
    return close_once(arguments.at.fd);
}

}  // namespace

result<> closing::operator()() {
    descriptor* shared = open_.take();
    if (!shared) return error(EBADF);
    // Acquire: what the requests that are done did with the descriptor happens before it is closed. Nobody
    // can join when ours is the last reference, since new ones come from the handle.
    if (shared->references.load(std::memory_order_acquire) != 1) {
        release(shared);
        return error(EBUSY);
    }
    const int fd = shared->fd.exchange(-1, std::memory_order_relaxed);
    release(shared);
    if (fd < 0) return error(EBADF);
    return close_once(fd);
}

const row rows::close = {
    .name = "close", .run = run<&close_call>, .errors = errors::closing, .at_stake = stake::effect};

}  // namespace detail

operation<> close(int fd) {
    return {detail::rows::close, detail::on(detail::open_target(fd))};
}

}  // namespace aio
