// SPDX-License-Identifier: MIT
// ring_session: a ring and the requests that are in it.
#pragma once

#include "completions.hpp"
#include "credit.hpp"
#include "ring.hpp"
#include "route.hpp"
#include "row.hpp"
#include "tally.hpp"

#include <aio/detail/leaf.hpp>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace aio::detail {

struct ring_tallies {
    tally submitted;
    tally completed;
};

/// From its start to the ring's event a request is here, and with it what the kernel may write to; only its
/// own event lets it go (F4). What the ring refuses or cannot do is given to the workers, and so is what it
/// claims was canceled though nobody asked (F1, F2).
///
/// One thread uses it at a time; to begin a call or to cancel one it must be the one that made it.
class ring_session {
  public:
    ring_session(std::unique_ptr<ring> kernel, std::shared_ptr<completions> results,
                 std::shared_ptr<ring_tallies> counted);
    ring_session(const ring_session&) = delete;
    ring_session& operator=(const ring_session&) = delete;

    [[nodiscard]] bool full() const noexcept { return free_.empty(); }
    [[nodiscard]] std::size_t depth() const noexcept { return flights_.size(); }
    [[nodiscard]] std::size_t in_flight() const noexcept { return flights_.size() - free_.size(); }
    /// Of these, calls that threads of the kernel make, which it has only so many of (F8).
    [[nodiscard]] std::size_t in_threads() const noexcept { return in_threads_; }
    [[nodiscard]] bool offers(ring_operation operation) const noexcept { return kernel_->offers(operation); }
    /// The same, if it has not failed of late; else now and then.
    [[nodiscard]] bool makes(ring_operation operation) noexcept {
        return offers(operation) && pays_[static_cast<std::size_t>(operation)].worthwhile();
    }
    /// Makes it running, to be handed over by flush(). False: the workers must. Requires: not full.
    [[nodiscard]] bool start(leaf& request) noexcept;
    /// How long the kernel took for it.
    clock::duration flush() noexcept;
    /// Whether the kernel would not take all of it, for now.
    [[nodiscard]] bool is_held_up() const noexcept { return !prepared_.empty() && !kernel_->lost(); }
    /// Delivers what is over to the completions, and to `workers` what is theirs to do: whether anything.
    /// Null: everything that is in it was given up.
    bool reap(route* workers) noexcept;
    [[nodiscard]] bool ready() const noexcept { return kernel_->ready(); }
    void notify(bool wanted) noexcept { kernel_->notify(wanted); }

    /// Asks the kernel to end this one, if it is here; or, given none, every one that somebody gave up. False
    /// if it would not be asked all, for now.
    [[nodiscard]] bool interrupt(const block* only) noexcept;
    [[nodiscard]] bool holds(const block& request) const noexcept;
    void for_each_running(void (*visit)(block&, void*), void* data) noexcept;

    /// When the oldest call began, or never.
    [[nodiscard]] clock::time_point oldest() const noexcept;

    [[nodiscard]] bool lost() const noexcept { return kernel_->lost(); }
    /// No more calls; what was not handed over yet is the workers'. Any thread may reap the rest.
    void close(route* workers) noexcept;
    void leave_to_parent() noexcept { kernel_->leave_to_parent(); }

  private:
    struct flight {
        leaf* request = nullptr;  // null: free
        std::uint64_t token = 0;
        clock::time_point began;  // when it was handed over first
        std::string bytes;        // what the kernel fills, if that is not the caller's
        std::size_t done = 0;     // bytes that earlier calls for the same request moved
        bool nowait = false;      // its file was not known to answer at once
        bool repeats = false;     // an earlier call wrote a part of the same
        bool handed_over = false;
        bool cancelling = false;

        [[nodiscard]] bool has_moved() const noexcept { return done != 0 || repeats; }
    };

    static constexpr std::size_t no_place = ~std::size_t{0};

    [[nodiscard]] bool ask(flight& one) noexcept;
    void end(const ring_event& event, route* workers) noexcept;
    void advance(flight& one, std::size_t moved, route* workers) noexcept;
    [[nodiscard]] static std::size_t size_of(const flight& one) noexcept;
    void ask_again(flight& one, route* workers) noexcept;
    void deliver(flight& one, int failed, std::size_t count) noexcept;
    void hand_to(route* workers, flight& one, bool half_made) noexcept;
    void free(flight& one) noexcept;
    [[nodiscard]] std::size_t place_of(const flight& one) const noexcept {
        return static_cast<std::size_t>(&one - flights_.data());
    }

    std::unique_ptr<ring> kernel_;
    std::shared_ptr<completions> results_;
    std::shared_ptr<ring_tallies> counted_;
    std::vector<flight> flights_;
    std::vector<std::size_t> free_;  // places in flights_
    std::size_t in_threads_ = 0;
    std::vector<std::size_t> prepared_;  // the same, or no_place of a cancel, in the order of asking
    std::uint64_t asked_ = 0;
    bool closed_ = false;    // what is in it ends, and no more is asked for
    block* over_ = nullptr;  // while reaping: to be pushed together
    std::array<credit, ring_operations> pays_;
    std::array<bool, ring_operations> has_made_{};
};

}  // namespace aio::detail
