// SPDX-License-Identifier: MIT
// error_classes: what may go wrong with a call although its arguments are right.
#pragma once

#include <cerrno>
#include <cstdint>
#include <span>

namespace aio::detail {

/// The errors that an operation may meet: what simulations draw and tests inject. Neither EINTR, which never
/// leaves an operation's function, nor EAGAIN, which is about how a descriptor was opened.
///
/// There is no default: a row that does not say its errors does not compile.
class error_classes {
  public:
    explicit consteval error_classes(std::span<const int> each) : each_(each) {}

    [[nodiscard]] constexpr std::span<const int> each() const noexcept { return each_; }

  private:
    std::span<const int> each_;
};

/// Whether a call may move less than it was asked to, and say so.
enum class short_counts : std::uint8_t { none, of_reads, of_writes };

/// The errors by what a call does. ESTALE: the server has forgotten the file.
namespace errors {

template <int... Numbers>
inline constexpr int listed[] = {Numbers...};

inline constexpr error_classes none({});
inline constexpr error_classes looking_up(listed<EACCES, EIO, ENOMEM, ESTALE>);
/// What is there: a file, a directory to list, or to reach something else through.
inline constexpr error_classes opening(listed<EACCES, EIO, EMFILE, ENFILE, ENOMEM, ESTALE>);
/// Something new, and opening it.
inline constexpr error_classes creating(
    listed<EACCES, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM, ENOSPC, EPERM, EROFS, ESTALE>);
/// A name.
inline constexpr error_classes adding(
    listed<EACCES, EDQUOT, EIO, EMLINK, ENOMEM, ENOSPC, EPERM, EROFS, ESTALE>);
inline constexpr error_classes removing(listed<EACCES, EBUSY, EIO, ENOMEM, EPERM, EROFS, ESTALE>);
/// What is known of a file.
inline constexpr error_classes changing(listed<EACCES, EDQUOT, EIO, ENOMEM, ENOSPC, EPERM, EROFS, ESTALE>);
inline constexpr error_classes reading(listed<EIO, ENOMEM, ESTALE>);
inline constexpr error_classes writing(listed<EDQUOT, EFBIG, EIO, ENOMEM, ENOSPC, EPERM, ESTALE>);
inline constexpr error_classes resizing(
    listed<EACCES, EDQUOT, EFBIG, EIO, EMFILE, ENFILE, ENOMEM, ENOSPC, EPERM, EROFS, ESTALE, ETXTBSY>);
/// Errors of earlier writes among them.
inline constexpr error_classes flushing(listed<EDQUOT, EIO, ENOMEM, ENOSPC, EROFS, ESTALE>);
inline constexpr error_classes closing(listed<EDQUOT, EIO, ENOSPC, ESTALE>);

}  // namespace errors

}  // namespace aio::detail
