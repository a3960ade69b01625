// SPDX-License-Identifier: MIT
// attachment: what every adapter of an event loop is made of, and yours if you write one.
#pragma once

#include <aio/context.hpp>
#include <aio/export.hpp>

#include <chrono>
#include <cstdint>

namespace aio::detail {
class activity;
}

/// Adapters: each attaches a context to one event loop, for as long as the adapter lives. See <aio/loop/…>.
namespace aio::loop {

/// What an adapter's poll may take before the loop turns to its other events.
inline constexpr poll_budget default_budget = {.requests = 0, .time = std::chrono::milliseconds(1)};

/// The base of all adapters: ties one context to one loop, polls when its descriptor is readable, and learns
/// when the loop is to stay alive for it.
///
/// An adapter overrides what its loop needs, calls `detach` first thing in its destructor, and calls `poll`
/// last thing when the loop says that `fd` is readable; level- and edge-triggered loops will both do.
///
/// Lifetime: context and adapter may be destroyed in any order; without its context, an adapter does nothing.
/// Callbacks may destroy the adapter. The loop outlives it unless the adapter says otherwise.
/// Threads: the loop's, which so becomes the context's polling thread. An adapter may be made before the loop
/// is run on another thread.
/// Errors: the constructor throws std::system_error: `device_or_resource_busy` if the context has an adapter,
/// `bad_file_descriptor` if somebody closed its descriptor, or what the loop says.
class AIO_EXPORT attachment {
  public:
    attachment(const attachment&) = delete;
    attachment& operator=(const attachment&) = delete;

    /// Whether there is a context. Polling thread.
    [[nodiscard]] bool attached() const noexcept { return engine_ != nullptr; }
    /// Whether something is outstanding: what keeps the loop alive. Any thread, while there is a context.
    [[nodiscard]] bool busy() const noexcept;

  protected:
    /// Who may tell the loop to stay alive.
    enum class keeper : std::uint8_t { nobody, loop_thread, any_thread };

    attachment(context& io, const poll_budget& budget, keeper keeps);
    virtual ~attachment();

    /// The descriptor to watch for reading.
    [[nodiscard]] int fd() const noexcept { return fd_; }

    /// Delivers what is there, within the budget. False if a callback destroyed this adapter: then nothing of
    /// it may be touched. An exception that leaves a callback leaves this, too.
    bool poll();
    /// To be called whenever the loop is about to sleep, if callbacks may run it again, as dialogs do: does
    /// nothing outside of a poll; inside, what comes makes the descriptor readable again.
    void rest() noexcept;
    /// As context::submit. Requires: attached. Any thread.
    request submit(aio::detail::block_pointer block, const options& how);
    /// Whether this runs inside `poll`.
    [[nodiscard]] bool polling() const noexcept { return polling_ != nullptr; }

    /// What `keep` was told last, at first true.
    [[nodiscard]] bool keeping() const noexcept { return keeping_; }

    /// Takes the context away; none of the functions below is called any more.
    void detach() noexcept;

  private:
    friend class detail::activity;

    /// The loop is to stay alive, as something is outstanding; or need not, which is said inside `poll` only.
    /// A new attachment keeps its loop alive until it was polled once. Not called if `nobody` is the keeper;
    /// else with a lock held.
    virtual void keep(bool alive) noexcept { static_cast<void>(alive); }
    /// The context is being destroyed: the descriptor must not be watched any more.
    virtual void ended() noexcept = 0;

    class visit;

    detail::engine* engine_;
    poll_budget budget_;
    int fd_;
    keeper keeps_;
    bool keeping_ = true;
    visit* polling_ = nullptr;  // the innermost poll
};

}  // namespace aio::loop
