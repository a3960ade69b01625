// SPDX-License-Identifier: MIT
// What moves bytes: read, write, sendfile, readahead; and what sets a file's size: truncate, fallocate.
//
// With an offset, a call works there and leaves the file's position alone; without, it uses and moves the
// position, as sockets and pipes need. A negative offset is EINVAL. One request makes one system call, and
// may move less than asked, as read(2) and write(2) may; the looping forms say so in their names.
//
// Buffers are spans of std::byte or char, or what turns into one: vectors, arrays. Of anything else, pass
// `std::as_writable_bytes(std::span(buffer))` to read and `std::as_bytes(std::span(buffer))` to write.
//
// Lifetime: buffers, and the arrays of iovec, must live and stay where they are until the request completes.
// Cancel: a running call on a buffer of yours cannot be given up, not by a deadline either, unless io_uring
// makes it and the kernel can still end it: then it had no effect (C-ROUTES). A read into a string can be
// given up: with an offset always; without one by a deadline or destruction only, and bytes that it then
// takes from the file are lost.
#pragma once

#include <aio/export.hpp>
#include <aio/operation.hpp>
#include <aio/path.hpp>

#include <sys/uio.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace aio {

namespace detail {
/// Where an integer that follows is likely to be meant as POSIX's size or count, not as an offset: after a
/// pointer, a buffer of char or an array of iovec; after any other array if it is unsigned, as sizeof is.
template <class T, class Integer, class Element = std::remove_extent_t<std::remove_reference_t<T>>>
concept with_size = std::is_pointer_v<std::remove_cvref_t<T>> || std::same_as<Element, char> ||
                    std::same_as<std::remove_const_t<Element>, iovec> ||
                    (std::is_array_v<std::remove_reference_t<T>> && std::unsigned_integral<Integer>);

/// Characters that are no text: of what is both, as a string is, the text is meant.
template <class T>
concept chars =
    std::convertible_to<const T&, std::span<const char>> && !std::convertible_to<const T&, std::string_view>;
}  // namespace detail

// Not as read(2) and write(2): what follows the buffer is the offset, never the size. Pass
// `std::span(buffer, size)` or `std::string_view(text, size)`; of all of an array, `std::span(array)`.
template <class T, std::integral Size>
    requires detail::with_size<T, Size>
operation<std::size_t> read(file_view from, T&& into, Size size) = delete;
template <class T, std::integral Size>
    requires detail::with_size<T, Size>
operation<std::size_t> read_exactly(file_view from, T&& into, Size size) = delete;
template <class T, std::integral Size>
    requires detail::with_size<T, Size>
operation<std::size_t> write(file_view to, T&& bytes, Size size) = delete;
template <class T, std::integral Size>
    requires detail::with_size<T, Size>
operation<std::size_t> write_all(file_view to, T&& bytes, Size size) = delete;

/// Reads up to `into.size()` bytes and gives how many; 0 is the end of the file: read(2), pread(2), R-READ.
[[nodiscard]] AIO_EXPORT operation<std::size_t> read(file_view from AIO_LIFETIMEBOUND,
                                                     std::span<std::byte> into AIO_LIFETIMEBOUND,
                                                     std::optional<std::int64_t> offset = {});
[[nodiscard]] inline operation<std::size_t> read(file_view from AIO_LIFETIMEBOUND,
                                                 std::span<char> into AIO_LIFETIMEBOUND,
                                                 std::optional<std::int64_t> offset = {}) {
    return read(from, std::as_writable_bytes(into), offset);
}

/// Reads up to `size` bytes into a string of its own; an empty one is the end of the file. A size above what
/// the kernel moves at once (2,147,479,552) counts as that.
///
/// Errors: ENOMEM if there is no memory for `size` bytes.
[[nodiscard]] AIO_EXPORT operation<std::string> read(file_view from AIO_LIFETIMEBOUND, std::size_t size,
                                                     std::optional<std::int64_t> offset = {});

/// Reads into several buffers, filling one after the other: readv(2), preadv(2). Of more than 1,024 buffers
/// only the first 1,024 are used.
[[nodiscard]] AIO_EXPORT operation<std::size_t> read(file_view from AIO_LIFETIMEBOUND,
                                                     std::span<const iovec> into AIO_LIFETIMEBOUND,
                                                     std::optional<std::int64_t> offset = {});

/// Reads until `into` is full or the file ends, and gives how many bytes: fewer only at its end. Waits where
/// a non-blocking descriptor has nothing yet.
///
/// Errors: an error is reported also if it comes after some bytes; how many is then not known.
[[nodiscard]] AIO_EXPORT operation<std::size_t> read_exactly(file_view from AIO_LIFETIMEBOUND,
                                                             std::span<std::byte> into AIO_LIFETIMEBOUND,
                                                             std::optional<std::int64_t> offset = {});
[[nodiscard]] inline operation<std::size_t> read_exactly(file_view from AIO_LIFETIMEBOUND,
                                                         std::span<char> into AIO_LIFETIMEBOUND,
                                                         std::optional<std::int64_t> offset = {}) {
    return read_exactly(from, std::as_writable_bytes(into), offset);
}
/// The same into a string of its own, which is shorter than `size` only at the end of the file.
///
/// Errors: ENOMEM if there is no memory for `size` bytes.
[[nodiscard]] AIO_EXPORT operation<std::string> read_exactly(file_view from AIO_LIFETIMEBOUND,
                                                             std::size_t size,
                                                             std::optional<std::int64_t> offset = {});
/// The same into any number of buffers.
[[nodiscard]] AIO_EXPORT operation<std::size_t> read_exactly(file_view from AIO_LIFETIMEBOUND,
                                                             std::span<const iovec> into AIO_LIFETIMEBOUND,
                                                             std::optional<std::int64_t> offset = {});

/// Writes up to `bytes.size()` bytes and gives how many: write(2), pwrite(2), R-WRITE.
///
/// On a file opened with O_APPEND every write goes to its end, on Linux also one with an offset.
/// Errors: EBADF if the file is not open for writing. EPIPE for a pipe or socket that nobody reads any more;
/// the signal SIGPIPE never comes, since threads that make calls block it.
[[nodiscard]] AIO_EXPORT operation<std::size_t> write(file_view to AIO_LIFETIMEBOUND,
                                                      std::span<const std::byte> bytes AIO_LIFETIMEBOUND,
                                                      std::optional<std::int64_t> offset = {});
[[nodiscard]] AIO_EXPORT operation<std::size_t> write(file_view to AIO_LIFETIMEBOUND,
                                                      std::string_view text AIO_LIFETIMEBOUND,
                                                      std::optional<std::int64_t> offset = {});
template <detail::chars Chars>
[[nodiscard]] operation<std::size_t> write(file_view to AIO_LIFETIMEBOUND, const Chars& bytes,
                                           std::optional<std::int64_t> offset = {}) {
    return write(to, std::as_bytes(std::span<const char>(bytes)), offset);
}
/// Writes from several buffers, one after the other: writev(2), pwritev(2). Of more than 1,024 buffers only
/// the first 1,024 are used.
[[nodiscard]] AIO_EXPORT operation<std::size_t> write(file_view to AIO_LIFETIMEBOUND,
                                                      std::span<const iovec> bytes AIO_LIFETIMEBOUND,
                                                      std::optional<std::int64_t> offset = {});

/// Writes until all is written, and gives how many bytes that were: always all. Waits where a non-blocking
/// descriptor takes nothing more yet.
///
/// Errors: an error is reported also if it comes after some bytes; how many is then not known.
[[nodiscard]] AIO_EXPORT operation<std::size_t> write_all(file_view to AIO_LIFETIMEBOUND,
                                                          std::span<const std::byte> bytes AIO_LIFETIMEBOUND,
                                                          std::optional<std::int64_t> offset = {});
[[nodiscard]] AIO_EXPORT operation<std::size_t> write_all(file_view to AIO_LIFETIMEBOUND,
                                                          std::string_view text AIO_LIFETIMEBOUND,
                                                          std::optional<std::int64_t> offset = {});
template <detail::chars Chars>
[[nodiscard]] operation<std::size_t> write_all(file_view to AIO_LIFETIMEBOUND, const Chars& bytes,
                                               std::optional<std::int64_t> offset = {}) {
    return write_all(to, std::as_bytes(std::span<const char>(bytes)), offset);
}
/// The same from any number of buffers.
[[nodiscard]] AIO_EXPORT operation<std::size_t> write_all(file_view to AIO_LIFETIMEBOUND,
                                                          std::span<const iovec> bytes AIO_LIFETIMEBOUND,
                                                          std::optional<std::int64_t> offset = {});

/// Copies up to `length` bytes of `in`, from `offset` on, to the position of `out`, and gives how many were
/// written: sendfile(2), R-SENDFILE. `out` is a file, pipe or socket and its position moves, so one at a
/// time; `in` must have offsets, its position stays, and any number may read it.
///
/// Fewer than `length` means that `in` ended, `out` took no more for now, or an error came after some bytes;
/// the next call tells. Where the kernel refuses a pair of files, the bytes are read and written instead.
/// Errors: ESPIPE if `in` is a pipe or socket. EAGAIN if `out` is non-blocking and full.
[[nodiscard]] AIO_EXPORT operation<std::size_t> sendfile(file_view out AIO_LIFETIMEBOUND,
                                                         file_view in AIO_LIFETIMEBOUND, std::int64_t offset,
                                                         std::size_t length);

/// Reads `length` bytes from `offset` on into the page cache, whole pages, never past the end of the file:
/// readahead(2), R-READAHEAD. Where the kernel lacks the call, the bytes are read and thrown away, which
/// never fails.
///
/// Errors: EINVAL for what has no page cache, such as a pipe.
[[nodiscard]] AIO_EXPORT operation<> readahead(file_view from AIO_LIFETIMEBOUND, std::int64_t offset,
                                               std::size_t length);

/// Sets a file's size; what is added reads as zeros: truncate(2), ftruncate(2), R-TRUNC.
///
/// Errors: EINVAL for a negative length and for what has no size, EISDIR, EFBIG.
[[nodiscard]] AIO_EXPORT operation<> truncate(target what AIO_LIFETIMEBOUND, std::int64_t length);

/// Allocates, frees, zeroes or moves blocks of a file: fallocate(2), as aio_allocate. `mode` is 0 or a
/// FALLOC_FL_… of <fcntl.h>. Linux only.
///
/// Errors: EOPNOTSUPP if the file system has no such thing; nothing is emulated.
[[nodiscard]] AIO_EXPORT operation<> fallocate(file_view of AIO_LIFETIMEBOUND, int mode, std::int64_t offset,
                                               std::int64_t length);

}  // namespace aio
