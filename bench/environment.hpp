// SPDX-License-Identifier: MIT
// environment: what the figures depend on, besides the code.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bench {

struct environment {
    std::string date, kernel, cpu, file_system, compiler;
    unsigned cores = 0;

    /// Of this machine; the file system is the one that `directory` is on.
    static environment of(const std::string& directory);
    /// With their names in JSON, as text.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> fields() const;
};

}  // namespace bench
