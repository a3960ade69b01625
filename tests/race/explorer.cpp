// SPDX-License-Identifier: MIT
// race_explorer AIO [--full | --kill] [COMMAND...]: runs commands of the tool again and again, and makes one
// hostile swap before one of their system calls with a path: before each in turn, every kind of swap.
// Promises T-1, T-2, T-3, T-10, T-11.
//
// With --kill: kills `mv` from one file system to another, and store, before each system call with an effect
// on files. Promise R-MOVE: source or destination is complete.
//
// The quick form takes every fifth boundary, of copies onto what is there every tenth, beginning with another
// one for each swap.
#include "kill.hpp"
#include "victim.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <system_error>
#include <utility>

namespace race {

namespace {

constexpr int skipped = 77;

struct command {
    const char* name;
    std::vector<std::string> (*arguments)(const scene& on);
    bool moves;           // what is in its tree is afterwards in one of the two
    bool exists = false;  // the copy is there, with older content
};

const command commands[] = {
    {"rm", [](const scene& on) { return std::vector<std::string>{"rm", "-rf", on.tree}; }, false},
    {"cp", [](const scene& on) { return std::vector<std::string>{"cp", "-a", on.tree, on.copy}; }, true},
    {"over", [](const scene& on) { return std::vector<std::string>{"cp", "-aT", on.tree, on.copy}; }, true,
     true},
    {"onto", [](const scene& on) { return std::vector<std::string>{"cp", "-rT", on.tree, on.copy}; }, true,
     true},
    {"mv", [](const scene& on) { return std::vector<std::string>{"mv", on.tree, on.copy}; }, true},
    {"scan", [](const scene& on) { return std::vector<std::string>{"scan", "-s", on.tree}; }, true},
    {"du", [](const scene& on) { return std::vector<std::string>{"du", on.tree}; }, true},
};

/// Two file systems of our own, which vanish with this process.
bool make_place(const fs::path& place) {
    const bool is_root = ::geteuid() == 0;
    if (::unshare(CLONE_NEWNS | (is_root ? 0 : CLONE_NEWUSER)) != 0) return false;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    for (const char* name : {"here", "there"}) {
        fs::create_directories(place / name);
        if (::mount("none", (place / name).c_str(), "tmpfs", 0, nullptr) != 0) return false;
    }
    return true;
}

struct tally {
    std::size_t boundaries = 0, swaps = 0, damaged = 0, hung = 0;

    void add(const tally& more) {
        boundaries += more.boundaries;
        swaps += more.swaps;
        damaged += more.damaged;
        hung += more.hung;
    }
};

void print(const char* name, const tally& counts) {
    std::printf("%-5s %5zu boundaries, %5zu with a swap, %zu with damage, %zu hangs\n", name,
                counts.boundaries, counts.swaps, counts.damaged, counts.hung);
    std::fflush(stdout);
}

/// One attempt: the swap is made at the boundary with this number. False: there are not so many.
bool attempt(scene& on, const std::string& aio, const command& what, const swap& how, std::size_t number,
             tally& counts) {
    on.reset();
    if (what.exists) on.make_copy();
    std::vector<std::string> words = what.arguments(on);
    words.insert(words.begin(), aio);
    victim runs(words, on.here.parent_path());
    std::size_t met = 0;
    bool done = false;
    bool copy_was_met = false;
    for (auto at = runs.next(); at; at = runs.next()) {
        at->copy_was_met = std::exchange(copy_was_met, copy_was_met || at->directory / at->name == on.copy);
        const bool is_time = met == number || (how.again && met > number && met < number + 2000);
        if (is_time) done = how.act(on, *at) || done;
        ++met;
    }
    if (met <= number) return false;
    ++counts.boundaries;
    counts.swaps += done;
    std::string wrong = on.damage(how.brings_data);
    if (wrong.empty() && what.moves) wrong = on.lost();
    if (runs.hung()) ++counts.hung;
    if (!wrong.empty()) ++counts.damaged;
    if (runs.hung() || !wrong.empty())
        std::printf("%s, %s, boundary %zu (swap %s): %s%s\n", what.name, how.name, number,
                    done ? "made" : "not made", runs.hung() ? "hangs " : "", wrong.c_str());
    return true;
}

tally explore(scene& on, const std::string& aio, const command& what, std::size_t step) {
    tally counts;
    std::size_t first = 0;
    for (const swap& how : all_swaps()) {
        // What is mounted in a copy that was there before is a part of it, since whenever it is.
        if (what.exists && how.mounts) continue;
        for (std::size_t number = first; attempt(on, aio, what, how, number, counts); number += step)
            continue;
        first = (first + 1) % step;
    }
    return counts;
}

}  // namespace

int run(const std::string& aio, bool full, bool kills, const std::vector<std::string>& wanted) {
    std::string place = (fs::temp_directory_path() / "aio-race-XXXXXX").string();
    if (!::mkdtemp(place.data())) return 1;
    if (!make_place(place)) {
        std::puts("no mount namespace to be had");
        return skipped;
    }
    scene on(place + "/here", place + "/there");
    bool all_well = true;
    tally whole;
    if (kills) all_well = kill_everywhere(on, aio);
    for (const command& each : commands) {
        if (kills) break;
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), each.name) == wanted.end()) continue;
        const tally counts = explore(on, aio, each, full ? 1 : each.exists ? 10 : 5);
        print(each.name, counts);
        whole.add(counts);
        all_well = all_well && counts.damaged == 0 && counts.hung == 0 && counts.swaps > 20;
    }
    if (!kills) print("all", whole);
    for (const fs::path& each : {on.here, on.there})
        ::umount2(each.c_str(), MNT_DETACH);
    fs::remove_all(place);
    return all_well ? 0 : 1;
}

}  // namespace race

int main(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() == 2 && words.front() == "--store") return race::store_here(words.back());
    const bool full = std::erase(words, "--full") != 0;
    const bool kills = std::erase(words, "--kill") != 0;
    if (words.empty() || ::access(words.front().c_str(), X_OK) != 0) {
        std::fputs("usage: race_explorer AIO [--full | --kill] [COMMAND...]    AIO: the program aio\n",
                   stderr);
        return 2;
    }
    const std::string aio = words.front();
    words.erase(words.begin());
    try {
        return race::run(aio, full, kills, words);
    } catch (const std::system_error& thrown) {
        std::printf("%s\n", thrown.what());
        return race::skipped;
    }
}
