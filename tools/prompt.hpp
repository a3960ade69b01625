// SPDX-License-Identifier: MIT
// Questions to whoever runs the program.
#pragma once

#include <string>

namespace tool {

/// Asks on stderr, "aio COMMAND: QUESTION? ", and reads a line of standard input. Whether it begins with y.
[[nodiscard]] bool is_confirmed(const char* command, const std::string& question);

}  // namespace tool
