// SPDX-License-Identifier: MIT
// scene: the files of one attempt: what the victim works on, what it must not touch, and where the attacker
// puts things.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace race {

namespace fs = std::filesystem;

struct scene {
    /// In `place`, which has two file systems: `here` and `there`.
    explicit scene(fs::path place);

    /// Removes everything and makes it anew.
    void reset();
    /// What the victim did that it must not; empty if nothing. `may_have_data`: data from outside may be in
    /// the copy.
    [[nodiscard]] std::string damage(bool may_have_data) const;

    const fs::path here, there;
    const fs::path tree;     // the operand, on `here`
    const fs::path copy;     // the destination, on `there`
    const fs::path outside;  // what nobody may touch
    const fs::path limbo;    // where the attacker puts what it takes

  private:
    [[nodiscard]] std::string snapshot() const;

    std::string before_;
};

/// What is in the tree's files, each once; outside has another text.
std::vector<std::string> texts();
inline constexpr const char* secret = "secret: this is from outside";

}  // namespace race
