// SPDX-License-Identifier: MIT
#include "simulated_faults.hpp"

#include "system_call.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace aio::detail {

namespace {

/// Where short counts happen and cost nothing: not where a message would lose its end, nor where O_DIRECT
/// wants whole blocks.
bool splits(int fd, bool pipe_too) noexcept {
    struct stat status;
    if (!attempt([&] { return ::fstat(fd, &status); })) return false;
    if (pipe_too && S_ISFIFO(status.st_mode)) return true;
    auto flags = attempt([&] { return ::fcntl(fd, F_GETFL); });
    return S_ISREG(status.st_mode) && flags && !(*flags & O_DIRECT);
}

}  // namespace

bool shorten(const row& operation, call& arguments, random_source& dice) noexcept {
    if (operation.short_counts == short_counts::none || arguments.data.size < 2) return false;
    if (!splits(arguments.at.fd, operation.short_counts == short_counts::of_reads)) return false;
    arguments.data.size = 1 + dice.below(arguments.data.size - 1);  // of bytes, or of buffers
    return true;
}

}  // namespace aio::detail
