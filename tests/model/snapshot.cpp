// SPDX-License-Identifier: MIT
// snapshot: all that a tree shows.
#include "model/sides.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <sstream>
#include <vector>

namespace aio::test {

namespace {

/// Times that somebody set are long ago; the others are those of the test, and differ.
constexpr time_t set_before = 1'500'000'000;

std::string time_text(const timespec& time) {
    if (time.tv_sec >= set_before) return "now";
    return std::to_string(time.tv_sec) + '.' + std::to_string(time.tv_nsec);
}

/// Where its data are, and a number that stands for them (FNV-1a). Holes count as the zeros that they are.
std::string content_of(int base, const char* name) {
    const int fd = ::openat(base, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
    if (fd < 0) return "errno " + std::to_string(errno);
    std::uint64_t digest = 0xcbf29ce484222325;
    std::vector<unsigned char> block(64 * 1024);
    off_t at = 0;
    while ((at = ::lseek(fd, at, SEEK_DATA)) >= 0) {
        const ssize_t got = ::pread(fd, block.data(), block.size(), at);
        if (got <= 0) break;
        for (ssize_t i = 0; i < got; ++i) {
            const unsigned char byte = block[static_cast<std::size_t>(i)];
            if (byte) digest = ((digest ^ byte ^ static_cast<std::uint64_t>(at + i)) * 0x100000001b3);
        }
        at += got;
    }
    ::close(fd);
    return std::to_string(digest);
}

std::string link_text(int base, const char* name) {
    char text[PATH_MAX];
    const ssize_t size = ::readlinkat(base, name, text, sizeof text);
    return size < 0 ? std::string("?") : std::string(text, static_cast<std::size_t>(size));
}

std::string line_of(int base, const std::string& path, const char* name, const struct ::stat& status) {
    std::ostringstream line;
    line << path << '/' << name << ' ' << std::oct << status.st_mode << std::dec << ' ' << status.st_nlink
         << ' ' << status.st_uid << ':' << status.st_gid << " rdev " << status.st_rdev << " mtime "
         << time_text(status.st_mtim);
    if (S_ISREG(status.st_mode)) line << " size " << status.st_size << ' ' << content_of(base, name);
    if (S_ISLNK(status.st_mode)) line << " -> " << link_text(base, name);
    return std::move(line).str();
}

void list(int directory, const std::string& path, std::vector<std::string>& lines) {
    DIR* stream = ::fdopendir(directory);
    if (!stream) {
        lines.push_back(path + " errno " + std::to_string(errno));
        return;
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream))
        if (const std::string_view name = entry->d_name; name != "." && name != "..")
            names.emplace_back(name);
    std::ranges::sort(names);
    for (const std::string& name : names) {
        struct ::stat status = {};
        ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
        lines.push_back(line_of(directory, path, name.c_str(), status));
        if (!S_ISDIR(status.st_mode)) continue;
        constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        list(::openat(directory, name.c_str(), flags), path + '/' + name, lines);
    }
    ::closedir(stream);
}

}  // namespace

std::vector<std::string> snapshot(int root) {
    std::vector<std::string> lines;
    list(::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", lines);
    return lines;
}

}  // namespace aio::test
