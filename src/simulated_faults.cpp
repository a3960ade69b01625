// SPDX-License-Identifier: MIT
#include "simulated_faults.hpp"

#include "operations/rows.hpp"
#include "system_call.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace aio::detail {

namespace {

constexpr int opening[] = {EMFILE, ENFILE, ENOMEM, EIO};
constexpr int making[] = {EMFILE, ENFILE, ENOSPC, EDQUOT, EROFS, EIO};
constexpr int listing[] = {EMFILE, ENFILE, ENOMEM, EIO};
constexpr int looking_up[] = {ENOMEM, EIO};
constexpr int adding[] = {ENOSPC, EDQUOT, EROFS, ENOMEM, EIO};
constexpr int removing[] = {EBUSY, EROFS, ENOMEM, EIO};
constexpr int changing[] = {EPERM, EROFS, ENOMEM, EIO};
constexpr int reading[] = {EIO};
constexpr int reading_owned[] = {ENOMEM, EIO};
constexpr int writing[] = {ENOSPC, EDQUOT, EIO};

/// EINTR is nowhere: it never reaches those who call an operation's function (system_call.hpp).
constexpr struct {
    const row* operation;
    std::span<const int> errors;
} plausible[] = {
    {&rows::access, looking_up},
    {&rows::chmod, changing},
    {&rows::chown, changing},
    {&rows::close, writing},  // of earlier writes
    {&rows::fallocate, writing},
    {&rows::fdatasync, writing},
    {&rows::fsync, writing},
    {&rows::lchown, changing},
    {&rows::link, adding},
    {&rows::lstat, looking_up},
    {&rows::lutime, changing},
    {&rows::make_directories, adding},
    {&rows::mkdir, adding},
    {&rows::mkdtemp, making},
    {&rows::mknod, adding},
    {&rows::mkstemp, making},
    {&rows::open, opening},
    {&rows::open_creating, opening},
    {&rows::open_directory, opening},
    {&rows::pread_exactly_owned, reading_owned},
    {&rows::pread_owned, reading_owned},
    {&rows::read, reading},
    {&rows::read_exactly, reading},
    {&rows::read_exactly_owned, reading_owned},
    {&rows::read_owned, reading_owned},
    {&rows::readahead, reading},
    {&rows::readdir, listing},
    {&rows::readlink, looking_up},
    {&rows::readv, reading},
    {&rows::readv_exactly, reading},
    {&rows::realpath, looking_up},
    {&rows::rename, adding},
    {&rows::rmdir, removing},
    {&rows::sendfile, writing},
    {&rows::stat, looking_up},
    {&rows::statvfs, looking_up},
    {&rows::symlink, adding},
    {&rows::sync_file_range, writing},
    {&rows::syncfs, writing},
    {&rows::truncate, writing},
    {&rows::unlink, removing},
    {&rows::utime, changing},
    {&rows::write, writing},
    {&rows::write_all, writing},
    {&rows::writev, writing},
    {&rows::writev_all, writing},
};

bool is_one_of(const row& operation, std::initializer_list<const row*> some) noexcept {
    for (const row* each : some)
        if (each == &operation) return true;
    return false;
}

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

std::span<const int> plausible_errors(const row& operation) noexcept {
    for (const auto& each : plausible)
        if (each.operation == &operation) return each.errors;
    return {};
}

bool shorten(const row& operation, call& arguments, random_source& dice) noexcept {
    // Of bytes, or of buffers.
    const bool reads =
        is_one_of(operation, {&rows::pread_owned, &rows::read, &rows::read_owned, &rows::readv});
    if (!reads && !is_one_of(operation, {&rows::write, &rows::writev, &rows::sendfile})) return false;
    if (arguments.data.size < 2 || !splits(arguments.at.fd, reads)) return false;
    arguments.data.size = 1 + dice.below(arguments.data.size - 1);
    return true;
}

}  // namespace aio::detail
