// SPDX-License-Identifier: MIT
// What operations act on: path_view, file_view, and target (either of the two).
#pragma once

#include <aio/export.hpp>
#include <aio/file.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio {

namespace detail {

inline constexpr int at_cwd = -100;  // AT_FDCWD, without <fcntl.h>

/// What one operand of a system call is: a path relative to a descriptor, or a descriptor itself.
struct target {
    const char* path = nullptr;    // null: the descriptor itself is meant
    descriptor* keep = nullptr;    // held by a started request, borrowed before
    int fd = at_cwd;               // base of a relative path, or the descriptor
    std::uint16_t size = 0;        // of the path, in bytes
    std::uint16_t error : 15 = 0;  // errno of an operand that cannot be: NUL inside, too long, none
    std::uint16_t terminated : 1 = false;
};

AIO_EXPORT target path_target(std::string_view path, bool terminated) noexcept;
AIO_EXPORT target path_target(const char* path) noexcept;
AIO_EXPORT target relative(const handle& base, target path) noexcept;
AIO_EXPORT target open_target(const handle& open) noexcept;
AIO_EXPORT target open_target(int fd) noexcept;

template <class Path>
concept filesystem_path = requires(const Path& path) {
    { path.native() } -> std::same_as<const std::string&>;
};

}  // namespace detail

/// A borrowed path, absolute or relative to the working directory at execution, or relative to a directory
/// handle. Made implicitly from strings, `std::filesystem::path` and `{directory, path}`.
///
/// Lifetime: borrows the string until the operation is started (`submit` copies it) or awaited.
/// Errors: a NUL inside gives EINVAL, 4096 bytes or more ENAMETOOLONG, an empty path ENOENT, as results.
class path_view {
  public:
    path_view(const char* path AIO_LIFETIMEBOUND) noexcept : target_(detail::path_target(path)) {}
    path_view(const std::string& path AIO_LIFETIMEBOUND) noexcept
        : target_(detail::path_target(path, true)) {}
    path_view(std::string_view path AIO_LIFETIMEBOUND) noexcept : target_(detail::path_target(path, false)) {}
    template <detail::filesystem_path Path>
    path_view(const Path& path AIO_LIFETIMEBOUND) noexcept : path_view(path.native()) {}

    /// `path` below `base`; an absolute path ignores the base.
    path_view(const directory& base AIO_LIFETIMEBOUND, path_view path) noexcept
        : target_(detail::relative(base, path.target_)) {}
    /// The directory itself: `{base, "."}`.
    path_view(const directory& base AIO_LIFETIMEBOUND) noexcept : path_view(base, ".") {}

    [[nodiscard]] const detail::target& target() const noexcept { return target_; }

  private:
    detail::target target_;
};

/// A borrowed open file: a file, a directory, or a plain descriptor.
///
/// Lifetime: a started request keeps a `file` or `directory` open; an `int` is the caller's to keep open.
class file_view {
  public:
    file_view(int fd) noexcept : target_(detail::open_target(fd)) {}
    file_view(const file& open AIO_LIFETIMEBOUND) noexcept : target_(detail::open_target(open)) {}
    file_view(const directory& open AIO_LIFETIMEBOUND) noexcept : target_(detail::open_target(open)) {}

    [[nodiscard]] const detail::target& target() const noexcept { return target_; }

  private:
    detail::target target_;
};

/// A path or an open file, for the calls that exist in both forms (stat and fstat, …).
class target {
  public:
    template <class Path>
        requires std::convertible_to<const Path&, path_view> && (!std::convertible_to<const Path&, file_view>)
    target(const Path& path AIO_LIFETIMEBOUND) noexcept : target_(path_view(path).target()) {}
    template <class File>
        requires std::convertible_to<const File&, file_view>
    target(const File& open AIO_LIFETIMEBOUND) noexcept : target_(file_view(open).target()) {}
    target(const directory& base AIO_LIFETIMEBOUND, path_view path) noexcept
        : target_(path_view(base, path).target()) {}

    [[nodiscard]] const detail::target& view() const noexcept { return target_; }

  private:
    detail::target target_;
};

}  // namespace aio
