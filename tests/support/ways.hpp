// SPDX-License-Identifier: MIT
// The ways of using an operation: one test body covers callback, coroutine, blocking and group use.
#pragma once

#include <aio/context.hpp>
#include <aio/group.hpp>
#include <aio/task.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <ostream>
#include <utility>

namespace aio::test {

enum class way { callback, coroutine, run, group };

inline constexpr way all_ways[] = {way::callback, way::coroutine, way::run, way::group};

inline const char* name_of(way which) {
    constexpr const char* names[] = {"callback", "coroutine", "run", "group"};
    return names[static_cast<int>(which)];
}
inline void PrintTo(way which, std::ostream* out) {
    *out << name_of(which);
}

/// A task that awaits `work`. The paths that it borrows must outlive it.
template <work Work>
task<typename Work::outcome> awaiting(Work work) {
    auto outcome = co_await std::move(work);
    co_return std::move(outcome);
}

/// Called by each use, but for `way::run`, once its work has been accepted.
inline std::function<void()> when_accepted = [] {};

/// Uses `work` to its end, and checks that its outcome arrives exactly once.
template <work Work>
typename Work::outcome use(way how, context& io, Work&& work) {
    using outcome = typename Work::outcome;
    std::optional<outcome> got;
    int arrived = 0;
    auto receive = [&](outcome&& value) {
        ++arrived;
        got.emplace(std::move(value));
    };
    switch (how) {
        case way::callback:
            io.submit(std::move(work), receive);
            EXPECT_EQ(arrived, 0) << "M-2: called inside submit";
            when_accepted();
            io.flush();
            break;
        case way::coroutine:
            io.submit(awaiting(std::move(work)), receive);
            EXPECT_EQ(arrived, 0) << "M-2: called inside submit";
            when_accepted();
            io.flush();
            break;
        case way::run:
            receive(io.run(std::move(work)));
            break;
        case way::group: {
            int ended = 0;
            int arrived_before = 0;
            group all(io, {}, [&](result<>) {
                ++ended;
                arrived_before = arrived;
            });
            all.add(std::move(work), receive);
            EXPECT_EQ(arrived, 0) << "M-2: called inside add";
            when_accepted();
            io.flush();  // what a task throws leaves it: A-7
            EXPECT_EQ(ended, 1);
            EXPECT_EQ(arrived_before, 1) << "G-4: the group ended before its member";
            break;
        }
    }
    EXPECT_EQ(arrived, 1);
    return std::move(got).value();
}

}  // namespace aio::test
