// SPDX-License-Identifier: MIT
#include "support/steps.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cstdarg>
#include <mutex>

namespace aio::test {

namespace {

std::mutex one_at_a_time;
steps::function before_each;         // under the mutex
std::atomic<bool> is_wanted{false};  // a call that nobody looks at costs nothing
thread_local bool is_inside = false;

void step(int base, const char* path) {
    if (!is_wanted || is_inside) return;
    const std::lock_guard lock(one_at_a_time);
    if (!before_each) return;
    is_inside = true;
    before_each(base, path);
    is_inside = false;
}

}  // namespace

steps::steps(function before) {
    const std::lock_guard lock(one_at_a_time);
    assert(!before_each);
    before_each = std::move(before);
    is_wanted = true;
}

steps::~steps() {
    const std::lock_guard lock(one_at_a_time);
    is_wanted = false;
    before_each = nullptr;
}

}  // namespace aio::test

// The names are the linker's.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {

using aio::test::step;

int __real_openat(int base, const char* path, int flags, mode_t mode);
int __wrap_openat(int base, const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    step(base, path);
    return __real_openat(base, path, flags, mode);
}

int __real_unlinkat(int base, const char* path, int flags);
int __wrap_unlinkat(int base, const char* path, int flags) {
    step(base, path);
    return __real_unlinkat(base, path, flags);
}

int __real_mkdirat(int base, const char* path, mode_t mode);
int __wrap_mkdirat(int base, const char* path, mode_t mode) {
    step(base, path);
    return __real_mkdirat(base, path, mode);
}

int __real_mknodat(int base, const char* path, mode_t mode, dev_t device);
int __wrap_mknodat(int base, const char* path, mode_t mode, dev_t device) {
    step(base, path);
    return __real_mknodat(base, path, mode, device);
}

// Of two paths the second is where something is made.
int __real_renameat2(int from_base, const char* from, int base, const char* path, unsigned flags);
int __wrap_renameat2(int from_base, const char* from, int base, const char* path, unsigned flags) {
    step(base, path);
    return __real_renameat2(from_base, from, base, path, flags);
}

int __real_linkat(int from_base, const char* from, int base, const char* path, int flags);
int __wrap_linkat(int from_base, const char* from, int base, const char* path, int flags) {
    step(base, path);
    return __real_linkat(from_base, from, base, path, flags);
}

int __real_symlinkat(const char* text, int base, const char* path);
int __wrap_symlinkat(const char* text, int base, const char* path) {
    step(base, path);
    return __real_symlinkat(text, base, path);
}

ssize_t __real_readlinkat(int base, const char* path, char* to, size_t size);
ssize_t __wrap_readlinkat(int base, const char* path, char* to, size_t size) {
    step(base, path);
    return __real_readlinkat(base, path, to, size);
}

int __real_statx(int base, const char* path, int flags, unsigned mask, struct statx* to);
int __wrap_statx(int base, const char* path, int flags, unsigned mask, struct statx* to) {
    step(base, path);
    return __real_statx(base, path, flags, mask, to);
}

int __real_fchownat(int base, const char* path, uid_t user, gid_t group, int flags);
int __wrap_fchownat(int base, const char* path, uid_t user, gid_t group, int flags) {
    step(base, path);
    return __real_fchownat(base, path, user, group, flags);
}

int __real_utimensat(int base, const char* path, const timespec* times, int flags);
int __wrap_utimensat(int base, const char* path, const timespec* times, int flags) {
    step(base, path);
    return __real_utimensat(base, path, times, flags);
}

ssize_t __real_getdents64(int fd, void* to, size_t size);
ssize_t __wrap_getdents64(int fd, void* to, size_t size) {
    step(fd, "");
    return __real_getdents64(fd, to, size);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
