// SPDX-License-Identifier: MIT
// descriptor_memory: which files answer reads at once, say that they cannot, or go round the page cache.
#pragma once

#include "system_call.hpp"

#include <fcntl.h>
#include <sys/uio.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace aio::detail {

/// Remembers what was found of a few descriptors, each for a few reads only: their number may by then be
/// another file's, of which it would be just as wrong. What is remembered decides about the way, not about
/// the result; but a ring believes that a file with O_DIRECT, or one that was read at an offset, has offsets,
/// also if the program has closed it and opened a pipe, or made it append, within a few calls. Relaxed
/// throughout, a word for each: threads that overwrite each other's lose a question.
class descriptor_memory {
  public:
    /// Whether a read of it asks the page cache and comes back if that does not have it. Asks the kernel once
    /// in a few times: that costs a tenth of a read.
    [[nodiscard]] bool answers_at_once(int fd) noexcept { return !(recall(fd) & (direct | refuses)); }
    /// Whether it is open with O_DIRECT, and a ring may read and write it at offsets. Asks as often.
    [[nodiscard]] bool is_direct(int fd) noexcept { return (recall(fd) & (direct | refuses)) == direct; }
    /// Whether a file can be read, or written, at an offset, which a ring would ignore; and does not append,
    /// since what a ring failed at is written again. Nothing is moved, and nobody told of a read if it may be
    /// written; nor is the position looked at, which waits for whoever reads by it.
    [[nodiscard]] static bool has_offsets(int fd, int flags) noexcept {
        errno_guard guard;
        if ((flags & O_ACCMODE) == O_RDONLY) return ::preadv2(fd, nullptr, 0, 0, 0) == 0;
        return !(flags & O_APPEND) && ::pwritev2(fd, nullptr, 0, 0, 0) == 0;
    }

    /// Whether it has been read at an offset, or could be, within a few calls. Does not ask the kernel.
    [[nodiscard]] bool has_been_read(int fd) const noexcept {
        const std::uint64_t known = places_[index_of(fd)].load(std::memory_order_relaxed);
        return known >> count_at == whose(fd) && (known & uses) && (known & read);
    }
    /// The same, and it is read so once more.
    [[nodiscard]] bool is_read_again(int fd) noexcept { return has_been_read(fd) && (recall(fd) & read); }
    void note_read(int fd) noexcept {
        std::atomic<std::uint64_t>& place = place_of(fd);
        const std::uint64_t known = place.load(std::memory_order_relaxed);
        if (!(known & read) && known >> count_at == whose(fd))
            place.store(known | read, std::memory_order_relaxed);
    }

    /// The file system does not know RWF_NOWAIT.
    void note_refusal(int fd) noexcept { note(fd, place_of(fd), refuses | uses_of_refusal); }

    /// Somebody has opened a file with O_DIRECT, which may have any number: nothing is believed any more, by
    /// nobody. Relaxed: the number reaches others by what orders the memory too.
    static void forget_all() noexcept { opened_direct.fetch_add(1, std::memory_order_relaxed); }

  private:
    // Descriptor, how many such files had been opened, what is known of it, and for how many reads that is
    // believed.
    static constexpr unsigned count_at = 11;
    static constexpr std::uint64_t read = 1 << 10;
    static constexpr std::uint64_t direct = 1 << 9;
    static constexpr std::uint64_t refuses = 1 << 8;
    static constexpr std::uint64_t uses = 0xff;
    static constexpr std::uint64_t uses_of_answer = 16;
    static constexpr std::uint64_t uses_of_refusal = 200;

    static void note(int fd, std::atomic<std::uint64_t>& place, std::uint64_t what) noexcept {
        place.store(whose(fd) << count_at | what, std::memory_order_relaxed);
    }
    static std::uint64_t whose(int fd) noexcept {
        constexpr unsigned bits = 32 - count_at;
        const std::uint64_t counted = opened_direct.load(std::memory_order_relaxed);
        return std::uint64_t(static_cast<std::uint32_t>(fd)) << bits | (counted & ((1u << bits) - 1));
    }
    std::uint64_t recall(int fd) noexcept {
        std::atomic<std::uint64_t>& place = place_of(fd);
        const std::uint64_t known = place.load(std::memory_order_relaxed);
        if (known >> count_at != whose(fd) || !(known & uses)) return learn(fd, place);
        place.store(known - 1, std::memory_order_relaxed);
        return known;
    }
    static std::uint64_t learn(int fd, std::atomic<std::uint64_t>& place) noexcept {
        errno_guard guard;
        const int flags = ::fcntl(fd, F_GETFL);
        if (flags < 0) return refuses;
        std::uint64_t found = 0;
        if (flags & O_DIRECT) {  // which waits for the disk all the same
            found = direct;
            if (!has_offsets(fd, flags)) found |= refuses;
        }
        note(fd, place, found | uses_of_answer);
        return found;
    }
    [[nodiscard]] std::size_t index_of(int fd) const noexcept {
        return static_cast<std::uint32_t>(fd) % places_.size();
    }
    std::atomic<std::uint64_t>& place_of(int fd) noexcept { return places_[index_of(fd)]; }

    inline static constinit std::atomic<std::uint32_t> opened_direct{0};
    std::array<std::atomic<std::uint64_t>, 16> places_{};
};

}  // namespace aio::detail
