// SPDX-License-Identifier: MIT
// ring: a queue of calls that the kernel makes by itself. The seam between the ring route and io_uring.
#pragma once

#include <aio/options.hpp>
#include <aio/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace aio::detail {

/// The calls that rows ask a ring for.
enum class ring_operation : std::uint8_t {
    read,
    readv,
    write,
    writev,
    fsync,
    fdatasync,
    sync_file_range,
    fallocate,
    statx,
};
inline constexpr std::size_t ring_operations = 9;

struct ring_call {
    ring_operation operation = ring_operation::read;
    int fd = -1;
    const char* path = nullptr;  // of statx, below fd
    void* address = nullptr;     // of bytes, iovecs, or a struct statx
    std::size_t size = 0;        // how many
    std::int64_t offset = 0;
    int flags = 0;        // of sync_file_range or statx, fallocate's mode
    bool nowait = false;  // of bytes: EAGAIN or EOPNOTSUPP rather than wait for the file, in submit or at all
};

/// A call is over: the number it was given, and a count or a negative errno.
struct ring_event {
    std::uint64_t token = 0;
    int result = 0;
};

/// Used by one thread, the one that made it, but for `reap` and `close`: those may be left to another, when
/// the first uses it no more.
///
/// While `notify(true)`, the eventfd that it was made with becomes readable when there is something to reap.
class ring {
  public:
    ring() = default;
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;
    /// Requires: nothing is in flight.
    virtual ~ring() = default;

    /// How many calls may be in flight at once.
    [[nodiscard]] virtual unsigned depth() const noexcept = 0;
    /// Whether it says that it can make such calls; what happens decides, but for fsync, which it has made.
    [[nodiscard]] virtual bool offers(ring_operation operation) const noexcept = 0;

    // False: there is no room before the next submit.
    [[nodiscard]] virtual bool prepare(const ring_call& call, std::uint64_t token) noexcept = 0;
    /// Asks that the call of this token be ended. It ends by its own event; the event of this call has
    /// `token_of_cancel` and says nothing (F4).
    [[nodiscard]] virtual bool prepare_cancel(std::uint64_t token) noexcept = 0;
    static constexpr std::uint64_t token_of_cancel = ~std::uint64_t{0};

    /// Hands over what was prepared: how many of it are the kernel's now.
    /// Errors: EAGAIN to be tried again; with any other the ring is lost.
    [[nodiscard]] virtual result<std::size_t> submit() noexcept = 0;
    [[nodiscard]] virtual bool ready() const noexcept = 0;
    /// What is over, as far as there is room for it.
    [[nodiscard]] virtual std::size_t reap(std::span<ring_event> into) noexcept = 0;
    /// Whether it cannot be used any more, though what is in flight ends once it is closed.
    [[nodiscard]] virtual bool lost() const noexcept = 0;
    virtual void notify(bool wanted) noexcept = 0;

    /// Everything in flight ends soon, the kernel permitting, most of it canceled, and is still to be reaped;
    /// the eventfd says when.
    virtual void close() noexcept = 0;
    /// In a fork's child: lets go of what is the parent's.
    virtual void leave_to_parent() noexcept = 0;
};

/// A ring of the kernel's, or of whoever took its place for a test. `workers`: threads that the kernel may
/// make calls with where it has no better way.
/// Errors: what the kernel refuses with.
[[nodiscard]] result<std::unique_ptr<ring>> make_ring(int eventfd, unsigned workers) noexcept;

/// What a ring of this machine offers, by operation, tried once: for `aio routes`.
using ring_offers = std::array<bool, ring_operations>;
[[nodiscard]] const result<ring_offers>& offers_of_rings() noexcept;

using ring_maker = result<std::unique_ptr<ring>> (*)(int eventfd, unsigned workers);
/// For tests: what make_ring calls; null for the kernel's.
void use_ring_maker(ring_maker made_by) noexcept;

/// The kernel's own: linux_ring.cpp.
[[nodiscard]] result<std::unique_ptr<ring>> make_linux_ring(int eventfd, unsigned workers) noexcept;

}  // namespace aio::detail
