// SPDX-License-Identifier: MIT
#include "scenario/snapshot.hpp"

#include "support/temporary.hpp"

#include <filesystem>
#include <set>

namespace aio::test::scenarios {

namespace fs = std::filesystem;

snapshot look_at(const std::string& root) {
    snapshot found;
    if (!exists(root)) return found;
    std::set<std::string> names{""};
    if (fs::is_directory(fs::symlink_status(root)))
        for (const auto& each : fs::recursive_directory_iterator(root))
            names.insert(each.path().string().substr(root.size()));
    std::map<ino_t, std::string> first;
    for (const std::string& name : names) {
        struct stat status = {};
        ::lstat((root + name).c_str(), &status);
        seen& each = found[name];
        each.mode = status.st_mode;
        each.modified = std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
        if (S_ISREG(status.st_mode)) each.content = content_of(root + name);
        if (S_ISLNK(status.st_mode)) each.content = fs::read_symlink(root + name);
        each.blocks = static_cast<std::uint64_t>(status.st_blocks);
        const auto [twin, is_first] = first.emplace(status.st_ino, name);
        if (!is_first) each.twin = twin->second;
    }
    return found;
}

bool is_temporary(const std::string& path) {
    return path.contains("/.aio-");
}
bool is_within(std::string_view path, std::string_view above) {
    return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
}

}  // namespace aio::test::scenarios
