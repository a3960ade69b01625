// SPDX-License-Identifier: MIT
// What the calls that move bytes share.
#pragma once

#include <aio/path.hpp>

#include "arguments.hpp"

#include <sys/uio.h>

#include <climits>
#include <cstddef>
#include <span>
#include <string>

namespace aio::detail {

/// The kernel moves no more than this at once: MAX_RW_COUNT, of 4 KiB pages.
inline constexpr std::size_t transfer_max = 0x7ffff000;

[[nodiscard]] inline call moving(const file_view& file, const void* buffer, std::size_t size,
                                 std::optional<std::int64_t> offset) noexcept {
    call arguments = on(file.target());
    arguments.data.buffer = const_cast<void*>(buffer);  // a write's is only read
    arguments.data.size = size;
    set_offset(arguments, offset);
    return arguments;
}

[[nodiscard]] inline call moving(const file_view& file, std::span<const iovec> buffers,
                                 std::optional<std::int64_t> offset) noexcept {
    return moving(file, buffers.data(), buffers.size(), offset);
}

[[nodiscard]] inline std::span<const iovec> buffers_of(const call& arguments) noexcept {
    return {static_cast<const iovec*>(arguments.data.buffer), arguments.data.size};
}

// One system call each, again only after EINTR. Offset `file_position` means the file's own.
result<std::size_t> read_once(int fd, void* buffer, std::size_t size, std::int64_t offset) noexcept;
result<std::size_t> write_once(int fd, const void* buffer, std::size_t size, std::int64_t offset) noexcept;
result<std::size_t> readv_once(int fd, std::span<const iovec> buffers, std::int64_t offset) noexcept;
/// Whether this kernel can be asked for what is in its page cache.
[[nodiscard]] bool nowait_is_sound() noexcept;
/// Reads at an offset, from memory alone: all of it or up to the end of the file; or EAGAIN: not all is
/// there; or EOPNOTSUPP: the file cannot be read so. What else may be wrong, a worker finds too.
result<std::size_t> read_cached(int fd, void* buffer, std::size_t size, std::int64_t offset) noexcept;
result<std::size_t> writev_once(int fd, std::span<const iovec> buffers, std::int64_t offset) noexcept;

/// A string of what `fill(buffer, size)` puts into its memory, which is not filled with zeros before.
template <class Fill>
result<std::string> read_string(std::size_t size, Fill&& fill) {
    result<std::size_t> filled = 0;
    std::string made;
    if (size > made.max_size()) return error(ENOMEM);  // what the string would throw is no bad_alloc
    // Not the size that the function is given: libstdc++ 12 says there how much would fit.
    made.resize_and_overwrite(size, [&](char* buffer, std::size_t) {
        filled = fill(buffer, size);
        return filled.value_or(0);
    });
    if (!filled) return std::unexpected(filled.error());
    // Little that came into a big buffer, as from a pipe, must not hold on to it.
    if (made.size() < made.capacity() / 2) made.shrink_to_fit();
    return made;
}

// row::ring of what moves bytes.
inline constexpr ring_form ring_read = {.operation = ring_operation::read, .moves_bytes = true};
inline constexpr ring_form ring_read_all = {
    .operation = ring_operation::read, .moves_bytes = true, .until_done = true};
inline constexpr ring_form ring_read_owned = {
    .operation = ring_operation::read, .moves_bytes = true, .owns_buffer = true};
inline constexpr ring_form ring_read_all_owned = {
    .operation = ring_operation::read, .moves_bytes = true, .until_done = true, .owns_buffer = true};
inline constexpr ring_form ring_readv = {.operation = ring_operation::readv, .moves_bytes = true};
inline constexpr ring_form ring_write = {.operation = ring_operation::write, .moves_bytes = true};
inline constexpr ring_form ring_write_all = {
    .operation = ring_operation::write, .moves_bytes = true, .until_done = true};
inline constexpr ring_form ring_writev = {.operation = ring_operation::writev, .moves_bytes = true};

// row::try_now of what reads at an offset.
result<std::size_t> read_now(const call& arguments);
result<std::string> read_owned_now(const call& arguments);
inline constexpr const char* from_cache = "at once from the page cache, if at an offset";

}  // namespace aio::detail
