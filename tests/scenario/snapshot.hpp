// SPDX-License-Identifier: MIT
// snapshot: what is seen of a tree.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace aio::test::scenarios {

struct seen {
    mode_t mode = 0;
    std::string modified;
    std::string content;  // or where a link leads
    std::string twin;     // the first name of the same file, if there are several
    std::uint64_t blocks = 0;

    [[nodiscard]] bool is(mode_t type) const { return (mode & S_IFMT) == type; }
    /// Holes are not content, and a partial copy has not all names of a file.
    [[nodiscard]] bool same_but_names(const seen& other) const {
        return mode == other.mode && modified == other.modified && content == other.content;
    }
    bool operator==(const seen& other) const { return same_but_names(other) && twin == other.twin; }
};
using snapshot = std::map<std::string, seen>;  // by the path below the root, whose own is ""

snapshot look_at(const std::string& root);

/// Of the library.
bool is_temporary(const std::string& path);
/// Whether it is `above` or below it.
bool is_within(std::string_view path, std::string_view above);

}  // namespace aio::test::scenarios
