// SPDX-License-Identifier: MIT
// thread_mark: tells the calling thread from others, at the price of an address.
#pragma once

namespace aio::detail {

/// Names the calling thread by an address of its own, which a later thread may have again.
[[nodiscard]] inline const void* this_thread_mark() noexcept {
    static thread_local const char mark = 0;
    return &mark;
}

}  // namespace aio::detail
