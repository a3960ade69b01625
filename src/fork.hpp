// SPDX-License-Identifier: MIT
// fork: keeps every engine whole in the parent, and empty in the child (C-FORK).
#pragma once

#include <aio/detail/block.hpp>

#include <atomic>
#include <cstdint>

namespace aio::detail {

/// Of this process: a fork's child has the next. Relaxed everywhere: it changes only there, before there is
/// any other thread.
inline std::atomic<std::uint8_t> era{0};

/// Whether a fork has made this process since it was started: then the parent has it.
[[nodiscard]] inline bool is_the_parents(const block& request) noexcept {
    return request.era != era.load(std::memory_order_relaxed);
}

void register_for_fork(engine& added) noexcept;
void unregister_for_fork(engine& removed) noexcept;

}  // namespace aio::detail
