// SPDX-License-Identifier: MIT
// Contenders that are other programs.
#pragma once

#include <string>
#include <vector>

namespace bench {

bool found_in_path(const std::string& program);
/// What a program prints. Throws std::runtime_error if it fails.
std::string output_of(const std::vector<std::string>& command);

}  // namespace bench
