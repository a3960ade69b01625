// SPDX-License-Identifier: MIT
// scene: the files of one attempt: what the victim works on, what it must not touch, and where the attacker
// puts things.
#pragma once

#include <filesystem>
#include <string>

namespace race {

namespace fs = std::filesystem;

struct scene {
    /// In two directories, of two file systems as a rule.
    scene(fs::path here, fs::path there);

    /// Removes everything and makes it anew.
    void reset();
    /// Makes an older copy of the tree.
    void make_copy() const;
    /// What the victim did that it must not; empty if nothing. `may_have_data`: data from outside may be in
    /// the copy.
    [[nodiscard]] std::string damage(bool may_have_data) const;
    /// Every text of the tree is still somewhere: in it, in its copy, or where the attacker put it. If not,
    /// which is missing.
    [[nodiscard]] std::string lost() const;

    const fs::path here, there;
    const fs::path tree;     // the operand, on `here`
    const fs::path copy;     // the destination, on `there`
    const fs::path outside;  // what nobody may touch
    const fs::path limbo;    // where the attacker puts what it takes

  private:
    [[nodiscard]] std::string snapshot() const;

    std::string before_;
};

/// What is in the files outside; those of the tree have other texts.
inline constexpr const char* secret = "secret: this is from outside";

}  // namespace race
