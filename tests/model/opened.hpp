// SPDX-License-Identifier: MIT
// opened: a descriptor of a reference; and what several references ask of directories and names.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

namespace aio::test {

/// Closes what a reference opened.
class opened {
  public:
    explicit opened(int fd) : fd_(fd) {}
    opened(const opened&) = delete;
    opened& operator=(const opened&) = delete;
    ~opened() {
        const int kept = errno;
        if (fd_ >= 0) ::close(fd_);
        errno = kept;
    }
    [[nodiscard]] int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_;
};

inline std::vector<std::string> names_in(int directory) {
    std::vector<std::string> names;
    DIR* stream = ::fdopendir(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!stream) return names;
    while (const dirent* entry = ::readdir(stream))
        if (const std::string_view name = entry->d_name; name != "." && name != "..")
            names.emplace_back(name);
    ::closedir(stream);
    return names;
}

/// Without the slashes at its end; "/" is one.
inline std::string without_slashes(std::string name) {
    while (name.size() > 1 && name.ends_with('/'))
        name.pop_back();
    return name;
}

/// What a path calls the entry that it leads to.
inline std::string last_name(const std::string& path) {
    const std::string stem = without_slashes(path);
    return stem.substr(stem.rfind('/') + 1);
}

/// Whether the last component of a path says no name.
inline bool is_nameless(const std::string& path) {
    const std::string name = last_name(path);
    return name.empty() || name == "." || name == "..";
}

inline std::string joined(std::vector<std::string> names) {
    std::ranges::sort(names);
    std::string text;
    for (const std::string& name : names)
        text += name + ", ";
    return text;
}

}  // namespace aio::test
