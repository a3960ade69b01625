// SPDX-License-Identifier: MIT
// read_exactly, write_all: system calls until all is moved.
#include <aio/read_write.hpp>

#include "arguments.hpp"
#include "rows.hpp"
#include "transfer.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

namespace aio {

namespace detail {

namespace {

/// Waits until a non-blocking descriptor is ready; what `poll` finds wrong, the next call reports.
result<> await_ready(int fd, short events) noexcept {
    pollfd waiting = {.fd = fd, .events = events, .revents = 0};
    return status(attempt([&] { return ::poll(&waiting, 1, -1); }));
}

/// Calls `move(done)` until it has moved `size` bytes or moves none; gives how many.
template <class Move>
result<std::size_t> until_done(int fd, short events, std::size_t size, Move&& move) {
    std::size_t done = 0;
    // At least once, so that moving nothing finds a bad descriptor as the single call does.
    do {
        result<std::size_t> moved = move(done);
        if (failed_with(moved, EAGAIN)) {
            auto ready = await_ready(fd, events);
            if (!ready) return std::unexpected(ready.error());
            continue;
        }
        if (!moved) return moved;
        if (*moved == 0) break;
        done += *moved;
    } while (done < size);
    return done;
}

std::int64_t advanced(std::int64_t offset, std::size_t by) noexcept {
    return offset == file_position ? offset : offset + static_cast<std::int64_t>(by);
}

/// A kernel that takes nothing, and says no error, must not pass for success.
result<std::size_t> all_of(result<std::size_t> done, std::size_t size) noexcept {
    if (done && *done < size) return error(EIO);
    return done;
}

/// What is left of a list of buffers while bytes are taken from its front.
class remaining {
  public:
    explicit remaining(std::span<const iovec> buffers) noexcept : rest_(buffers) {}

    /// The next buffers, as many as fit one system call.
    [[nodiscard]] std::span<const iovec> front() noexcept {
        const std::size_t n = std::min(rest_.size(), batch_.size());
        std::copy_n(rest_.begin(), n, batch_.begin());
        if (n) {
            batch_[0].iov_base = static_cast<std::byte*>(batch_[0].iov_base) + taken_;
            batch_[0].iov_len -= taken_;
        }
        return {batch_.data(), n};
    }
    void take(std::size_t bytes) noexcept {
        taken_ += bytes;
        while (!rest_.empty() && taken_ >= rest_.front().iov_len) {
            taken_ -= rest_.front().iov_len;
            rest_ = rest_.subspan(1);
        }
    }

  private:
    std::span<const iovec> rest_;
    std::size_t taken_ = 0;  // of the first of the rest
    std::array<iovec, 64> batch_;
};

std::size_t total(std::span<const iovec> buffers) noexcept {
    std::size_t bytes = 0;
    for (const iovec& each : buffers)
        bytes += each.iov_len;
    return bytes;
}

template <class Once>
result<std::size_t> vector_until_done(const call& arguments, short events, Once&& once) {
    remaining rest(buffers_of(arguments));
    return until_done(arguments.at.fd, events, total(buffers_of(arguments)), [&](std::size_t done) {
        rest.take(0);  // leaves out empty buffers at the front, so that nothing moved means the end
        auto moved = once(arguments.at.fd, rest.front(), advanced(arguments.data.offset, done));
        if (moved) rest.take(*moved);
        return moved;
    });
}

result<std::size_t> read_until_done(const call& arguments, void* buffer, std::size_t size) {
    return until_done(arguments.at.fd, POLLIN, size, [&](std::size_t done) {
        return read_once(arguments.at.fd, static_cast<std::byte*>(buffer) + done, size - done,
                         advanced(arguments.data.offset, done));
    });
}

result<std::size_t> read_exactly_call(const call& arguments) {
    return read_until_done(arguments, arguments.data.buffer, arguments.data.size);
}

result<std::string> read_exactly_owned_call(const call& arguments) {
    return read_string(arguments.data.size, [&](void* buffer, std::size_t size) {
        return read_until_done(arguments, buffer, size);
    });
}

result<std::size_t> readv_exactly_call(const call& arguments) {
    return vector_until_done(arguments, POLLIN, readv_once);
}

result<std::size_t> write_all_call(const call& arguments) {
    const auto* bytes = static_cast<const std::byte*>(arguments.data.buffer);
    const std::size_t size = arguments.data.size;
    auto done = until_done(arguments.at.fd, POLLOUT, size, [&](std::size_t written) {
        return write_once(arguments.at.fd, bytes + written, size - written,
                          advanced(arguments.data.offset, written));
    });
    return all_of(done, size);
}

result<std::size_t> writev_all_call(const call& arguments) {
    return all_of(vector_until_done(arguments, POLLOUT, writev_once), total(buffers_of(arguments)));
}

}  // namespace

const row rows::read_exactly = {.name = "read_exactly",
                                .run = run<&read_exactly_call>,
                                .errors = errors::reading,
                                .try_now = run<&read_now>,
                                .ring = &ring_read_all,
                                .at_stake = stake::memory,
                                .why = from_cache};
const row rows::pread_exactly_owned = {.name = "pread_exactly_owned",
                                       .run = run<&read_exactly_owned_call>,
                                       .errors = errors::reading,
                                       .try_now = run<&read_owned_now>,
                                       .ring = &ring_read_all_owned,
                                       .why = from_cache};
const row rows::read_exactly_owned = {.name = "read_exactly_owned",
                                      .run = run<&read_exactly_owned_call>,
                                      .errors = errors::reading,
                                      .at_stake = stake::effect};
const row rows::readv_exactly = {.name = "readv_exactly",
                                 .run = run<&readv_exactly_call>,
                                 .errors = errors::reading,
                                 .at_stake = stake::memory};
const row rows::write_all = {.name = "write_all",
                             .run = run<&write_all_call>,
                             .errors = errors::writing,
                             .ring = &ring_write_all,
                             .at_stake = stake::memory};
const row rows::writev_all = {
    .name = "writev_all", .run = run<&writev_all_call>, .errors = errors::writing, .at_stake = stake::memory};

}  // namespace detail

operation<std::size_t> read_exactly(file_view from, std::span<std::byte> into,
                                    std::optional<std::int64_t> offset) {
    return {detail::rows::read_exactly, detail::moving(from, into.data(), into.size(), offset)};
}

operation<std::string> read_exactly(file_view from, std::size_t size, std::optional<std::int64_t> offset) {
    return {offset ? detail::rows::pread_exactly_owned : detail::rows::read_exactly_owned,
            detail::moving(from, nullptr, size, offset)};
}

operation<std::size_t> read_exactly(file_view from, std::span<const iovec> into,
                                    std::optional<std::int64_t> offset) {
    return {detail::rows::readv_exactly, detail::moving(from, into, offset)};
}

operation<std::size_t> write_all(file_view to, std::span<const std::byte> bytes,
                                 std::optional<std::int64_t> offset) {
    return {detail::rows::write_all, detail::moving(to, bytes.data(), bytes.size(), offset)};
}

operation<std::size_t> write_all(file_view to, std::string_view text, std::optional<std::int64_t> offset) {
    return {detail::rows::write_all, detail::moving(to, text.data(), text.size(), offset)};
}

operation<std::size_t> write_all(file_view to, std::span<const iovec> bytes,
                                 std::optional<std::int64_t> offset) {
    return {detail::rows::writev_all, detail::moving(to, bytes, offset)};
}

}  // namespace aio
