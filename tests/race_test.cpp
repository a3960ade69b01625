// SPDX-License-Identifier: MIT
// Hostile swaps between the steps of operations on trees, on every engine, from a seed. What the tool does
// when each swap comes before each of its calls is explored in tests/race. Promises T-1, T-2, T-3, T-10,
// T-11.
//
// AIO_SEED=n plays one seed, AIO_SEEDS=first-last these instead of 1-300.
#include "race/swaps.hpp"
#include "random_source.hpp"
#include "support/engines.hpp"
#include "support/seeds.hpp"
#include "support/steps.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

namespace aio::test {

namespace {

namespace fs = std::filesystem;
using race::boundary;
using race::scene;
using race::swap;

struct operation_on_tree {
    const char* name;
    task<tree_result> (*make)(const scene& on);
    bool loses_nothing = true;    // what is in the tree is afterwards somewhere
    bool changes_inodes = false;  // so that those that somebody links or mounts into the tree are changed
};

const operation_on_tree operations[] = {
    {"rmtree", [](const scene& on) { return rmtree(on.tree.string()); }, false},
    {"copy_tree", [](const scene& on) { return copy_tree(on.tree.string(), on.copy.string()); }},
    {"copy_tree, links followed",
     [](const scene& on) {
         return copy_tree(on.tree.string(), on.copy.string(),
                          {.keep = preserve::nothing, .follow = follow_links::root});
     }},
    {"move", [](const scene& on) { return aio::move(on.tree.string(), on.copy.string()); }},
    {"walk",
     [](const scene& on) { return walk(on.tree.string(), [](const walk_batch&) {}, {.status = true}); }},
    {"disk_usage", [](const scene& on) { return disk_usage(on.tree.string()); }},
    {"chmod_tree", [](const scene& on) { return chmod_tree(on.tree.string(), 0711, 0640); }, true, true},
};

/// Two directories, of two file systems if there are two.
class place {
  public:
    place() {
        for (auto& [parent, path] :
             {std::pair<const char*, std::string&>("/dev/shm", here_), {"/tmp", there_}}) {
            path = std::string(fs::is_directory(parent) ? parent : "/tmp") + "/aio-race-XXXXXX";
            if (!::mkdtemp(path.data())) throw std::system_error(errno, std::system_category(), path);
        }
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() {
        fs::remove_all(here_);
        fs::remove_all(there_);
    }
    [[nodiscard]] const std::string& here() const { return here_; }
    [[nodiscard]] const std::string& there() const { return there_; }

  private:
    std::string here_, there_;
};

class Race : public engine_test {
  protected:
    void play(std::uint64_t seed);
    std::size_t run(const operation_on_tree& what, const swap* how, std::size_t number);
    template <class Look>
    void watch_all(Look&& look);

    place place_;
    scene on_{place_.here(), place_.there()};
    std::map<std::string, std::size_t> steps_of_;  // operations, when nobody interferes
    std::size_t made_ = 0;                         // swaps that there was something for
};

/// Where a call looks, if that is in the scene.
std::optional<boundary> boundary_of(const scene& on, int base, std::string_view path) {
    fs::path directory;
    std::error_code ignored;
    if (base != AT_FDCWD) directory = fs::read_symlink("/proc/self/fd/" + std::to_string(base), ignored);
    const fs::path whole = path.empty() ? directory : directory / path;
    for (const fs::path& top : {on.here, on.there})
        if (whole.string().starts_with(top.string() + "/"))
            return boundary{.directory = whole.parent_path(), .name = path.empty() ? "" : whole.filename()};
    return {};
}

/// Runs the operation, with a swap before the step of that number, if one is wanted. How many steps it had.
std::size_t Race::run(const operation_on_tree& what, const swap* how, std::size_t number) {
    on_.reset();
    auto io = make_context();
    std::size_t met = 0;
    bool copy_was_met = false;
    const steps look([&](int base, std::string_view path) {
        auto at = boundary_of(on_, base, path);
        if (!at) return;
        at->copy_was_met = std::exchange(copy_was_met, copy_was_met || at->directory / at->name == on_.copy);
        const bool is_time = how && (met == number || (how->again && met > number && met < number + 2000));
        if (is_time && how->act(on_, *at)) ++made_;
        ++met;
    });
    static_cast<void>(io->run(what.make(on_)));
    return met;
}

void Race::play(std::uint64_t seed) {
    detail::random_source dice(seed);
    const operation_on_tree& what = operations[dice.below(std::size(operations))];
    const swap& how = race::all_swaps()[dice.below(race::all_swaps().size())];
    if (what.changes_inodes && how.brings_data) return;
    const auto [known, is_new] = steps_of_.try_emplace(what.name);
    if (is_new) known->second = run(what, nullptr, 0);
    ASSERT_GT(known->second, 10U);
    const std::size_t number = dice.below(known->second);
    SCOPED_TRACE(std::string(what.name) + ", " + how.name + ", step " + std::to_string(number) +
                 ", AIO_SEED=" + std::to_string(seed));
    run(what, &how, number);
    EXPECT_EQ(on_.damage(how.brings_data), "");
    if (what.loses_nothing) {
        EXPECT_EQ(on_.lost(), "");
    }
}

TEST_P(Race, NoSwapLeadsOutOfTheTree) {
    const seeds wanted(300);
    for (std::uint64_t seed = wanted.first; seed <= wanted.last && !HasFailure(); ++seed)
        play(seed);
    EXPECT_GE(made_, (wanted.last - wanted.first) / 2) << "there was something for most swaps";
    std::printf("swaps: %zu\n", static_cast<std::size_t>(made_));
}

/// Calls `look` before each step of each operation, when nobody interferes.
template <class Look>
void Race::watch_all(Look&& look) {
    for (const operation_on_tree& what : operations) {
        SCOPED_TRACE(what.name);
        on_.reset();
        auto io = make_context();
        const steps watched(look);
        EXPECT_TRUE(io->run(what.make(on_)));
    }
}

TEST_P(Race, BelowTheRootEveryCallHasOneName) {  // T-1
    const fs::path directory = fs::current_path();
    std::size_t met = 0;
    watch_all([&](int base, std::string_view path) {
        const std::string operands[] = {"/", place_.here() + "/", place_.there() + "/", on_.copy};
        if (base == AT_FDCWD)  // an operand, what it is in, and who "/" is
            EXPECT_TRUE(std::ranges::find(operands, path) != std::end(operands)) << path;
        else
            EXPECT_FALSE(path.contains('/')) << path;
        ++met;
    });
    EXPECT_GT(met, 100U);
    EXPECT_EQ(fs::current_path(), directory);
}

TEST_P(Race, NoDescriptorSurvivesExec) {
    std::size_t seen = 0;
    watch_all([&](int base, std::string_view) {
        if (base == AT_FDCWD) return;
        ++seen;
        EXPECT_TRUE(::fcntl(base, F_GETFD) & FD_CLOEXEC);
    });
    EXPECT_GT(seen, 100U);
}

AIO_ON_EVERY_ENGINE(Race);

}  // namespace

}  // namespace aio::test
