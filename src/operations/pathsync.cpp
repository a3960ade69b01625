// SPDX-License-Identifier: MIT
// pathsync.
#include <aio/composites.hpp>
#include <aio/open_close.hpp>
#include <aio/sync.hpp>

#include "operations.hpp"

#include <fcntl.h>

#include <cerrno>

namespace aio {

namespace {

task<result<>> sync_path(detail::owned_path path) {
    // Non-blocking, for a FIFO would wait for a writer, perhaps for ever; it cannot be synced anyway.
    auto opened = co_await detail::open(path.target(), O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (!opened) co_return std::unexpected(opened.error());
    auto synced = co_await fsync(*opened);
    auto closed = co_await close(std::move(*opened));
    co_return synced ? closed : synced;
}

}  // namespace

task<result<>> pathsync(path_view path) {
    try {
        return sync_path(detail::owned_path(path));
    } catch (const std::bad_alloc&) {
        return {};  // a task without a frame gives ENOMEM
    }
}

}  // namespace aio
