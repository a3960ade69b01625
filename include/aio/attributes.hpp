// SPDX-License-Identifier: MIT
// The values that metadata calls give and take: file_status, file_system_status, file_time, new_owner.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <ctime>
#include <limits>
#include <utility>

namespace aio {

/// What kind of file something is. The numbers are the kernel's DT_… numbers.
enum class file_type : std::uint8_t {
    unknown = 0,  // readdir only: the file system does not say
    fifo = 1,
    character_device = 2,
    directory = 4,
    block_device = 6,
    regular = 8,
    symlink = 10,
    socket = 12,
};

/// What stat and lstat give: statx(2)'s fields. Sizes in bytes, times in UTC.
struct file_status {
    std::uint64_t size = 0;
    std::uint64_t blocks = 0;      // allocated, in units of 512 bytes whatever block_size says
    std::uint64_t inode = 0;       // with `device` it identifies a file
    std::uint64_t device = 0;      // a dev_t
    std::uint64_t rdev = 0;        // the dev_t that a device node stands for
    std::uint64_t mount_id = 0;    // of the mount it was found through; 0 before Linux 5.8
    std::uint64_t attributes = 0;  // STATX_ATTR_… bits
    std::uint32_t mode = 0;        // type and permissions, as st_mode
    std::uint32_t links = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t block_size = 0;  // the preferred size of transfers
    std::uint32_t known = 0;       // STATX_… bits: which fields the file system has
    timespec atime = {};           // last read
    timespec mtime = {};           // content last changed
    timespec ctime = {};           // anything last changed
    timespec btime = {};           // created; see has_btime

    [[nodiscard]] constexpr file_type type() const noexcept {
        return static_cast<file_type>(mode >> 12 & 017);
    }
    /// The permission, set-id and sticky bits.
    [[nodiscard]] constexpr unsigned permissions() const noexcept { return mode & 07777; }
    [[nodiscard]] constexpr bool is_regular() const noexcept { return type() == file_type::regular; }
    [[nodiscard]] constexpr bool is_directory() const noexcept { return type() == file_type::directory; }
    [[nodiscard]] constexpr bool is_symlink() const noexcept { return type() == file_type::symlink; }
    [[nodiscard]] constexpr bool is_fifo() const noexcept { return type() == file_type::fifo; }
    [[nodiscard]] constexpr bool is_socket() const noexcept { return type() == file_type::socket; }
    [[nodiscard]] constexpr bool is_block_device() const noexcept {
        return type() == file_type::block_device;
    }
    [[nodiscard]] constexpr bool is_character_device() const noexcept {
        return type() == file_type::character_device;
    }
    /// Whether the file system knows when the file was created.
    [[nodiscard]] constexpr bool has_btime() const noexcept { return (known & 0x800U) != 0; }

    /// Whether both are of one file.
    [[nodiscard]] friend constexpr bool same_file(const file_status& a, const file_status& b) noexcept {
        return a.inode == b.inode && a.device == b.device;
    }
};
static_assert(sizeof(file_status) <= 144, "a stat request must fit one pooled block with its path");

/// What statvfs gives. Sizes in bytes, `…blocks` in units of `fragment_size`.
struct file_system_status {
    std::uint64_t block_size = 0;     // the preferred size of transfers
    std::uint64_t fragment_size = 0;  // the unit of the block counts
    std::uint64_t blocks = 0;
    std::uint64_t free_blocks = 0;
    std::uint64_t available_blocks = 0;  // free for users who are not root
    std::uint64_t files = 0;             // inodes
    std::uint64_t free_files = 0;
    std::uint64_t available_files = 0;
    std::uint64_t id = 0;
    std::uint64_t flags = 0;  // ST_… bits: read-only, nosuid
    std::uint64_t name_max = 0;
};

/// `aio::now`: the time at which the call is made.
struct now_t {
    explicit constexpr now_t() noexcept = default;
};
inline constexpr now_t now{};

/// `aio::keep`: leave it as it is.
struct keep_t {
    explicit constexpr keep_t() noexcept = default;
};
inline constexpr keep_t keep{};

/// A time as a point of the system clock, exact from 1677 to 2262 and the nearest of these beyond.
[[nodiscard]] constexpr std::chrono::sys_time<std::chrono::nanoseconds> to_sys_time(
    const timespec& time) noexcept {
    constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
    if (time.tv_sec > last) return std::chrono::sys_time<std::chrono::nanoseconds>::max();
    if (time.tv_sec < -last) return std::chrono::sys_time<std::chrono::nanoseconds>::min();
    return std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::seconds(time.tv_sec) +
                                                           std::chrono::nanoseconds(time.tv_nsec));
}

/// A time for utime: `aio::now`, `aio::keep`, a timespec, or a point of the system clock, before 1970 too.
///
/// Errors: a timespec whose nanoseconds are not in 0…999,999,999 makes utime give EINVAL; there are no magic
/// numbers among them.
class file_time {
  public:
    constexpr file_time(now_t) noexcept : time_{0, utime_now} {}
    constexpr file_time(keep_t) noexcept : time_{0, utime_omit} {}
    constexpr file_time(const timespec& time) noexcept
        : time_{time.tv_sec, time.tv_nsec >= 0 && time.tv_nsec < 1'000'000'000 ? time.tv_nsec : -1} {}
    template <class Duration>
    constexpr file_time(const std::chrono::sys_time<Duration>& time) noexcept {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
        time_.tv_sec = seconds.time_since_epoch().count();
        time_.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds).count();
    }

    /// As utimensat(2) takes it.
    [[nodiscard]] constexpr const timespec& raw() const noexcept { return time_; }

  private:
    static constexpr long utime_now = (1L << 30) - 1;  // UTIME_NOW and UTIME_OMIT, without <sys/stat.h>
    static constexpr long utime_omit = (1L << 30) - 2;

    timespec time_ = {};
};

/// A user's or group's number for chown, or `aio::keep`.
///
/// Errors: a number that is no id, -1 among them, makes chown give EINVAL: leaving alone is not a number
/// here.
class new_owner {
  public:
    constexpr new_owner(keep_t) noexcept {}
    template <std::integral Id>
    constexpr new_owner(Id id) noexcept
        : id_(static_cast<std::uint32_t>(id)), valid_(std::in_range<std::uint32_t>(id) && id_ != unchanged) {}

    /// As chown(2) takes it.
    [[nodiscard]] constexpr std::uint32_t raw() const noexcept { return id_; }
    [[nodiscard]] constexpr bool valid() const noexcept { return valid_; }

  private:
    static constexpr std::uint32_t unchanged = 0xffffffff;

    std::uint32_t id_ = unchanged;
    bool valid_ = true;
};

}  // namespace aio
