// SPDX-License-Identifier: MIT
// Random programs of composites on trees, several in flight, in simulated worlds, one per seed: whatever goes
// wrong, nothing is lost, nothing is left behind, and what is reported is what became of the files.
//
// AIO_SEED=n plays one seed and prints what happened; AIO_SEEDS=first-last plays these instead of 1-200.
#include "scenario/scenario.hpp"
#include "support/leaks.hpp"
#include "support/seeds.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

namespace aio::test {

namespace {

class SimulatedTrees : public leak_checked {
  protected:
    static void play(std::uint64_t seed) {
        SCOPED_TRACE("replay with AIO_SEED=" + std::to_string(seed));
        std::string transcript;
        for (int time = 0; time < 2; ++time) {
            scenarios::scenario each(seed);
            each.play();
            EXPECT_TRUE(!time || each.transcript() == transcript) << transcript << "\n" << each.transcript();
            transcript = each.transcript();
        }
        if (std::getenv("AIO_SEED")) std::cout << transcript;
    }
};

TEST_F(SimulatedTrees, NothingIsLostOrLeftBehind) {
    const seeds wanted(200);
    for (std::uint64_t seed = wanted.first; seed <= wanted.last && !HasFailure(); ++seed) {
        if (seed % 200 == 0) ::alarm(120);  // the fixture's, for each few
        play(seed);
    }
    std::printf("trees: %d faults\n", scenarios::happened["faults"]);
    const bool is_enough = wanted.last - wanted.first >= 199;
    if (HasFailure() || !is_enough) return;
    for (const char* name : scenarios::names)
        for (const char* ended : {" done", " failed"})
            EXPECT_GT(scenarios::happened[std::string(name) + ended], 0) << name << ended;
    for (const char* each : {"copy_tree stopped", "move_tree stopped", "rmtree stopped",
                             "between file systems", "faults", "temporary names left"})
        EXPECT_GT(scenarios::happened[each], 0) << each;
    if (std::getenv("AIO_SEEDS"))
        for (const auto& [what, times] : scenarios::happened)
            std::cout << what << ": " << times << "\n";
}

}  // namespace

}  // namespace aio::test
