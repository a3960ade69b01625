// SPDX-License-Identifier: MIT
#include "kill.hpp"

#include "victim.hpp"

#include <aio/context.hpp>
#include <aio/copying.hpp>

#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>

namespace race {

namespace {

const std::string old_content(200'000, 'o');
const std::string new_content(300'000, 'n');

std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

bool is_complete(const fs::path& tree) {
    return read(tree / "a/f") == "text of a/f" && read(tree / "a/b/g") == "text of a/b/g" &&
           read(tree / "a/b/c/h") == "text of a/b/c/h" && read(tree / "d/i") == "text of d/i" &&
           read(tree / "j") == "text of j" && read(tree / "d/k") == "text of j" &&
           fs::is_symlink(tree / "a/link");
}

/// Kills the command before its first call, its second, and so on until it ends by itself.
bool kill_at_each(const char* name, const std::vector<std::string>& words, const fs::path& place,
                  const std::function<void()>& prepare, const std::function<bool()>& is_well) {
    std::size_t boundaries = 0;
    std::size_t lost = 0;
    for (bool ended = false; !ended;) {
        prepare();
        {
            victim runs(words, place, victim::stops::before_any_effect);
            std::size_t met = 0;
            auto at = runs.next();
            while (at && met++ < boundaries)
                at = runs.next();
            ended = !at;
            if (at) runs.kill();
            if (ended && runs.status() != 0) std::printf("%s fails: status %d\n", name, runs.status());
            if (ended && runs.status() != 0) return false;
        }
        if (!is_well()) {
            ++lost;
            std::printf("%s, killed before call %zu: neither is complete\n", name, boundaries);
        }
        if (!ended) ++boundaries;
    }
    std::printf("%-16s killed before each of %zu calls, %zu losses\n", name, boundaries, lost);
    return lost == 0 && boundaries > 10;
}

}  // namespace

int store_here(const std::string& path) {
    aio::context io;
    return io.run(aio::store(path, new_content)) ? 0 : 1;
}

bool kill_everywhere(scene& on, const std::string& aio) {
    const fs::path place = on.here.parent_path();
    const auto reset = [&] { on.reset(); };
    const bool tree = kill_at_each("mv of a tree", {aio, "mv", on.tree, on.copy}, place, reset,
                                   [&] { return is_complete(on.tree) || is_complete(on.copy); });
    const fs::path file = on.tree / "j";
    const bool single = kill_at_each("mv of a file", {aio, "mv", file, on.copy}, place, reset, [&] {
        return read(file) == "text of j" || read(on.copy) == "text of j";
    });
    const fs::path stored = on.here / "stored";
    const auto prepare = [&] {
        on.reset();
        std::ofstream(stored) << old_content;
    };
    const bool store =
        kill_at_each("store", {fs::read_symlink("/proc/self/exe"), "--store", stored}, place, prepare, [&] {
            const std::string found = read(stored);
            return found == old_content || found == new_content;
        });
    return tree && single && store;
}

}  // namespace race
