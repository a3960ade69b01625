// SPDX-License-Identifier: MIT
// The system calls that move bytes.
#include "transfer.hpp"

#include <unistd.h>

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

result<std::size_t> writev_once(int fd, std::span<const iovec> buffers, std::int64_t offset) noexcept {
    const int n = used(buffers);
    return count(attempt([&] {
        return offset == file_position ? ::writev(fd, buffers.data(), n)
                                       : ::pwritev(fd, buffers.data(), n, offset);
    }));
}

}  // namespace aio::detail
