// SPDX-License-Identifier: MIT
#include "linux_content.hpp"

#include "linux_directory.hpp"
#include "system_call.hpp"

#include <linux/fs.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace aio::detail {

namespace {

constexpr std::size_t buffer_size = std::size_t(128) << 10;
constexpr std::uint64_t piece = std::uint64_t(4) << 20;   // between two looks whether it is still wanted
constexpr std::uint64_t small = std::uint64_t(64) << 10;  // read and written faster than copied by the kernel
constexpr std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t offset_max = std::numeric_limits<off_t>::max();  // a read beyond is EINVAL

result<off_t> seek(int fd, std::uint64_t offset, int whence) noexcept {
    return attempt([&] { return ::lseek(fd, static_cast<off_t>(offset), whence); });
}

/// Where the next read and the next write are to be.
result<> set_both(int from, int to, std::uint64_t offset) noexcept {
    if (const auto at = seek(from, offset, SEEK_SET); !at) return std::unexpected(at.error());
    const auto at = seek(to, offset, SEEK_SET);
    if (at) return {};
    // No file can be that large there; a write would say so.
    return at.error() == std::errc::invalid_argument ? error(EFBIG) : std::unexpected(at.error());
}

bool can_have_holes(int fd) noexcept {
    const auto status = status_at(fd, "");
    return status && status->is_regular();
}

/// It may have no room for now. A file that says so would say it for ever.
bool is_pipe(int fd) noexcept {
    const auto status = status_at(fd, "");
    return status && status->is_fifo();
}

/// Makes a file as large as that; gives its size.
result<std::uint64_t> cut(int fd, std::uint64_t size) noexcept {
    const auto made = attempt([&] { return ::ftruncate(fd, static_cast<off_t>(size)); });
    if (!made) return std::unexpected(made.error());
    return size;
}

}  // namespace

result<> content_copier::stopped() const noexcept {
    // Relaxed: only the number.
    if (const int cause = stop_.load(std::memory_order_relaxed)) return error(cause);
    return {};
}

result<> content_copier::go_on(std::uint64_t bytes) const {
    if (const result<> wanted = stopped(); !wanted) return wanted;  // nor told of
    if (written_) written_(bytes);
    return stopped();
}

result<std::uint64_t> content_copier::operator()(int from, int to, const file_status& source) {
    std::error_code reason;
    if (source.is_regular() && source.size != 0 && cloned(from, to, source, reason)) return source.size;
    if (reason) return std::unexpected(reason);
    if (!source.is_regular()) return read_and_write(from, to, everything, true);
    const bool may_have_holes = source.blocks * 512 < source.size;
    if (may_have_holes && can_have_holes(to)) return copy_data(from, to, source.size);
    if (source.size <= small) return read_small(from, to, source.size);
    const auto copied = can_copy_range_ ? copy_range(from, to, everything) : result<std::uint64_t>(0);
    if (!copied) return copied;
    // The kernel copies no more than the size that is claimed.
    const auto rest = read_and_write(from, to, everything);
    if (!rest) return rest;
    return *copied + *rest;
}

bool content_copier::cloned(int from, int to, const file_status& source, std::error_code& reason) {
    if (clone_ == reflink::never || !can_clone_) return false;
    const auto made = attempt([&] { return ::ioctl(to, FICLONE, from); });
    if (made) {
        if (written_) written_(source.size);
        return true;
    }
    if (clone_ == reflink::always) reason = made.error();
    // It is the file system that cannot, or not between these two.
    else
        can_clone_ = false;
    return false;
}

/// One stretch of data after the other; what is between them stays a hole. `size`: as it was before.
result<std::uint64_t> content_copier::copy_data(int from, int to, std::uint64_t size) {
    std::uint64_t position = 0;
    for (;;) {
        const auto begin = seek(from, position, SEEK_DATA);
        if (!begin && begin.error() == std::errc::no_such_device_or_address) break;  // a hole up to the end
        const auto end =
            begin ? seek(from, static_cast<std::uint64_t>(*begin), SEEK_HOLE) : result<off_t>(begin);
        // It cannot tell; or a hostile file system leads us back, or nowhere, for ever.
        const bool leads_on = begin && static_cast<std::uint64_t>(*begin) >= position;
        const bool makes_sense = leads_on && end && *end > *begin;
        // Also where only the end makes none: tmpfs rounds that of the largest file up to a negative one.
        if (leads_on) position = static_cast<std::uint64_t>(*begin);
        if (const result<> set = set_both(from, to, position); !set) return std::unexpected(set.error());
        if (!makes_sense) {
            const auto rest = read_and_write(from, to, offset_max - position);
            if (!rest) return rest;
            return cut(to, position + *rest);
        }
        const auto length = static_cast<std::uint64_t>(*end - *begin);
        auto copied =
            can_copy_range_ && length > small ? copy_range(from, to, length) : result<std::uint64_t>(0);
        if (copied && *copied < length) {
            const auto rest = read_and_write(from, to, length - *copied);
            if (!rest) return rest;
            *copied += *rest;
        }
        if (!copied) return copied;
        position = static_cast<std::uint64_t>(*begin) + *copied;
        // It shrank; or its size is a claim, as of files that a system makes up when they are read.
        if (*copied < length) return cut(to, position);
    }
    // It may have shrunk; or grown, and what came may be data that was written since the kernel looked.
    const auto now = status_at(from, "");
    if (!now) return std::unexpected(now.error());
    return cut(to, std::max(position, std::min(now->size, size)));
}

/// 0 if the kernel cannot for these two files.
result<std::uint64_t> content_copier::copy_range(int from, int to, std::uint64_t size) {
    std::uint64_t copied = 0;
    while (copied < size) {
        const auto asked = static_cast<std::size_t>(std::min(piece, size - copied));
        const auto moved = attempt([&] { return ::copy_file_range(from, nullptr, to, nullptr, asked, 0); });
        if (!moved) {
            const int number = moved.error().value();
            if (copied != 0 || number == ENOSPC || number == EIO || number == EDQUOT)
                return std::unexpected(moved.error());
            can_copy_range_ = number == EINVAL || number == EPERM;  // of these two files only
            return 0;
        }
        if (*moved == 0) break;
        copied += static_cast<std::uint64_t>(*moved);
        if (const auto wanted = go_on(static_cast<std::uint64_t>(*moved)); !wanted)
            return std::unexpected(wanted.error());
    }
    return copied;
}

/// With one call less: where a read gives as much as there was, and there was room for more, is the end.
result<std::uint64_t> content_copier::read_small(int from, int to, std::uint64_t size) {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(buffer_size);
    const auto got = attempt([&] { return ::read(from, buffer_.get(), buffer_size); });
    if (!got) return std::unexpected(got.error());
    const auto written = write_whole(to, buffer_.get(), static_cast<std::size_t>(*got));
    if (!written) return std::unexpected(written.error());
    const auto copied = static_cast<std::uint64_t>(*got);
    if (written_) written_(copied);
    if (copied == size) return copied;  // those in /proc claim 0 and have more
    const auto rest = read_and_write(from, to, everything);
    if (!rest) return rest;
    return copied + *rest;
}

result<> content_copier::write_whole(int to, const std::byte* bytes, std::size_t size) const {
    while (size != 0) {
        const auto written = attempt([&] { return ::write(to, bytes, size); });
        if (!written && written.error() == std::errc::resource_unavailable_try_again && is_pipe(to)) {
            if (const result<> ready = await(to, POLLOUT); !ready) return ready;
            continue;
        }
        if (!written) return std::unexpected(written.error());
        if (*written == 0) return error(EIO);  // else it goes on for ever
        bytes += *written;
        size -= static_cast<std::size_t>(*written);
    }
    return {};
}

/// Waits until it can be read, or written, or nobody wants it any more: a pipe may never have anything, nor
/// room.
result<> content_copier::await(int fd, short event) const {
    constexpr int patience = 100;  // ms
    for (;;) {
        if (const result<> wanted = stopped(); !wanted) return wanted;
        pollfd ready = {.fd = fd, .events = event, .revents = 0};
        const auto found = attempt([&] { return ::poll(&ready, 1, patience); });
        if (!found) return std::unexpected(found.error());
        if (*found != 0) return {};
    }
}

result<std::uint64_t> content_copier::read_and_write(int from, int to, std::uint64_t limit, bool may_wait) {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(buffer_size);
    std::uint64_t copied = 0;
    while (copied < limit) {
        const auto asked = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_size, limit - copied));
        if (may_wait)
            if (const result<> ready = await(from, POLLIN); !ready) return std::unexpected(ready.error());
        const auto got = attempt([&] { return ::read(from, buffer_.get(), asked); });
        if (!got && may_wait && got.error() == std::errc::resource_unavailable_try_again) continue;
        if (!got) return std::unexpected(got.error());
        if (*got == 0) break;
        const auto written = write_whole(to, buffer_.get(), static_cast<std::size_t>(*got));
        if (!written) return std::unexpected(written.error());
        copied += static_cast<std::uint64_t>(*got);
        if (const auto wanted = go_on(static_cast<std::uint64_t>(*got)); !wanted)
            return std::unexpected(wanted.error());
    }
    return copied;
}

}  // namespace aio::detail
