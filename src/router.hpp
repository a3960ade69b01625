// SPDX-License-Identifier: MIT
// router: which way is the best for a call that may be quick.
#pragma once

#include "contest.hpp"
#include "inline_route.hpp"
#include "operations/arguments.hpp"
#include "row.hpp"

#include <aio/options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <thread>

namespace aio::detail {

enum class way : std::uint8_t {
    at_once,
    by_workers,
    batched,  // by a ring, together with others
};

/// What there is to do, the request in question included.
struct traffic {
    std::size_t in_flight;
    std::size_t elsewhere;  // of these; the others wait to be delivered
    bool in_poll;
    bool batched;  // what is submitted now, a ring gets together

    /// More than what is over before a worker wakes.
    [[nodiscard]] bool heavy() const noexcept { return in_flight > 16; }
    /// Each processor a part, the polling thread's among them.
    [[nodiscard]] bool others_have_their_share() const noexcept {
        static const std::size_t processors = std::max(1u, std::thread::hardware_concurrency());
        return elsewhere * processors > in_flight * (processors - 1);
    }
};

/// Chooses for rows with a try_now. Outside of polls by rules, for threads that are not the polling one may
/// ask, too; in a poll by contests of those ways that may be the best.
class router {
  public:
    /// Lifetime: `at_once` outlives it.
    explicit router(inline_route& at_once) noexcept : at_once_(at_once) {}

    /// A poll begins, and so many results had been delivered before it.
    void next_poll(std::size_t delivered) noexcept {
        for (contest* each : {&reads_, &look_ups_, &few_look_ups_})
            each->next_poll(delivered, clock::now);
    }

    [[nodiscard]] way choose(const row& row, const call& arguments, const traffic& now,
                             int priority) noexcept {
        const bool few = now.in_flight <= 2;
        const way best = row.asks == asked::cached_pages
                             ? best_to_read(arguments, now, few)
                             : best_to_look_up(row, arguments, now, few, priority);
        // Of many, the poller makes the share of one processor: whoever only waits for workers has to be
        // woken by them, which costs as much as ten calls.
        const bool shares = best == way::at_once && now.heavy();
        return shares && !now.others_have_their_share() ? way::by_workers : best;
    }

  private:
    [[nodiscard]] way best_to_read(const call& arguments, const traffic& now, bool few) noexcept {
        constexpr way ways[] = {way::at_once, way::batched, way::by_workers};
        static_assert(std::size(ways) == ways_to_read);
        if (few || !now.in_poll || !at_once_.hits()) return way::at_once;
        const way best = ways[reads_.choose()];
        if (best != way::batched) return best;
        // A ring is not held up by what has been read at once of late; at once shows whether the next can be.
        return now.batched && at_once_.would_hit(arguments) ? best : way::at_once;
    }
    [[nodiscard]] way best_to_look_up(const row& row, const call& arguments, const traffic& now, bool few,
                                      int priority) noexcept {
        // At once it takes four system calls, for a worker one.
        constexpr way ways_of_few[] = {way::at_once, way::by_workers};
        constexpr way ways_of_many[] = {way::by_workers, way::batched, way::at_once};
        static_assert(std::size(ways_of_few) == ways_to_look_up_few);
        static_assert(std::size(ways_of_many) == ways_to_look_up_many);
        if (!now.in_poll) return few ? way::at_once : way::by_workers;
        const way best = few ? ways_of_few[few_look_ups_.choose()] : ways_of_many[look_ups_.choose()];
        if (best != way::batched) return best;
        // The kernel's threads look up one after the other, however urgent.
        const bool can = now.batched && row.ring && !is_open_file(arguments.at) && priority <= 0;
        return can ? best : way::by_workers;
    }

    static constexpr unsigned ways_to_read = 3;
    static constexpr unsigned ways_to_look_up_few = 2;
    static constexpr unsigned ways_to_look_up_many = 3;

    inline_route& at_once_;
    // The polling thread's.
    contest reads_{ways_to_read};
    contest few_look_ups_{ways_to_look_up_few};
    contest look_ups_{ways_to_look_up_many};
};

}  // namespace aio::detail
