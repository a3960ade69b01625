// SPDX-License-Identifier: MIT
// contest: which of a few ways gets more done, found by trying them.
#pragma once

#include <aio/options.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace aio::detail {

/// What a system call, a wake-up and a kernel thread cost differs from host to host by a factor of ten, so
/// that none of the ways is the best everywhere. While there is much to do, the best so far is used for a few
/// windows, each of as many results; then another for one, which must be clearly faster to take its place.
/// One thread at a time.
class contest {
  public:
    /// The first is the best until another has shown to be, and of what comes seldom.
    explicit contest(unsigned ways) noexcept : ways_(ways) {}

    /// The way for what comes next.
    [[nodiscard]] unsigned choose() noexcept {
        busy_ = true;
        return used_;
    }

    /// A poll begins, and `delivered` results had come before. `now`: the time, if that is needed. `alone`:
    /// no other contest tries anything, so that what is seen comes of this one.
    template <class Now>
    void next_poll(std::size_t delivered, bool alone, Now&& now) noexcept {
        if (delivered == std::exchange(delivered_, delivered)) return;  // a poll that found nothing
        // A challenge that is cut short decides nothing. Less than before: in a fork's child.
        if (!std::exchange(busy_, false) || !alone || delivered < began_at_) {
            counting_ = stage::not_begun;
            began_at_ = delivered;
            if (challenges()) rest();
            return;
        }
        const auto begin = [&](stage next, clock::time_point when) {
            counting_ = next;
            began_at_ = delivered;
            began_ = when;
        };
        if (counting_ == stage::not_begun) return begin(stage::settling, now());
        const std::size_t done = delivered - began_at_;
        const bool complete = done >= (counting_ == stage::settling ? settling : window);
        if (!complete && !challenges()) return;  // without a look at the clock
        const clock::time_point present = now();
        const double took = std::chrono::duration<double>(present - began_).count();
        if (!complete && took < longest_challenge * cost_ * window) return;
        if (complete && counting_ == stage::settling) return begin(stage::counting, present);
        const bool changed = judge(took / static_cast<double>(std::max<std::size_t>(done, 1)));
        begin(changed ? stage::settling : stage::counting, present);
    }

    [[nodiscard]] unsigned best() const noexcept { return best_; }
    /// Whether another way than the best is being tried.
    [[nodiscard]] bool challenges() const noexcept { return used_ != best_; }

    static constexpr std::size_t settling = 512;  // results that may still be of the way before
    static constexpr std::size_t window = 2048;

  private:
    enum class stage { not_begun, settling, counting };

    /// A window is over in which a result cost so much: whether another way is used from now on.
    bool judge(double cost) noexcept {
        if (!challenges()) {
            cost_ = cost;
            if (cost > most_cost) {
                best_ = 0;
                rest();
                return true;
            }
            if (--patience_left_ != 0) return false;
            do
                challenger_ = (challenger_ + 1) % ways_;
            while (challenger_ == best_);
            used_ = challenger_;
            return true;
        }
        if (cost < clearly_less * cost_) {
            best_ = used_;
            cost_ = cost;
            patience_ = least_patience;
        } else {
            patience_ = std::min(2 * patience_, most_patience);
        }
        rest();
        return true;
    }
    /// The best again, for some windows.
    void rest() noexcept {
        used_ = best_;
        patience_left_ = patience_;
    }

    static constexpr double most_cost = 1e-3;  // more: the program waits for something else
    static constexpr double clearly_less = 0.9;
    static constexpr double longest_challenge = 1.5;  // in windows of the best
    static constexpr unsigned least_patience = 1;
    static constexpr unsigned most_patience = 64;

    unsigned ways_;
    unsigned used_ = 0;
    unsigned best_ = 0;
    unsigned challenger_ = 0;
    unsigned patience_ = least_patience;  // windows of the best between two challenges
    unsigned patience_left_ = least_patience;
    double cost_ = 0;  // of a result by the best way, in seconds
    bool busy_ = false;
    stage counting_ = stage::not_begun;
    std::size_t delivered_ = 0;
    std::size_t began_at_ = 0;
    clock::time_point began_{};
};

}  // namespace aio::detail
