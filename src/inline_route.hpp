// SPDX-License-Identifier: MIT
// inline_route: calls made at once by the thread that submits them, since they will not block.
#pragma once

#include "credit.hpp"
#include "row.hpp"
#include "system_call.hpp"

#include <aio/detail/leaf.hpp>

#include <fcntl.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace aio::detail {

/// Tries what row::try_now can do without blocking, as long as that pays, and not for ever: what is done so
/// counts against an allowance that each poll renews. Relaxed throughout: a thread that sees another's state
/// does a call more or less at once.
class inline_route {
  public:
    /// A poll begins.
    void renew() noexcept { left_.store(allowance, std::memory_order_relaxed); }
    /// The poll has done enough, even if callbacks keep submitting what is done at once: it leaves the rest
    /// for the next one.
    [[nodiscard]] bool spent() const noexcept { return left_.load(std::memory_order_relaxed) < 0; }

    /// Whether the call was made, and its value is in the block. Requires: block::may_be_quick.
    [[nodiscard]] bool submit(leaf& request) noexcept {
        const std::size_t size = request.arguments().data.size;
        const std::int64_t left = left_.load(std::memory_order_relaxed);
        if (size > largest || left < -overdraft || !credit_.worthwhile() ||
            !caches(request.arguments().at.fd))
            return false;
        left_.store(left - fixed_cost - static_cast<std::int64_t>(size), std::memory_order_relaxed);
        return credit_.paid(request.try_now());
    }

    /// Whether reads have hit the page cache of late.
    [[nodiscard]] bool hits() const noexcept { return credit_.pays(); }

  private:
    /// Whether reads of it ask the page cache: with O_DIRECT, they wait for the disk all the same. Remembered
    /// for a few calls, since asking costs a tenth of one.
    bool caches(int fd) noexcept {
        if (fd != asked_.load(std::memory_order_relaxed) || uses_.load(std::memory_order_relaxed) == 0) {
            errno_guard guard;
            const int flags = ::fcntl(fd, F_GETFL);
            if (flags < 0 || flags & O_DIRECT) return false;
            asked_.store(fd, std::memory_order_relaxed);
            uses_.store(most_uses, std::memory_order_relaxed);
        }
        uses_.store(uses_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
        return true;
    }

    // Bytes copied; a call costs about as much as copying some.
    static constexpr std::int64_t allowance = std::int64_t(1) << 20;
    static constexpr std::int64_t overdraft = 2 * allowance;  // of one callback, which poll cannot stop
    static constexpr std::int64_t fixed_cost = 4096;
    static constexpr std::size_t largest = std::size_t(64) << 10;

    std::atomic<std::int64_t> left_{allowance};
    static constexpr int most_uses = 16;

    std::atomic<int> asked_{-1};  // a descriptor that does
    std::atomic<int> uses_{0};
    credit credit_;
};

}  // namespace aio::detail
