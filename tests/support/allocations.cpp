// SPDX-License-Identifier: MIT
#include "support/allocations.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace aio::test {

namespace {

std::atomic<std::size_t> bytes_now{0};

// Relaxed everywhere: whoever makes the requests has said before what is to fail.
std::atomic<bool> fails{false};
std::atomic<bool> goes_on{false};    // after the first
std::atomic<int> before_failure{0};  // allocations, negative after it
std::atomic<bool> failed{false};
std::atomic<bool> everywhere{true};
thread_local constinit bool is_meant = false;

bool is_to_fail() noexcept {
    if (!fails.load(std::memory_order_relaxed)) return false;
    if (!everywhere.load(std::memory_order_relaxed) && !is_meant) return false;
    const int before = before_failure.fetch_sub(1, std::memory_order_relaxed);
    if (before > 0 || (before < 0 && !goes_on.load(std::memory_order_relaxed))) return false;
    failed.store(true, std::memory_order_relaxed);
    return true;
}

constexpr std::size_t malloc_header = sizeof(std::size_t);

void* hand_out(std::size_t size, std::size_t alignment) noexcept {
    if (is_to_fail()) return nullptr;
    void* memory = nullptr;
    if (alignment <= alignof(std::max_align_t))
        memory = std::malloc(size ? size : 1);
    else if (::posix_memalign(&memory, alignment, size))
        return nullptr;
    if (memory) bytes_now.fetch_add(::malloc_usable_size(memory) + malloc_header, std::memory_order_relaxed);
    return memory;
}

void take_back(void* memory) noexcept {
    if (!memory) return;
    bytes_now.fetch_sub(::malloc_usable_size(memory) + malloc_header, std::memory_order_relaxed);
    std::free(memory);
}

void* or_throw(void* memory) {
    if (!memory) throw std::bad_alloc();
    return memory;
}

}  // namespace

std::size_t allocated_bytes() {
    return bytes_now.load(std::memory_order_relaxed);
}

failing_allocation::failing_allocation(int n, lasting how, threads whose) {
    is_meant = true;
    everywhere.store(whose == threads::all, std::memory_order_relaxed);
    failed.store(false, std::memory_order_relaxed);
    goes_on.store(how == lasting::from_then_on, std::memory_order_relaxed);
    before_failure.store(n, std::memory_order_relaxed);
    fails.store(true, std::memory_order_relaxed);
}
failing_allocation::~failing_allocation() {
    fails.store(false, std::memory_order_relaxed);
    is_meant = false;
}
bool failing_allocation::happened() const {
    return failed.load(std::memory_order_relaxed);
}

}  // namespace aio::test

using aio::test::hand_out;
using aio::test::or_throw;
using aio::test::take_back;

// All in terms of the two above. The sized and array forms of the library call these.
void* operator new(std::size_t size) {
    return or_throw(hand_out(size, 1));
}
void* operator new[](std::size_t size) {
    return or_throw(hand_out(size, 1));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return hand_out(size, 1);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return hand_out(size, 1);
}
void* operator new(std::size_t size, std::align_val_t at) {
    return or_throw(hand_out(size, static_cast<std::size_t>(at)));
}
void* operator new[](std::size_t size, std::align_val_t at) {
    return or_throw(hand_out(size, static_cast<std::size_t>(at)));
}
void operator delete(void* memory) noexcept {
    take_back(memory);
}
void operator delete[](void* memory) noexcept {
    take_back(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    take_back(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    take_back(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    take_back(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
    take_back(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    take_back(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
    take_back(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    take_back(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
    take_back(memory);
}
