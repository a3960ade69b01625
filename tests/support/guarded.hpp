// SPDX-License-Identifier: MIT
// guarded_buffer: memory that ends where the next byte cannot be touched, and begins after bytes that tell.
#pragma once

#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <span>

namespace aio::test {

class guarded_buffer {
  public:
    explicit guarded_buffer(std::size_t size) : size_(size), pages_((size + page - 1) / page * page) {
        void* mapped =
            ::mmap(nullptr, pages_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED) throw std::bad_alloc();
        first_ = static_cast<std::byte*>(mapped);
        ::mprotect(first_ + pages_, page, PROT_NONE);
        std::fill_n(first_, pages_, untouched);
    }
    guarded_buffer(const guarded_buffer&) = delete;
    guarded_buffer& operator=(const guarded_buffer&) = delete;
    ~guarded_buffer() { ::munmap(first_, pages_ + page); }

    [[nodiscard]] std::span<std::byte> bytes() const { return {first_ + pages_ - size_, size_}; }

    /// Whether nothing was written to but `touched`, neither in it nor before it.
    [[nodiscard]] bool intact_but(std::span<const iovec> touched) const {
        return std::all_of(first_, first_ + pages_, [&](const std::byte& each) {
            return each == untouched || std::ranges::any_of(touched, [&](const iovec& some) {
                       const auto* begin = static_cast<const std::byte*>(some.iov_base);
                       return begin <= &each && &each < begin + some.iov_len;
                   });
        });
    }

  private:
    static constexpr std::size_t page = 4096;
    static constexpr std::byte untouched{0xa5};

    std::byte* first_;
    std::size_t size_;
    std::size_t pages_;
};

}  // namespace aio::test
