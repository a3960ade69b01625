// SPDX-License-Identifier: MIT
// The hostile swaps: what somebody else may do between two system calls of the victim.
#pragma once

#include "scene.hpp"

#include <span>

namespace race {

/// A system call that the victim is about to make.
struct boundary {
    fs::path directory;         // where the name is looked up
    std::string name;           // may be empty
    bool copy_was_met = false;  // a call before this one was about the copy itself
};

struct swap {
    const char* name;
    /// Does it. False: there is nothing to be swapped.
    bool (*act)(const scene& on, const boundary& at);
    bool again = false;  // at every boundary from then on
    bool brings_data =
        false;  // it makes what is outside a part of the tree, as its owner may: a mount, a second name
    bool mounts = false;
};

std::span<const swap> all_swaps();

}  // namespace race
