// SPDX-License-Identifier: MIT
#include "copying.hpp"

#include "transfer.hpp"

#include <algorithm>
#include <array>

namespace aio::detail {

namespace {

constexpr std::size_t piece = std::size_t{64} << 10;

}  // namespace

result<std::size_t> copy_by_hand(int out, int in, std::int64_t offset, std::size_t length) noexcept {
    std::array<std::byte, piece> buffer;
    std::size_t done = 0;
    while (done < length) {
        auto got = read_once(in, buffer.data(), std::min(length - done, buffer.size()),
                             offset + static_cast<std::int64_t>(done));
        if (!got && done) break;  // what was copied counts; the next call meets the error again
        if (!got) return got;
        if (*got == 0) break;
        // Advanced by what was written: what `out` did not take is read again.
        auto put = write_once(out, buffer.data(), *got, file_position);
        if (!put && done) break;
        if (!put) return put;
        if (*put == 0) break;
        done += *put;
    }
    return done;
}

void read_ahead_by_hand(int fd, std::int64_t offset, std::size_t length) noexcept {
    std::array<std::byte, piece> buffer;
    while (length) {
        const std::size_t size = std::min(length, buffer.size());
        auto got = read_once(fd, buffer.data(), size, offset);
        if (!got || *got == 0) return;
        offset += static_cast<std::int64_t>(*got);
        length -= *got;
    }
}

}  // namespace aio::detail
