// SPDX-License-Identifier: MIT
// lasting: how long something that fails when told to goes on failing.
#pragma once

namespace aio::test {

enum class lasting { one, from_then_on };

inline constexpr lasting all_lastings[] = {lasting::one, lasting::from_then_on};

inline const char* name_of(lasting which) {
    return which == lasting::one ? "one" : "from then on";
}

}  // namespace aio::test
