// SPDX-License-Identifier: MIT
// inline_route: calls made at once by the thread that submits them, since they will not block.
#pragma once

#include "credit.hpp"
#include "descriptor_memory.hpp"
#include "row.hpp"
#include "tally.hpp"

#include <aio/detail/leaf.hpp>
#include <aio/options.hpp>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace aio::detail {

/// Tries what row::try_now can do without blocking, as long as that pays, and not for ever: what is done so
/// counts against an allowance that each poll renews. Relaxed throughout: a thread that sees another's state
/// does a call more or less at once.
class inline_route {
  public:
    // Bytes copied; a call costs about as much as copying some.
    static constexpr std::int64_t least_cost = 512;
    /// What a coroutine may do so between two looks at what else there is.
    static constexpr std::int64_t burst = 64 * least_cost;
    [[nodiscard]] static std::int64_t cost_of(const row& row, const call& arguments) noexcept {
        return row.asks == asked::cached_pages ? read_cost + static_cast<std::int64_t>(arguments.data.size)
                                               : look_up_cost;
    }

    /// A poll begins.
    void renew() noexcept {
        left_.store(allowance, std::memory_order_relaxed);
        calls_.store(0, std::memory_order_relaxed);
    }
    /// Something else was done.
    void charge(std::int64_t cost) noexcept {
        left_.store(left_.load(std::memory_order_relaxed) - cost, std::memory_order_relaxed);
    }
    /// The poll has done enough, even if callbacks keep submitting what is done at once: it leaves the rest
    /// for the next one.
    [[nodiscard]] bool spent() const noexcept { return left_.load(std::memory_order_relaxed) < 0; }

    /// Whether the call was made, and its value is in the block. Requires: block::may_be_quick.
    [[nodiscard]] bool submit(leaf& request) noexcept {
        return submit(request.operation(), request.arguments(), [&] {
            const int failed = request.try_now();
            request.answers_at_once = failed == EAGAIN;
            return failed;
        });
    }
    /// The same; `make` is the row's try_now. Requires: the row has one.
    template <class Make>
    [[nodiscard]] bool submit(const row& row, const call& arguments, Make&& make) noexcept {
        const bool reads = row.asks == asked::cached_pages;
        credit& credit = reads ? reads_ : look_ups_;
        const std::int64_t left = left_.load(std::memory_order_relaxed);
        if (left < -overdraft || !credit.worthwhile()) return false;
        const int fd = arguments.at.fd;
        if (reads && (arguments.data.size > largest || !files_.answers_at_once(fd))) return false;
        left_.store(left - cost_of(row, arguments), std::memory_order_relaxed);
        const int failed = make_timed(credit, make);
        watch_the_clock();
        (failed ? missed_ : hit_).count();
        if (reads && failed == EOPNOTSUPP) {
            files_.note_refusal(fd);
            return false;
        }
        if (reads) missed_last_.store(failed != 0, std::memory_order_relaxed);
        if (reads && !failed) files_.note_read(fd);
        if (!doubts_.load(std::memory_order_relaxed)) credit.paid(failed == 0);
        return failed == 0;
    }

    /// Whether reads hit the page cache, as far as one knows.
    [[nodiscard]] bool hits() const noexcept {
        return reads_.pays() && !missed_last_.load(std::memory_order_relaxed);
    }
    /// Whether this read would, since the file was read so of late and there is time for more.
    [[nodiscard]] bool would_hit(const call& arguments) const noexcept {
        return arguments.data.size <= largest && left_.load(std::memory_order_relaxed) >= -overdraft &&
               !doubts_.load(std::memory_order_relaxed) && files_.has_been_read(arguments.at.fd);
    }
    /// A ring took so long to make what would.
    void note_batch(clock::duration took) noexcept {
        if (took > longest_batch) doubts_.store(true, std::memory_order_relaxed);
    }
    /// What it has learnt of descriptors.
    [[nodiscard]] descriptor_memory& files() noexcept { return files_; }
    [[nodiscard]] std::size_t hits_counted() const noexcept { return hit_.value(); }
    [[nodiscard]] std::size_t misses_counted() const noexcept { return missed_.value(); }

  private:
    /// A listener of fanotify may be asked first, so that nothing is certain not to block. Two calls in a row
    /// that took as long tell. One alone was perhaps interrupted.
    template <class Make>
    int make_timed(credit& credit, Make&& make) noexcept {
        const bool doubts = doubts_.load(std::memory_order_relaxed);
        const unsigned made = made_.load(std::memory_order_relaxed) + 1;
        made_.store(made, std::memory_order_relaxed);
        if (!doubts && credit.pays() && made % calls_per_look) return make();
        const clock::time_point began = clock::now();
        const int failed = make();
        const bool slow = clock::now() - began > longest;
        if (slow && doubts) credit.lose();
        doubts_.store(slow, std::memory_order_relaxed);
        return failed;
    }

    /// Calls that take longer than they should use up what is left. Looks once in a few calls, as looking
    /// costs a part of one.
    void watch_the_clock() noexcept {
        const unsigned calls = calls_.load(std::memory_order_relaxed) + 1;
        calls_.store(calls, std::memory_order_relaxed);
        if (calls % calls_per_look) return;
        const clock::time_point now = clock::now();
        if (calls == calls_per_look)
            since_.store(now, std::memory_order_relaxed);
        else if (now - since_.load(std::memory_order_relaxed) > longest)
            left_.store(-1, std::memory_order_relaxed);
    }

    static constexpr std::int64_t allowance = std::int64_t(1) << 20;
    static constexpr std::int64_t overdraft = 2 * allowance;  // of one callback, which poll cannot stop
    static constexpr std::int64_t read_cost = 4096;
    static constexpr std::int64_t look_up_cost = 8192;
    static constexpr std::size_t largest = std::size_t(64) << 10;
    static constexpr unsigned calls_per_look = 16;
    static constexpr auto longest = std::chrono::milliseconds(1);
    static constexpr auto longest_batch = 10 * longest;

    tally hit_;
    tally missed_;
    std::atomic<bool> missed_last_{false};
    std::atomic<std::int64_t> left_{allowance};
    std::atomic<unsigned> calls_{0};            // in this poll
    std::atomic<unsigned> made_{0};             // ever
    std::atomic<bool> doubts_{false};           // the last one that was timed took too long
    std::atomic<clock::time_point> since_{{}};  // when the first few were over
    descriptor_memory files_;
    credit reads_;
    credit look_ups_;
};

}  // namespace aio::detail
