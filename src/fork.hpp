// SPDX-License-Identifier: MIT
// fork: keeps every engine whole in the parent, and empty in the child (C-FORK).
#pragma once

namespace aio::detail {

class engine;

void register_for_fork(engine& added) noexcept;
void unregister_for_fork(engine& removed) noexcept;

}  // namespace aio::detail
