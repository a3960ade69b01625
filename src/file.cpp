// SPDX-License-Identifier: MIT
// The descriptor that a handle and the requests on it share.
#include <aio/file.hpp>

#include "system_call.hpp"

#include <unistd.h>

#include <new>

namespace aio::detail {

namespace {

void close_unreported(int fd) noexcept {
    errno_guard guard;
    ::close(fd);
}

}  // namespace

descriptor* adopt(int fd) {
    auto* made = new (std::nothrow) descriptor{1U, fd};
    if (made) return made;
    close_unreported(fd);
    throw std::bad_alloc();
}

void release(descriptor* shared) noexcept {
    // Release: what others did with the descriptor happens before it is closed. Acquire: by whoever closes
    // it.
    if (!shared || shared->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    const int fd = shared->fd.load(std::memory_order_relaxed);  // relaxed: nobody else is left
    if (fd >= 0) close_unreported(fd);
    delete shared;
}

}  // namespace aio::detail
