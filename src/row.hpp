// SPDX-License-Identifier: MIT
// row: one operation of the table.
#pragma once

#include "error_classes.hpp"
#include "ring.hpp"

#include <aio/detail/block.hpp>
#include <aio/operation.hpp>
#include <aio/result.hpp>

#include <memory>
#include <new>
#include <span>

namespace aio::detail {

/// The cheapest way to make a call that cannot block the caller.
enum class default_route : std::uint8_t {
    at_once,  // in the submitting thread: it never blocks
    threads,  // but row::try_now is tried before, if there is one
};

/// What the kernel writes for a ring's call, if it is neither bytes nor a count.
struct ring_answer {
    std::size_t size;
    /// Whether it is there, in memory that was all zeros.
    bool (*is_there)(const void* answer) noexcept;
    /// Makes the operation's value of it.
    void (*convert)(const void* answer, void* value) noexcept;
};

/// How a ring makes a call, with the arguments that the system call has. Its result counts, but for errors:
/// those are a worker's to find, which makes the call once more. So they mean the same on every route (F1,
/// F3, F10).
struct ring_form {
    ring_operation operation;
    bool moves_bytes = false;       // between a file, at an offset, and the memory of call::data
    bool until_done = false;        // and goes on until all are moved, or none
    bool owns_buffer = false;       // and the value is a string of them
    bool errors_are_final = false;  // unless they are the ring's own: told once, or the same of a worker
    bool for_many = false;          // of one alone, a worker is faster
    const ring_answer* answer = nullptr;
};

/// What row::try_now asks.
enum class asked : std::uint8_t {
    cached_pages,  // of files: it reads at an offset
    cached_names,  // what paths mean
};

/// What the library knows of an operation. Each stands next to its function, in src/operations.
struct row {
    const char* name;
    /// Makes the blocking call, on any thread, EINTR handled: 0 and a value made at `value`, or an errno.
    int (*run)(const call& arguments, void* value) noexcept;
    /// What it may give, besides what is wrong with its arguments. Without a default.
    error_classes errors;
    /// The same if that is certain not to block, else an errno that does not count, and nothing has happened:
    /// EOPNOTSUPP if this file can never be asked so, EAGAIN if it could not now. Null if nothing is certain.
    int (*try_now)(const call& arguments, void* value) noexcept = nullptr;
    asked asks = asked::cached_pages;
    /// What a ring is asked instead; null: a ring has nothing like it, or nothing better.
    const ring_form* ring = nullptr;
    /// Undoes what a value stands for where destroying it is not enough; null if it is.
    void (*undo)(void* value) noexcept = nullptr;
    detail::short_counts short_counts = detail::short_counts::none;
    stake at_stake = stake::nothing;
    default_route route = default_route::threads;
    const char* why = "no faster way that never blocks";  // of the route, for `aio routes`
};

/// Adapts `result<T> function(const call&)` to row::run.
template <auto Function>
int run(const call& arguments, void* value) noexcept {
    using outcome = decltype(Function(arguments));
    using value_type = typename outcome::value_type;
    try {
        outcome made = Function(arguments);
        if (!made) return made.error().value();
        // The value takes the place of the arguments: only now are they no longer needed.
        if constexpr (!std::is_void_v<value_type>)
            std::construct_at(static_cast<value_type*>(value), std::move(*made));
        return 0;
    } catch (const std::bad_alloc&) {
        return ENOMEM;
    }
}

/// All rows, in the order of their names, for `aio routes` and the tests.
std::span<const row* const> all_rows() noexcept;

}  // namespace aio::detail
