// SPDX-License-Identifier: MIT
#include "durable.hpp"

#include "system_call.hpp"
#include "unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace aio::detail {

result<> sync_file(int fd) {
    const auto synced = attempt([&] { return ::fsync(fd); });
    if (!synced) return std::unexpected(synced.error());
    return {};
}

result<> sync_directory(int base) {
    const auto fd = attempt([&] { return ::openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (!fd) return std::unexpected(fd.error());
    const unique_fd opened(*fd);
    return sync_file(*fd);
}

}  // namespace aio::detail
