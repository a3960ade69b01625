// SPDX-License-Identifier: MIT
// The model: random programs at a tree through the library, and at its twin by plain calls, give the same.
//
// AIO_SEED=n plays one seed and prints what it did; AIO_SEEDS=first-last plays these instead of a few fixed
// ones and one at random. The programs are bytes, those of tests/fuzz/corpus among them.
#include "model/world.hpp"
#include "row.hpp"
#include "support/engines.hpp"
#include "support/sanitizers.hpp"
#include "support/seeds.hpp"
#include "support/temporary.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>

namespace aio::test {

namespace {

namespace fs = std::filesystem;

/// Programs of so many bytes, of which each step takes a dozen.
constexpr std::size_t program_size = 2048;

constexpr std::uint64_t fixed_seeds = sanitized ? 4 : 20;

std::ptrdiff_t all_programs = 0, all_steps_compared = 0;

/// Plays `program` on `on`; gives what it did, a line a step.
std::string play(const engine& on, std::span<const std::uint8_t> program) {
    const temporary_tree directory(in_memory());
    engine_context io(on, {});
    world played(*io, program, directory.root());
    played.play();
    EXPECT_EQ(played.difference(), "");
    ++all_programs;
    all_steps_compared += std::ranges::count(played.transcript(), '\n');
    return played.transcript();
}

/// What every engine gives is the same, too.
void play_on_all(std::span<const std::uint8_t> program) {
    std::string first;
    for (const engine& each : all_engines()) {
        SCOPED_TRACE(each.name);
        const std::string transcript = play(each, program);
        if (first.empty()) first = transcript;
        EXPECT_EQ(transcript, first);
    }
    if (std::getenv("AIO_SEED")) std::cout << first;
}

class Model : public leak_checked {
  public:
    static void TearDownTestSuite() {
        std::printf("model: %td programs played, %td steps compared\n", all_programs, all_steps_compared);
    }

  protected:
    void SetUp() override {
        leak_checked::SetUp();
        ::signal(SIGPIPE, SIG_IGN);
    }
    void TearDown() override {
        ::signal(SIGPIPE, SIG_DFL);
        leak_checked::TearDown();
    }
};

TEST_F(Model, EverySeedGivesWhatPlainCallsGiveOnEveryEngine) {
    play_seeds(fixed_seeds, [](std::uint64_t seed) { play_on_all(random_bytes(seed, program_size)); });
}

TEST_F(Model, TheFuzzersCorpusGivesWhatPlainCallsGive) {
    std::size_t programs = 0;
    for (const auto& entry : fs::directory_iterator(AIO_CORPUS)) {
        SCOPED_TRACE(entry.path());
        std::ifstream in(entry.path(), std::ios::binary);
        std::vector<char> bytes(std::istreambuf_iterator<char>(in), {});
        if (!bytes.empty()) bytes.erase(bytes.begin());  // the engine that the fuzzer used
        play_on_all(std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
        ++programs;
    }
    EXPECT_GE(programs, 10u);
}

TEST_F(Model, HasAStepForEveryRow) {
    // Not what only waits, and not what would wait for everybody's disks.
    std::set<std::string> missing = {"busy", "nop", "sync"};
    for (const step& each : all_steps())
        EXPECT_FALSE(missing.contains(each.name));
    for (const step& each : all_steps())
        missing.insert(each.name);
    for (const detail::row* row : detail::all_rows())
        EXPECT_TRUE(missing.contains(row->name)) << row->name;
}

/// A model whose programs only fail would test little: each step succeeds sooner or later, and fails.
TEST_F(Model, ItsProgramsReachSuccessAndFailure) {
    std::set<std::string> missing;
    for (const step& each : all_steps())
        for (const char* how : {" succeeds", " fails"})
            missing.insert(each.name + std::string(how));
    for (std::uint64_t seed = 1; seed <= 100 && !missing.empty(); ++seed) {
        std::istringstream lines(play(all_engines().back(), random_bytes(seed, program_size)));
        for (std::string line; std::getline(lines, line);) {
            const bool failed = line[line.rfind(" = ") + 3] == 'E';
            missing.erase(line.substr(0, line.find(' ')) + (failed ? " fails" : " succeeds"));
        }
    }
    for (const std::string& each : missing)
        ADD_FAILURE() << "never: " << each;
}

}  // namespace

}  // namespace aio::test
