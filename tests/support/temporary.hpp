// SPDX-License-Identifier: MIT
// temporary_tree: a directory for one test, removed with all its contents afterwards.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace aio::test {

/// Where files cost little, for tests that make many.
inline std::filesystem::path in_memory() {
    std::error_code ignored;
    const std::filesystem::path usual = "/dev/shm";
    return std::filesystem::is_directory(usual, ignored) ? usual : std::filesystem::temp_directory_path();
}

class temporary_tree {
  public:
    explicit temporary_tree(const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
        std::string name = in / "aio-test-XXXXXX";
        if (!::mkdtemp(name.data())) throw std::system_error(errno, std::system_category(), name);
        root_ = name;
    }
    temporary_tree(const temporary_tree&) = delete;
    temporary_tree& operator=(const temporary_tree&) = delete;
    /// Several times, if need be: a call that was given up may still make something in it.
    ~temporary_tree() {
        std::error_code ignored;
        for (int i = 0; i < 100 && std::filesystem::exists(root_, ignored); ++i)
            std::filesystem::remove_all(root_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }
    [[nodiscard]] std::string operator/(std::string_view name) const { return root_ / name; }

    /// Writes a file, gives its path.
    std::string write(std::string_view name, std::string_view content = "") const {
        std::string path = *this / name;
        std::ofstream(path) << content;
        return path;
    }

  private:
    std::filesystem::path root_;
};

inline std::string content_of(const std::string& path) {
    std::ostringstream all;
    all << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(all).str();
}

inline bool is_same_file_system(const std::filesystem::path& a, const std::filesystem::path& b) {
    struct stat of_a = {};
    struct stat of_b = {};
    return ::stat(a.c_str(), &of_a) == 0 && ::stat(b.c_str(), &of_b) == 0 && of_a.st_dev == of_b.st_dev;
}

/// A directory on another file system than the usual one, or none.
inline std::optional<temporary_tree> elsewhere() {
    if (is_same_file_system(in_memory(), std::filesystem::temp_directory_path())) return {};
    return std::optional<temporary_tree>(std::in_place, in_memory());
}

inline bool exists(const std::string& path) {
    return std::filesystem::exists(std::filesystem::symlink_status(path));
}

}  // namespace aio::test
