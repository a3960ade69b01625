// SPDX-License-Identifier: MIT
#include "activity.hpp"

#include <utility>

namespace aio::detail {

bool activity::attach(loop::attachment& told, completions& wakeup) noexcept {
    std::lock_guard held(mutex);
    if (told_) return false;
    told_ = &told;
    // The loop is held until a first poll has come: by then the thread that polls is known.
    if (told.keeps_ != loop::attachment::keeper::nobody) wakeup.wake();
    return true;
}

void activity::detach() noexcept {
    std::lock_guard held(mutex);
    told_ = nullptr;
    resting_.store(false, std::memory_order_relaxed);
    late_.store(false, std::memory_order_relaxed);
}

void activity::end() noexcept {
    loop::attachment* told = told_;
    detach();
    if (!told) return;
    told->engine_ = nullptr;
    told->ended();
}

void activity::stir(bool polling_thread, completions& wakeup) noexcept {
    std::lock_guard held(mutex);
    if (!resting_.exchange(false, std::memory_order_seq_cst)) return;  // somebody else did
    if (polling_thread || told_->keeps_ == loop::attachment::keeper::any_thread) return tell(true);
    late_.store(true, std::memory_order_relaxed);
    wakeup.wake();
}

void activity::begin_anew(completions& wakeup) noexcept {
    if (told_ && !resting_.load(std::memory_order_relaxed)) wakeup.wake();
}

}  // namespace aio::detail
