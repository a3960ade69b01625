// SPDX-License-Identifier: MIT
#include "model/sides.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <utility>

namespace aio::test {

namespace {

int open_root(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::system_category(), path);
    return fd;
}

/// The path as it is given, for an absolute one below `root`. An empty one stays empty.
std::string spelled(const path_operand& of, const std::string& root) {
    if (of.below != path_operand::base::absolute || of.name.empty()) return of.name;
    return root + '/' + of.name;
}

}  // namespace

library_side::library_side(context& io, std::string root)
    : io_(io), root_(std::move(root)), handle_(open_root(root_)) {}

path_view library_side::at(const path_operand& of) {
    const std::string& path = paths_.emplace_back(spelled(of, root_));
    switch (of.below) {
        case path_operand::base::root:
            return {handle_, path};
        case path_operand::base::slot:
            return {directories[of.slot], path};
        default:
            return path;
    }
}

file_view library_side::at(const file_operand& of) const {
    switch (of.is) {
        case file_operand::kind::file:
            return files[of.slot];
        case file_operand::kind::file_number:
            return files[of.slot].fd();
        case file_operand::kind::directory:
            return directories[of.slot % directory_slots];
        default:
            return never_open;
    }
}

posix_side::posix_side(std::string root) : root_(std::move(root)), root_fd_(open_root(root_)) {
    files.fill(-1);
    directories.fill(-1);
}

posix_side::~posix_side() {
    for (int& fd : files)
        put(fd, -1);
    for (int& fd : directories)
        put(fd, -1);
    ::close(root_fd_);
}

void posix_side::put(int& slot, int fd) {
    if (slot >= 0) ::close(slot);
    slot = fd;
}

int posix_side::error_of(const path_operand& of) const {
    const std::string path = path_of(of);
    if (path.empty()) return ENOENT;
    if (path.size() >= PATH_MAX) return ENAMETOOLONG;
    if (path.find('\0') != std::string::npos) return EINVAL;
    if (of.below == path_operand::base::slot && directories[of.slot] < 0) return EBADF;
    return 0;
}

int posix_side::base_of(const path_operand& of) const {
    switch (of.below) {
        case path_operand::base::root:
            return root_fd_;
        case path_operand::base::slot:
            return directories[of.slot];
        default:
            return AT_FDCWD;
    }
}

std::string posix_side::path_of(const path_operand& of) const {
    return spelled(of, root_);
}

int posix_side::fd_of(const file_operand& of) const {
    switch (of.is) {
        case file_operand::kind::directory:
            return directories[of.slot % directory_slots];
        case file_operand::kind::none:
            return never_open;
        default:
            return files[of.slot];
    }
}

bool posix_side::stays_inside(const path_operand& of) const {
    if (error_of(of)) return true;  // it is never looked up
    ::open_how how = {};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    const int base = of.below == path_operand::base::slot ? directories[of.slot] : root_fd_;
    long fd = -1;
    do  // EAGAIN: somebody renames something somewhere while it goes up a directory
        fd = ::syscall(SYS_openat2, base, of.name.c_str(), &how, sizeof how);
    while (fd < 0 && errno == EAGAIN);
    if (fd < 0) return errno != EXDEV;
    ::close(static_cast<int>(fd));
    return true;
}

unsigned posix_side::type_of(const path_operand& of) const {
    struct ::stat status = {};
    const bool found = !error_of(of) && ::fstatat(base_of(of), path_of(of).c_str(), &status, 0) == 0;
    return found ? status.st_mode & S_IFMT : 0;
}

unsigned posix_side::type_of(const file_operand& of) const {
    struct ::stat status = {};
    return ::fstat(fd_of(of), &status) == 0 ? status.st_mode & S_IFMT : 0;
}

}  // namespace aio::test
