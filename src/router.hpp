// SPDX-License-Identifier: MIT
// router: which way is the best for a call that may be quick.
#pragma once

#include "contest.hpp"
#include "inline_route.hpp"
#include "operations/arguments.hpp"
#include "processor.hpp"
#include "row.hpp"

#include <aio/options.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace aio::detail {

enum class way : std::uint8_t {
    at_once,
    by_others,  // workers, or the ring that takes the call anyway
    batched,    // by the ring, together with others
};

/// What there is to do, the request in question included.
struct traffic {
    std::size_t in_flight;
    std::size_t elsewhere;  // of these; the others wait to be delivered
    bool in_poll;
    bool can_batch;  // such a call, submitted now, a ring gets together with others
    bool usual;      // of the priority that requests have here

    static constexpr std::size_t few = 2;

    /// More than what is over before a worker wakes.
    [[nodiscard]] bool heavy() const noexcept { return in_flight > 16; }
    /// Each processor a part, the polling thread's among them.
    [[nodiscard]] bool others_have_their_share() const noexcept {
        return elsewhere * processors() > in_flight * (processors() - 1);
    }
};

/// Chooses for rows with a try_now. Outside of polls by rules, for threads that are not the polling one may
/// ask, too; in a poll by contests of those ways that may be the best.
class router {
  public:
    /// Lifetime: `at_once` outlives it.
    explicit router(const inline_route& at_once) noexcept : at_once_(at_once) {}

    /// A poll begins, and so many results had been delivered before it.
    void next_poll(std::size_t delivered) noexcept {
        const std::array<contest*, 3> all = {&reads_, &few_look_ups_, &look_ups_};
        for (contest* each : all) {
            const auto challenges = [each](const contest* other) {
                return other != each && other->challenges();
            };
            each->next_poll(delivered, std::ranges::none_of(all, challenges), clock::now);
        }
    }

    [[nodiscard]] way choose(const row& row, const call& arguments, const traffic& now) noexcept {
        const bool few = now.in_flight <= traffic::few;
        return row.asks == asked::cached_pages ? choose_to_read(arguments, now, few)
                                               : choose_to_look_up(arguments, now, few);
    }

  private:
    [[nodiscard]] way choose_to_read(const call& arguments, const traffic& now, bool few) noexcept {
        // The position is read, and moved, under a lock that read(2) holds.
        if (arguments.data.offset == file_position || !arguments.data.size) return way::by_others;
        if (few) return way::at_once;
        if (!now.in_poll || !at_once_.hits()) return shared(now);
        const way best = ways_to_read[reads_.choose()];
        if (best == way::at_once) return shared(now);
        // A ring is not held up by what was read at once of late; at once shows whether the next can be.
        if (best == way::batched) return now.can_batch && at_once_.would_hit(arguments) ? best : way::at_once;
        // And whether the page cache still has what is wanted.
        return ++by_others_ % reads_per_look == 0 ? way::at_once : best;
    }
    [[nodiscard]] way choose_to_look_up(const call& arguments, const traffic& now, bool few) noexcept {
        if (!now.in_poll) return few ? way::at_once : way::by_others;
        const way best =
            few ? ways_to_look_up_few[few_look_ups_.choose()] : ways_to_look_up_many[look_ups_.choose()];
        if (best == way::at_once) return shared(now);
        if (best != way::batched) return best;
        // The kernel's threads look up one after the other, however urgent.
        return now.can_batch && now.usual && !is_open_file(arguments.at) ? best : way::by_others;
    }
    /// Of many, the poller makes the share of one processor: whoever only waits for workers has to be woken
    /// by them, which costs as much as ten calls.
    [[nodiscard]] static way shared(const traffic& now) noexcept {
        return !now.heavy() || now.others_have_their_share() ? way::at_once : way::by_others;
    }

    // What is likely to be the best comes first. A look-up at once takes four system calls, for a worker one.
    static constexpr way ways_to_read[] = {way::at_once, way::batched, way::by_others};
    static constexpr way ways_to_look_up_few[] = {way::at_once, way::by_others};
    static constexpr way ways_to_look_up_many[] = {way::by_others, way::batched, way::at_once};
    static constexpr unsigned reads_per_look = 32;

    const inline_route& at_once_;
    // The polling thread's.
    unsigned by_others_ = 0;  // reads
    contest reads_{std::size(ways_to_read)};
    contest few_look_ups_{std::size(ways_to_look_up_few)};
    contest look_ups_{std::size(ways_to_look_up_many)};
};

}  // namespace aio::detail
