// SPDX-License-Identifier: MIT
// What a worker does with directories: opening them so that nothing else is opened, and reading them piece by
// piece. Linux's: O_PATH, getdents64, mount ids.
#pragma once

#include "unique_fd.hpp"

#include <aio/attributes.hpp>
#include <aio/result.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace aio::detail {

/// What tells a directory from another that took its name.
struct identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t mount = 0;

    friend auto operator<=>(const identity&, const identity&) = default;
};

[[nodiscard]] inline identity identity_of(const file_status& status) noexcept {
    return {.device = status.device, .inode = status.inode, .mount = status.mount_id};
}

/// A directory as a worker holds it.
struct open_place {
    unique_fd fd;
    file_status status = {};  // when it was opened; with its mount
    bool only_path = false;   // it may not be read

    [[nodiscard]] bool exists() const noexcept { return status.mode != 0; }
    [[nodiscard]] identity who() const noexcept { return identity_of(status); }
};

/// Opens the directory `name` of `base`: one component, no link followed unless `follow`, nothing waited for.
/// One that may not be read is opened as a base for what is below it, if `search_only` allows.
[[nodiscard]] result<open_place> open_place_at(int base, const char* name, bool search_only = false,
                                               bool follow = false) noexcept;

/// statx(2) of a name in a directory itself, or of an open file (an empty name).
[[nodiscard]] result<file_status> status_at(int base, const char* name, bool follow = false) noexcept;

/// The mount that an open file was found through, which before Linux 5.8 its status does not tell, but /proc;
/// without that at least another file system has another.
[[nodiscard]] std::uint64_t mount_of(const file_status& status, int fd) noexcept;
/// The same by /proc alone; 0 if it does not tell.
[[nodiscard]] std::uint64_t mount_by_proc(int fd) noexcept;

/// Whether the directory `fd`, or one above it, is `which`.
[[nodiscard]] bool is_below(int fd, const file_status& which) noexcept;

struct dirent_view {
    std::string_view name;  // a NUL follows
    file_type type;
    std::uint64_t inode;
    std::int64_t next;  // the position behind it
};

/// Tells a directory that gives the same entries again and again from one that is large: an entry that comes
/// a second time, from the same position. Remembers one of them, the next one always twice as far on, so that
/// a circle of any length is found in its third round.
class repetition {
  public:
    /// Whether one of these was there before.
    [[nodiscard]] bool found_in(const std::vector<dirent_view>& entries) noexcept;
    [[nodiscard]] bool has_begun() const noexcept { return seen_ != 0; }

  private:
    std::uint64_t seen_ = 0;
    std::uint64_t mark_at_ = 1;
    std::uint64_t mark_ = 0;  // a hash of that one
};

/// Some of a directory's entries, as the kernel gave them.
class dirents {
  public:
    explicit dirents(std::size_t bytes) : buffer_(new std::byte[bytes]), capacity_(bytes) {}

    /// Reads as many as there is room for, from where `fd` stands. Whether there may be more. What was read
    /// before an error comes first.
    [[nodiscard]] result<bool> read(int fd);
    /// The same for what getdents64 gave already: as much of `bytes` as there is room for.
    void take(std::span<const std::byte> bytes);
    /// What was read, without "." and "..".
    [[nodiscard]] std::vector<dirent_view>& entries() noexcept { return entries_; }
    /// Whether there were names that cannot be, as a hostile file system may give. They are left out.
    [[nodiscard]] bool had_bad_names() const noexcept { return bad_; }

  private:
    void parse(std::size_t size);

    std::unique_ptr<std::byte[]> buffer_;
    std::size_t capacity_;
    std::vector<dirent_view> entries_;
    bool bad_ = false;
};

/// Whether there is nothing in it. False also if that cannot be said.
[[nodiscard]] bool is_empty(const open_place& directory);

}  // namespace aio::detail
