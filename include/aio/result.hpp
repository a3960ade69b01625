// SPDX-License-Identifier: MIT
// result<T>: what every request delivers, a value or the kernel's own error.
#pragma once

#include <concepts>
#include <expected>
#include <system_error>

namespace aio {

/// What a request delivers: a value, or the error the system call gave, its number untouched
/// (`error().value()` is the errno, `error().category()` is `std::system_category()`; only an `aio::call`
/// whose function throws or gives another's error has that one's).
///
/// Two errors say how a request was given up: `std::errc::operation_canceled` (an operation had no effect; a
/// group, task or tree was stopped, and what it had done stays) and `std::errc::timed_out` (its deadline
/// passed; a call with a lasting effect that had begun may still have it). Others that the library gives
/// itself, such as EINVAL for a path with a NUL, are named where they can come.
template <class T = void>
using result = std::expected<T, std::error_code>;

/// The error with errno's number `number`, as `std::unexpected` so that it converts to any `result<T>`.
[[nodiscard]] inline std::unexpected<std::error_code> error(int number) noexcept {
    return std::unexpected(std::error_code(number, std::system_category()));
}

/// The same for a named error.
[[nodiscard]] inline std::unexpected<std::error_code> error(std::errc name) noexcept {
    return error(static_cast<int>(name));
}

namespace detail {
template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

/// What can say that it failed: a result, and what tells more than that.
template <class T>
concept holds_error = std::constructible_from<T, std::unexpected<std::error_code>>;
}  // namespace detail

}  // namespace aio
