// SPDX-License-Identifier: MIT
// operation<T>: a value that says what to do. How it is run is a separate choice: context::submit,
// context::run, group::add, co_await.
#pragma once

#include <aio/detail/awaiter.hpp>
#include <aio/detail/leaf.hpp>
#include <aio/options.hpp>
#include <aio/result.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace aio {

/// A file operation that has not been started; T is what it gives.
///
/// Lifetime: borrows its path and buffers. `submit` copies the path; buffers must live until the request
/// completes. `co_await` it in the expression that makes it. Dropping an operation does nothing.
template <class T = void>
class [[nodiscard]] operation {
  public:
    using value_type = T;
    using outcome = result<T>;

    operation(const detail::row& row, const detail::call& call) noexcept : row_(&row), call_(call) {}
    operation(operation&&) noexcept = default;
    operation& operator=(operation&&) noexcept = default;
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;
    ~operation() = default;

    /// The same operation, run as `how` says. Replaces all that an earlier `with` said.
    [[nodiscard]] operation with(const options& how) && noexcept {
        how_ = how;
        return std::move(*this);
    }

    /// Awaits the result in a task. Resumes in the context's poll; what is answered at once may not suspend.
    /// Cancel: a cancelled task gets `operation_canceled` from here, if the call had no effect.
    [[nodiscard]] auto operator co_await() && noexcept {
        return detail::request_awaiter<operation>(std::move(*this));
    }
    /// One with a name has borrowed what may be gone by now: `co_await` it where it is made, or std::move it.
    void operator co_await() const& = delete;

    // What follows is for the library.
    [[nodiscard]] const options& how() const noexcept { return how_; }
    template <class Callback>
    [[nodiscard]] detail::block_pointer into_block(Callback callback) && {
        return detail::leaf_block<T, Callback>::make(*row_, call_, std::move(callback));
    }

    /// The outcome, if it can be had at once: no request is made.
    [[nodiscard]] std::optional<outcome> at_once(detail::engine& owner, const options& how) const noexcept {
        using stored = detail::stored<T>;
        alignas(stored) std::byte space[sizeof(stored)];
        const int failed = detail::call_at_once(owner, *row_, call_, how, space);
        if (failed == detail::not_at_once) return std::nullopt;
        if (failed) return error(failed);
        if constexpr (std::is_void_v<T>) {
            return outcome();
        } else {
            auto& value = *std::launder(reinterpret_cast<T*>(space));
            outcome made(std::move(value));
            std::destroy_at(&value);
            return made;
        }
    }

  private:
    const detail::row* row_;
    detail::call call_;
    options how_;
};

}  // namespace aio
