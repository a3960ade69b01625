// SPDX-License-Identifier: MIT
// activity: tells an event loop's adapter when anything is outstanding and when nothing is.
#pragma once

#include "completions.hpp"

#include <aio/loop/attachment.hpp>

#include <atomic>
#include <mutex>

namespace aio::detail {

/// At most one adapter for each engine. It is told of every change between "something is outstanding" and
/// "nothing is" exactly once, whichever threads submit meanwhile.
class activity {
  public:
    activity() = default;
    activity(const activity&) = delete;
    activity& operator=(const activity&) = delete;

    /// False if there is an adapter already. Polling thread, as the rest but for `stir`.
    [[nodiscard]] bool attach(loop::attachment& told, completions& wakeup) noexcept;
    void detach() noexcept;
    /// The engine is being destroyed.
    void end() noexcept;

    /// To be asked after something was submitted: whether `stir` must be called. Sequentially consistent,
    /// like the submission: either this sees that the loop was let go, or `turn_ended` what was submitted.
    [[nodiscard]] bool resting() const noexcept { return resting_.load(std::memory_order_seq_cst); }
    void stir(bool polling_thread, completions& wakeup) noexcept;

    /// A poll has ended; `outstanding()` counts, in the single order.
    template <class Outstanding>
    void turn_ended(Outstanding&& outstanding, completions& wakeup) noexcept {
        if (!told_ || told_->keeps_ == loop::attachment::keeper::nobody) return;
        // Relaxed: whoever sets it wakes the poller after that, so there will be another turn.
        if (!late_.load(std::memory_order_relaxed) && (resting() || outstanding())) return;
        std::lock_guard held(mutex);
        if (late_.exchange(false, std::memory_order_relaxed)) tell(true);
        if (resting() || outstanding()) return;
        // Only in the adapter's own poll, inside the loop, is the loop let go. After another, that one is
        // due.
        if (!told_->polling()) return wakeup.wake();
        resting_.store(true, std::memory_order_seq_cst);
        if (outstanding())  // submitted meanwhile: who did it waits for the lock, to find nothing to do
            resting_.store(false, std::memory_order_seq_cst);
        else
            tell(false);
    }

    /// In a fork's child, where nothing is outstanding: the next poll tells the adapter.
    void begin_anew(completions& wakeup) noexcept;

    std::mutex mutex;  // held while the adapter is told; nothing else is taken meanwhile

  private:
    void tell(bool busy) noexcept {
        told_->keeping_ = busy;
        told_->keep(busy);
    }

    loop::attachment* told_ = nullptr;  // written by the poller, with the lock
    std::atomic<bool> resting_{false};  // the adapter was told that nothing is outstanding
    std::atomic<bool> late_{false};     // the poller is to tell it that something is
};

}  // namespace aio::detail
