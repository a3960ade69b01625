// SPDX-License-Identifier: MIT
// How operations are made of their arguments, and what their functions get back from a system call.
#pragma once

#include "row.hpp"
#include "system_call.hpp"

#include <sys/types.h>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <optional>

namespace aio::detail {

static_assert(sizeof(off_t) == 8, "compile with -D_FILE_OFFSET_BITS=64");

[[nodiscard]] inline call on(const target& at) noexcept {
    call arguments;
    arguments.at = at;
    return arguments;
}

[[nodiscard]] inline call on(const target& at, const target& to) noexcept {
    call arguments = on(at);
    arguments.to = to;
    return arguments;
}

/// Makes a request fail with `number` before it is queued, unless it does already.
inline void refuse(call& arguments, int number) noexcept {
    if (!arguments.at.error) arguments.at.error = static_cast<unsigned>(number) & 0x7fffU;
}

inline void require(call& arguments, bool condition) noexcept {
    if (!condition) refuse(arguments, EINVAL);
}

/// Sets the offset to work at: none given means the file's position, and a negative one is refused.
inline void set_offset(call& arguments, std::optional<std::int64_t> offset) noexcept {
    arguments.data.offset = offset.value_or(file_position);
    require(arguments, !offset || *offset >= 0);
}

/// The path as the kernel wants it. The engine's copy in the request is always terminated.
[[nodiscard]] inline const char* c_path(const target& at) noexcept {
    assert(at.path);
    assert(at.terminated);
    return at.path;
}

[[nodiscard]] inline bool is_open_file(const target& at) noexcept {
    return at.path == nullptr;
}

/// For calls whose value says no more than that they succeeded.
template <class Number>
[[nodiscard]] result<> status(const result<Number>& made) noexcept {
    if (!made) return std::unexpected(made.error());
    return {};
}

/// For calls that give a count, which is not negative where there is no error.
[[nodiscard]] inline result<std::size_t> count(const result<ssize_t>& made) noexcept {
    if (!made) return std::unexpected(made.error());
    return static_cast<std::size_t>(*made);
}

/// Whether `failed` is one of the errors `numbers`.
template <class Result, class... Numbers>
[[nodiscard]] bool failed_with(const Result& failed, Numbers... numbers) noexcept {
    return !failed && ((failed.error().value() == numbers) || ...);
}

/// A descriptor that a function opens for itself, and closes at its end.
class scoped_fd {
  public:
    explicit scoped_fd(int fd) noexcept : fd_(fd) {}
    scoped_fd(const scoped_fd&) = delete;
    scoped_fd& operator=(const scoped_fd&) = delete;
    ~scoped_fd();

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int give_up() noexcept { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

/// openat(2) of a path operand; O_CLOEXEC is added.
[[nodiscard]] result<int> open_path(const target& at, int flags, mode_t mode = 0) noexcept;

}  // namespace aio::detail
