// SPDX-License-Identifier: MIT
// inline_function: what options hold where they take a function of yours.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace aio {

template <class Signature>
class inline_function;

/// A copy of a function pointer, or of a lambda that captures no more than four references, pointers or
/// numbers. Empty by default.
///
/// Trivially destructible, as options have to be: g++ 12 destroys other temporaries inside a `co_await`
/// twice. Lifetime: what the lambda refers to outlives the request that it is given to.
template <class R, class... Arguments>
class inline_function<R(Arguments...)> {
  public:
    constexpr inline_function() noexcept = default;

    template <class Function>
        requires(!std::same_as<std::remove_cvref_t<Function>, inline_function> &&
                 std::is_invocable_r_v<R, std::decay_t<Function>&, Arguments...>)
    inline_function(Function&& function) noexcept {
        using kept = std::decay_t<Function>;
        if constexpr (std::is_pointer_v<kept>)
            if (!function) return;  // empty, too
        static_assert(std::is_trivially_copyable_v<kept> && std::is_trivially_destructible_v<kept>,
                      "capture references or pointers: the function is copied byte by byte");
        static_assert(sizeof(kept) <= sizeof(room_) && alignof(kept) <= alignof(void*),
                      "capture at most four references or pointers");
        new (static_cast<void*>(room_)) kept(std::forward<Function>(function));
        call_ = [](void* room, Arguments... arguments) -> R {
            return (*std::launder(static_cast<kept*>(room)))(std::forward<Arguments>(arguments)...);
        };
    }

    [[nodiscard]] explicit operator bool() const noexcept { return call_ != nullptr; }
    /// Requires: not empty.
    R operator()(Arguments... arguments) const {
        return call_(static_cast<void*>(room_), std::forward<Arguments>(arguments)...);
    }

  private:
    alignas(void*) mutable std::byte room_[4 * sizeof(void*)] = {};
    R (*call_)(void*, Arguments...) = nullptr;
};

}  // namespace aio
