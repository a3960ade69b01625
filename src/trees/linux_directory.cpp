// SPDX-License-Identifier: MIT
#include "linux_directory.hpp"

#include "operations/status.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

namespace aio::detail {

result<file_status> status_at(int base, const char* name, bool follow) noexcept {
    return status_of(base, name, *name == '\0' ? AT_EMPTY_PATH : follow ? 0 : AT_SYMLINK_NOFOLLOW);
}

result<open_place> open_place_at(int base, const char* name, bool search_only, bool follow) noexcept {
    const int flags = O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW);
    auto fd = attempt([&] { return ::openat(base, name, O_RDONLY | flags); });
    const bool only_path = !fd && search_only && fd.error() == std::errc::permission_denied;
    if (only_path) fd = attempt([&] { return ::openat(base, name, O_PATH | flags); });
    if (!fd) return std::unexpected(fd.error());
    unique_fd opened(*fd);
    auto status = status_at(*fd, "");
    if (!status) return std::unexpected(status.error());
    status->mount_id = mount_of(*status, *fd);
    return open_place{.fd = std::move(opened), .status = *status, .only_path = only_path};
}

std::uint64_t mount_of(const file_status& status, int fd) noexcept {
    if (status.mount_id) return status.mount_id;
    const std::uint64_t told = mount_by_proc(fd);
    return told ? told : status.device;
}

std::uint64_t mount_by_proc(int fd) noexcept {
    std::array<char, 64> path = {};
    std::snprintf(path.data(), path.size(), "/proc/self/fdinfo/%d", fd);
    const auto opened = attempt([&] { return ::open(path.data(), O_RDONLY | O_CLOEXEC); });
    if (!opened) return 0;
    const unique_fd info(*opened);
    std::array<char, 512> text = {};  // it begins with the position, the flags and the mount
    const auto size = attempt([&] { return ::read(info.get(), text.data(), text.size() - 1); });
    const char* found = size ? std::strstr(text.data(), "mnt_id:") : nullptr;
    return found ? std::strtoull(found + std::strlen("mnt_id:"), nullptr, 10) : 0;
}

bool is_below(int fd, const file_status& which) noexcept {
    unique_fd above;
    file_status last;
    for (int at = fd;;) {
        const auto status = status_at(at, "");
        if (!status || same_file(*status, last)) return false;  // "/" is above itself
        if (same_file(*status, which)) return true;
        last = *status;
        const auto next = attempt([&] { return ::openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC); });
        if (!next) return false;
        above.reset(*next);
        at = *next;
    }
}

result<bool> dirents::read(int fd) {
    constexpr std::size_t largest = sizeof(dirent64);  // less room than this may not do for one entry
    entries_.clear();
    bad_ = false;
    std::size_t size = 0;
    bool more = true;
    while (more && capacity_ - size >= largest) {
        auto got = attempt([&] { return ::getdents64(fd, buffer_.get() + size, capacity_ - size); });
        // ENOENT: it was removed, and has no names any more.
        more = got ? *got != 0 : got.error() != std::errc::no_such_file_or_directory;
        if (more && !got && size == 0) return std::unexpected(got.error());
        // It will come again; or a name of a file system that has longer ones did not fit.
        if (more && !got) break;
        if (more) size += static_cast<std::size_t>(*got);
    }
    parse(size);
    return more;
}

void dirents::take(std::span<const std::byte> bytes) {
    entries_.clear();
    bad_ = false;
    const std::size_t size = std::min(bytes.size(), capacity_);
    std::copy_n(bytes.begin(), size, buffer_.get());
    parse(size);
}

void dirents::parse(std::size_t size) {
    constexpr std::size_t name_offset = offsetof(dirent64, d_name);
    std::size_t length = 0;
    for (std::size_t position = 0; position + name_offset < size; position += length) {
        const std::byte* at = buffer_.get() + position;
        std::uint16_t record = 0;
        std::memcpy(&record, at + offsetof(dirent64, d_reclen), sizeof record);
        length = record;
        if (length <= name_offset || length > size - position) {
            bad_ = true;
            return;
        }
        const char* text = reinterpret_cast<const char*>(at) + name_offset;
        const std::string_view name(text, ::strnlen(text, length - name_offset));
        if (name == "." || name == "..") continue;
        if (name.empty() || name.size() == length - name_offset || name.contains('/')) {
            bad_ = true;
            continue;
        }
        dirent_view entry{.name = name,
                          .type = to_file_type(std::to_integer<unsigned>(at[offsetof(dirent64, d_type)])),
                          .inode = 0,
                          .next = 0};
        std::memcpy(&entry.inode, at + offsetof(dirent64, d_ino), sizeof entry.inode);
        std::memcpy(&entry.next, at + offsetof(dirent64, d_off), sizeof entry.next);
        entries_.push_back(entry);
    }
}

bool repetition::found_in(const std::vector<dirent_view>& entries) noexcept {
    for (const dirent_view& each : entries) {
        constexpr std::uint64_t spread = 0x9e3779b97f4a7c15;
        const std::uint64_t position = static_cast<std::uint64_t>(each.next) * spread;
        const std::uint64_t hash = std::hash<std::string_view>()(each.name) + position;
        if (seen_ != 0 && hash == mark_) return true;
        if (++seen_ != mark_at_) continue;
        mark_ = hash;
        mark_at_ *= 2;
    }
    return false;
}

bool is_empty(const open_place& directory) {
    if (directory.only_path) return false;
    dirents some(std::size_t(4) << 10);
    const auto has_more = some.read(directory.fd.get());
    const auto rewound = attempt([&] { return ::lseek(directory.fd.get(), 0, SEEK_SET); });
    return has_more && rewound && !*has_more && some.entries().empty();
}

}  // namespace aio::detail
