// SPDX-License-Identifier: MIT
// scenario: trees, and a program of composites on them, in a simulated world.
#pragma once

#include "random_source.hpp"
#include "scenario/snapshot.hpp"
#include "support/system_calls.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>
#include <aio/simulation.hpp>

#include <array>
#include <deque>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace aio::test::scenarios {

/// A directory that some composites have for themselves, or share.
struct part {
    std::string root;
    bool is_shared = false;
    bool moves_between = false;  // a rename met another file system
    std::set<int> faults = {};   // errno of what calls in it met
    bool sync_failed = false;
    snapshot tree = {};  // as they were
    snapshot file = {};
    snapshot old = {};  // empty if there is none

    [[nodiscard]] std::string operator/(const char* name) const { return root + "/" + name; }
};

enum class kind : std::uint8_t {
    copy_tree,
    copy,
    move_tree,
    move,
    rmtree,
    store,
    append,
    load,
    walk,
    disk_usage,
    chmod_tree,
    pathsync
};
inline constexpr std::array names = {"copy_tree", "copy",       "move_tree",  "move",
                                     "rmtree",    "store",      "append",     "load",
                                     "walk",      "disk_usage", "chmod_tree", "pathsync"};

struct composite {
    kind what;
    part& on;
    std::string from, to;  // what it reads or is about, and what it makes
    std::string written;   // by store and append
    bool fails_if_there = false;
    bool is_timed = false;
    bool is_cancelled = false;
    int stops_at = -1;  // the how manieth call in its part asks it to stop
    std::stop_source stop = {};
    request handle = {};

    int delivered = 0;
    std::error_code outcome = {};
    tree_result tree = {};  // of those that give one
    std::string loaded = {};
    std::vector<std::string> walked = {};

    [[nodiscard]] bool is_of_tree() const {
        return what != kind::store && what != kind::append && what != kind::load && what != kind::pathsync;
    }
    [[nodiscard]] bool was_stopped() const {
        return outcome == std::errc::operation_canceled || outcome == std::errc::timed_out;
    }
};

/// How often something happened in all worlds: what never does is not tested.
extern std::map<std::string, int> happened;

class scenario {
  public:
    explicit scenario(std::uint64_t seed)
        : dice_(~seed),
          calls_(seed ^ 0x5eed),
          world_({.seed = seed,
                  .faults = {.error = dice_.chance(0.3) ? 0.1 : 0,
                             .short_count = dice_.chance(0.3) ? 0.2 : 0,
                             .thread_failure = dice_.chance(0.2) ? 0.5 : 0}}),
          fault_chance_(std::array{0.0, 0.005, 0.02, 0.1}[dice_.below(4)]) {}

    void play() {
        plant();
        draw_program();
        {
            context io({.threads = {.min = unsigned(dice_.below(4)), .max = 1 + unsigned(dice_.below(6))},
                        .simulation = &world_});
            const judged_system_calls faults({at_.root()}, [this](auto... call) { return judge(call...); });
            run(io);
        }
        read_trace();
        check();
        note_what_happened();
    }
    /// All that the seed decides.
    [[nodiscard]] const std::string& transcript() const { return transcript_; }

  private:
    void plant();
    void plant_tree(const std::string& at, std::uint64_t size);
    std::string new_content();
    void finish(const std::string& path);
    void draw_program();
    void draw(part& on);

    void run(context& io);
    void start(context& io, composite& each);
    void disturb();
    fault judge(std::string_view call, const std::string& path, std::size_t bytes);

    void check() const;
    void check_outside() const;
    void check_temporaries() const;
    void check_files_are_whole() const;
    void check_nothing_is_lost() const;
    void check_report(const composite& each) const;
    void check_effect(const composite& each) const;
    void check_copy(const composite& each, const snapshot& from, const snapshot& old) const;
    void check_move(const composite& each, const snapshot& from, const snapshot& old) const;
    void check_written(const composite& each) const;
    void check_walk(const composite& each) const;
    void check_named(const composite& each, const snapshot& wanted, const snapshot& found) const;
    void read_trace();
    void note_what_happened();

    detail::random_source dice_;
    detail::random_source calls_;  // for what becomes of system calls
    simulation world_;
    double fault_chance_;
    temporary_tree at_{in_memory()};
    std::string bait_ = at_ / "bait";
    snapshot bait_before_;
    std::deque<part> parts_;
    std::deque<composite> program_;
    std::set<std::string> contents_{""};  // that a whole file may have
    std::set<std::string> removing_;      // temporary names that were to be removed
    std::set<std::string> unremoved_;     // and met a fault then
    std::size_t unlink_faults_ = 0;       // of the operation: only a move uses it, to take its copy away
    std::set<int> operation_faults_;
    std::string faults_;
    std::string transcript_;
};

}  // namespace aio::test::scenarios
