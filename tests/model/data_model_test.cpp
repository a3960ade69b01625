// SPDX-License-Identifier: MIT
// The data model: reads, writes, truncates and holes of one file, up to 32 in flight, on every engine.
//
// AIO_SEED=n plays one seed, AIO_SEEDS=first-last these.
#include "model/data_model.hpp"
#include "support/engines.hpp"
#include "support/sanitizers.hpp"
#include "support/seeds.hpp"
#include "support/temporary.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>

namespace aio::test {

namespace {

constexpr std::uint64_t fixed_seeds = sanitized ? 2 : 8;
constexpr int operations = sanitized ? 500 : 2000;

std::size_t all_operations = 0;
std::size_t most_in_flight = 0;  // since a test set it to 0

/// Plays; gives what is in the file then.
std::string play(context& io, const std::string& path, const data_model::settings& how) {
    const int direct = how.direct ? O_DIRECT : 0;
    file open(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | direct, 0600));
    EXPECT_TRUE(open);
    data_model model(io, open, how);
    model.play(operations);
    all_operations += operations;
    most_in_flight = std::max(most_in_flight, model.most_in_flight());
    EXPECT_EQ(model.difference(), "");
    return model.content();
}

class DataModel : public engine_test {
  public:
    static void TearDownTestSuite() { std::printf("data model: %zu operations\n", all_operations); }
};

TEST_P(DataModel, EveryByteIsOldOrNew) {
    const temporary_tree tree(in_memory());
    auto io = make_context();
    most_in_flight = 0;
    play_seeds(fixed_seeds, [&](std::uint64_t seed) { play(*io, tree / "file", {.seed = seed}); });
    EXPECT_EQ(most_in_flight, data_model::in_flight_max);
}

TEST_P(DataModel, DirectToo) {
    const temporary_tree tree;
    const file probe(::open((tree / "probe").c_str(), O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600));
    if (!probe) GTEST_SKIP() << "the file system has no O_DIRECT";
    auto io = make_context();
    most_in_flight = 0;
    for (std::uint64_t seed = 1; seed <= 2; ++seed)
        play(*io, tree / "file", {.seed = seed, .direct = true});
    EXPECT_EQ(most_in_flight, data_model::in_flight_max);
}

AIO_ON_EVERY_ENGINE(DataModel);

class DataModelOfAll : public leak_checked {};

TEST_F(DataModelOfAll, EnginesAgreeWhereNothingOverlaps) {
    const temporary_tree tree(in_memory());
    play_seeds(fixed_seeds, [&](std::uint64_t seed) {
        std::string first;
        for (const engine& each : all_engines()) {
            SCOPED_TRACE(each.name);
            engine_context io(each, {});
            const std::string content = play(*io, tree / "file", {.seed = seed, .overlapping = false});
            if (first.empty()) first = content;
            EXPECT_TRUE(content == first)
                << "the file is another one than with " << all_engines().front().name;
        }
    });
}

TEST_F(DataModelOfAll, FaultsChangeNothing) {
    const temporary_tree tree(in_memory());
    play_seeds(fixed_seeds, [&](std::uint64_t seed) {
        simulation world({.seed = seed, .faults = {.error = 0.1, .short_count = 0.3}});
        context io({.simulation = &world});
        play(io, tree / "file", {.seed = seed, .with_faults = true});
    });
}

}  // namespace

}  // namespace aio::test
