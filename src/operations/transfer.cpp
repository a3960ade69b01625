// SPDX-License-Identifier: MIT
// The system calls that move bytes.
#include "transfer.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>

namespace aio::detail {

result<std::size_t> read_once(int fd, void* buffer, std::size_t size, std::int64_t offset) noexcept {
    return count(attempt([&] {
        return offset == file_position ? ::read(fd, buffer, size) : ::pread(fd, buffer, size, offset);
    }));
}

result<std::size_t> write_once(int fd, const void* buffer, std::size_t size, std::int64_t offset) noexcept {
    return count(attempt([&] {
        return offset == file_position ? ::write(fd, buffer, size) : ::pwrite(fd, buffer, size, offset);
    }));
}

namespace {

/// The kernel refuses more than IOV_MAX buffers; a short transfer is always right.
int used(std::span<const iovec> buffers) noexcept {
    return static_cast<int>(buffers.size() < IOV_MAX ? buffers.size() : IOV_MAX);
}

}  // namespace

result<std::size_t> readv_once(int fd, std::span<const iovec> buffers, std::int64_t offset) noexcept {
    const int n = used(buffers);
    return count(attempt([&] {
        return offset == file_position ? ::readv(fd, buffers.data(), n)
                                       : ::preadv(fd, buffers.data(), n, offset);
    }));
}

bool nowait_is_sound() noexcept {
    // RWF_NOWAIT gave wrong data on 5.9 and 5.10 for some file systems.
    static const bool sound = [] {
        utsname system = {};
        int major = 0;
        int minor = 0;
        if (::uname(&system) || std::sscanf(system.release, "%d.%d", &major, &minor) != 2) return false;
        return major > 5 || (major == 5 && minor > 10);
    }();
    return sound;
}

result<std::size_t> read_cached(int fd, void* buffer, std::size_t size, std::int64_t offset) noexcept {
    if (!nowait_is_sound() || offset == file_position) return error(EINVAL);
    if (size == 0) return error(EINVAL);  // preadv2 gives 0 at once, also where pread finds something wrong
    errno_guard guard;
    auto read_now = [&](void* into, std::size_t bytes, std::int64_t at) {
        const iovec one = {into, bytes};
        return ::preadv2(fd, &one, 1, at, RWF_NOWAIT);
    };
    const ssize_t moved = read_now(buffer, size, offset);
    if (moved < 0) return error(errno);
    const auto got = static_cast<std::size_t>(moved);
    std::byte behind{};
    // Short: is that the end of the file, or the end of what is in memory?
    if (got != 0 && got != size && read_now(&behind, 1, offset + moved) != 0) return error(EAGAIN);
    return got;
}

result<std::size_t> writev_once(int fd, std::span<const iovec> buffers, std::int64_t offset) noexcept {
    const int n = used(buffers);
    return count(attempt([&] {
        return offset == file_position ? ::writev(fd, buffers.data(), n)
                                       : ::pwritev(fd, buffers.data(), n, offset);
    }));
}

}  // namespace aio::detail
