// SPDX-License-Identifier: MIT
// kill -9 before each system call that has an effect on files.
#pragma once

#include "scene.hpp"

namespace race {

/// Whether source or destination was complete each time. Says so.
bool kill_everywhere(scene& on, const std::string& aio);

/// What is killed while it stores: writes new content to `path`. The exit status.
int store_here(const std::string& path);

}  // namespace race
