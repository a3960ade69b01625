// SPDX-License-Identifier: MIT
#include "call.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>

namespace bench {

namespace {

long or_error(long result) noexcept {
    return result < 0 ? -errno : result;
}

long size_of(const char* path) noexcept {
    // What aio::stat asks for.
    struct ::statx found = {};
    if (::statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &found) != 0)
        return -errno;
    return static_cast<long>(found.stx_size);
}

}  // namespace

long make(const call& wanted) noexcept {
    switch (wanted.what) {
        case kind::nop:
            return 0;
        case kind::wait:
            std::this_thread::sleep_for(waiting_time);
            return 0;
        case kind::stat:
            return size_of(wanted.path);
        case kind::open:
            return or_error(::open(wanted.path, wanted.flags | O_CLOEXEC, 0666));
        case kind::read:
            return or_error(::pread(wanted.fd, wanted.buffer, wanted.size, wanted.offset));
        case kind::write:
            return or_error(::pwrite(wanted.fd, wanted.buffer, wanted.size, wanted.offset));
        case kind::fsync:
            return or_error(::fsync(wanted.fd));
        case kind::close:
            return or_error(::close(wanted.fd));
        case kind::rename:
            return or_error(::rename(wanted.path, wanted.to));
    }
    return -EINVAL;
}

}  // namespace bench
