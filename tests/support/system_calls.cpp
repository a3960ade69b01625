// SPDX-License-Identifier: MIT
#include "support/system_calls.hpp"

#include "support/steps.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace aio::test {

namespace {

struct judgement {
    std::vector<std::string> roots;
    judged_system_calls::function judge;
};

std::atomic<bool> judged{false};  // somebody judges: seen without the lock by all other calls
std::mutex mutex;
std::optional<judgement> current;      // under the mutex
thread_local bool is_judging = false;  // on this thread, which holds the mutex

}  // namespace

judged_system_calls::judged_system_calls(std::vector<std::string> roots, function judge) {
    const std::lock_guard lock(mutex);
    current = judgement{std::move(roots), std::move(judge)};
    judged.store(true, std::memory_order_relaxed);  // relaxed: the calls that matter are made later
}
judged_system_calls::~judged_system_calls() {
    const std::lock_guard lock(mutex);
    judged.store(false, std::memory_order_relaxed);
    current.reset();
}

failing_system_call::failing_system_call(std::vector<std::string> roots, const fault& what, int n,
                                         lasting how)
    : what_(what),
      how_(how),
      before_(n),
      judged_(std::move(roots), [this](auto call, auto&, auto bytes) { return judge(call, bytes); }) {}

fault failing_system_call::judge(const char* call, std::size_t bytes) {
    if (what_.short_count && bytes < 2) return {};
    const int before = before_--;
    if (before == 0) happened_ = call;
    return before == 0 || (before < 0 && how_ == lasting::from_then_on) ? what_ : fault();
}

std::string failing_system_call::happened() const {
    const std::lock_guard lock(mutex);
    return happened_;
}

}  // namespace aio::test

namespace {

using aio::test::fault;

extern "C" ssize_t real_readlink(const char* path, char* text, size_t size) asm("__real_readlink");
extern "C" int real_close(int fd) asm("__real_close");

/// What a call works on: a path, and what it is relative to; or a descriptor.
struct place {
    int base;
    const char* path = nullptr;
};

constexpr std::string_view descriptors = "/proc/self/fd/";

/// Its whole path; empty if it has none.
std::string whole_path(place of) {
    std::string_view path = of.path ? of.path : "";
    if (path.starts_with(descriptors)) {
        of.base = std::atoi(of.path + descriptors.size());
        path = "";
    }
    if (path.starts_with('/')) return std::string(path);
    std::array<char, 40> link = {"/proc/self/cwd"};
    if (of.base != AT_FDCWD) std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", of.base);
    std::array<char, 4096> text;
    const ssize_t size = real_readlink(link.data(), text.data(), text.size());
    std::string whole(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (!path.empty() && !whole.empty()) whole.append("/").append(path);
    return whole;
}

/// Lets whoever watches the steps have a look. A descriptor by its name in /proc is no path.
void look_first(const char* name, place on) {
    const std::string_view call = name;
    if (call == "fsync" || call == "fdatasync") return aio::test::sync_step(on.base);
    const bool lists = call == "getdents64";
    if (lists) on.path = "";
    if (on.path && !std::string_view(on.path).starts_with(descriptors)) aio::test::step(on.base, on.path);
}

/// What becomes of the call `name` on any of `places`, which moves `size` bytes if it moves any.
template <std::same_as<place>... Places>
fault judge(const char* name, std::size_t size, Places... places) {
    const std::array all = {places...};
    look_first(name, all.back());  // of two paths the second is where something is made
    using namespace aio::test;
    if (!judged.load(std::memory_order_relaxed) || is_judging) return {};
    const int saved = errno;
    const std::lock_guard lock(mutex);
    is_judging = true;
    fault becomes;
    for (const place& each : all) {
        if (!current) break;
        const std::string path = whole_path(each);
        const auto holds = [&](const std::string& root) { return path.starts_with(root); };
        if (std::ranges::none_of(current->roots, holds)) continue;
        becomes = current->judge(name, path, size);
        break;
    }
    is_judging = false;
    errno = saved;
    return becomes;
}

/// How many bytes of so many a short call moves: less than the files of tests have, too, who asks for more.
std::size_t shortened(std::size_t size) {
    return std::min<std::size_t>(size / 2, 1000);
}

std::size_t bytes_of(const iovec* vector, int n) {
    std::size_t bytes = 0;
    for (int i = 0; i < n; ++i)
        bytes += vector[i].iov_len;
    return bytes;
}

template <class R>
R failed(int error) {
    errno = error;
    if constexpr (std::is_pointer_v<R>)
        return nullptr;
    else
        return R(-1);
}

}  // namespace

aio::test::fault aio::test::fault_of(const char* name, std::size_t bytes, int fd, const char* path) noexcept {
    return judge(name, bytes, place{fd, path});
}

// CMakeLists.txt reads the names from the lines below. Calls that take a variable argument are declared with
// what is passed, which all systems we know pass in the same way.
#define AIO_WRAP(result, name, parameters, arguments, ...)                            \
    extern "C" result real_##name parameters asm("__real_" #name);                    \
    extern "C" result wrapped_##name parameters asm("__wrap_" #name);                 \
    extern "C" result wrapped_##name parameters {                                     \
        const fault becomes = judge(#name, 0, __VA_ARGS__);                           \
        return becomes.error ? failed<result>(becomes.error) : real_##name arguments; \
    }
/// The parameter `size` says how many bytes are to be moved.
#define AIO_WRAP_MOVING(result, name, parameters, arguments, ...)                     \
    extern "C" result real_##name parameters asm("__real_" #name);                    \
    extern "C" result wrapped_##name parameters asm("__wrap_" #name);                 \
    extern "C" result wrapped_##name parameters {                                     \
        const fault becomes = judge(#name, size, __VA_ARGS__);                        \
        if (becomes.short_count) size = shortened(size);                              \
        if (becomes.nothing) return 0;                                                \
        return becomes.error ? failed<result>(becomes.error) : real_##name arguments; \
    }
/// The parameters `vector` and `n` are the buffers.
#define AIO_WRAP_VECTORED(name, parameters, arguments)                                 \
    extern "C" ssize_t real_##name parameters asm("__real_" #name);                    \
    extern "C" ssize_t wrapped_##name parameters asm("__wrap_" #name);                 \
    extern "C" ssize_t wrapped_##name parameters {                                     \
        const fault becomes = judge(#name, bytes_of(vector, n), place{fd});            \
        iovec first = {};                                                              \
        if (becomes.short_count) {                                                     \
            first = {vector->iov_base, (vector->iov_len + 1) / 2};                     \
            vector = &first;                                                           \
            n = 1;                                                                     \
        }                                                                              \
        return becomes.error ? failed<ssize_t>(becomes.error) : real_##name arguments; \
    }

// clang-format off

AIO_WRAP(int, openat, (int base, const char* path, int flags, mode_t mode), (base, path, flags, mode), place{base, path})
AIO_WRAP(int, open, (const char* path, int flags, mode_t mode), (path, flags, mode), place{AT_FDCWD, path})
AIO_WRAP(int, unlinkat, (int base, const char* path, int flags), (base, path, flags), place{base, path})
AIO_WRAP(int, unlink, (const char* path), (path), place{AT_FDCWD, path})
AIO_WRAP(int, mkdirat, (int base, const char* path, mode_t mode), (base, path, mode), place{base, path})
AIO_WRAP(int, mknodat, (int base, const char* path, mode_t mode, dev_t device), (base, path, mode, device), place{base, path})
AIO_WRAP(int, linkat, (int base, const char* path, int base2, const char* path2, int flags), (base, path, base2, path2, flags), place{base, path}, place{base2, path2})
AIO_WRAP(int, symlinkat, (const char* text, int base, const char* path), (text, base, path), place{base, path})
AIO_WRAP(ssize_t, readlinkat, (int base, const char* path, char* text, size_t size), (base, path, text, size), place{base, path})
AIO_WRAP(ssize_t, readlink, (const char* path, char* text, size_t size), (path, text, size), place{AT_FDCWD, path})
AIO_WRAP(int, renameat, (int base, const char* path, int base2, const char* path2), (base, path, base2, path2), place{base, path}, place{base2, path2})
AIO_WRAP(int, renameat2, (int base, const char* path, int base2, const char* path2, unsigned flags), (base, path, base2, path2, flags), place{base, path}, place{base2, path2})
AIO_WRAP(int, faccessat, (int base, const char* path, int mode, int flags), (base, path, mode, flags), place{base, path})
AIO_WRAP(int, fchmodat, (int base, const char* path, mode_t mode, int flags), (base, path, mode, flags), place{base, path})
AIO_WRAP(int, fchownat, (int base, const char* path, uid_t user, gid_t group, int flags), (base, path, user, group, flags), place{base, path})
AIO_WRAP(int, utimensat, (int base, const char* path, const timespec* times, int flags), (base, path, times, flags), place{base, path})
AIO_WRAP(int, fstatat, (int base, const char* path, struct stat* found, int flags), (base, path, found, flags), place{base, path})
AIO_WRAP(int, statx, (int base, const char* path, int flags, unsigned mask, struct statx* found), (base, path, flags, mask, found), place{base, path})
AIO_WRAP(int, lstat, (const char* path, struct stat* found), (path, found), place{AT_FDCWD, path})
AIO_WRAP(int, chmod, (const char* path, mode_t mode), (path, mode), place{AT_FDCWD, path})
AIO_WRAP(int, truncate, (const char* path, off_t length), (path, length), place{AT_FDCWD, path})
AIO_WRAP(int, statvfs, (const char* path, struct statvfs* found), (path, found), place{AT_FDCWD, path})
AIO_WRAP(char*, realpath, (const char* path, char* resolved), (path, resolved), place{AT_FDCWD, path})
AIO_WRAP(ssize_t, listxattr, (const char* path, char* names, size_t size), (path, names, size), place{AT_FDCWD, path})
AIO_WRAP(ssize_t, getxattr, (const char* path, const char* name, void* value, size_t size), (path, name, value, size), place{AT_FDCWD, path})
AIO_WRAP(int, setxattr, (const char* path, const char* name, const void* value, size_t size, int flags), (path, name, value, size, flags), place{AT_FDCWD, path})
AIO_WRAP(int, removexattr, (const char* path, const char* name), (path, name), place{AT_FDCWD, path})

AIO_WRAP(int, fstat, (int fd, struct stat* found), (fd, found), place{fd})
AIO_WRAP(int, fstatfs, (int fd, struct statfs* found), (fd, found), place{fd})
AIO_WRAP(int, fstatvfs, (int fd, struct statvfs* found), (fd, found), place{fd})
AIO_WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), place{fd})
AIO_WRAP(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), place{fd})
AIO_WRAP(int, futimens, (int fd, const timespec* times), (fd, times), place{fd})
AIO_WRAP(int, ftruncate, (int fd, off_t length), (fd, length), place{fd})
AIO_WRAP(int, fallocate, (int fd, int mode, off_t offset, off_t length), (fd, mode, offset, length), place{fd})
AIO_WRAP(int, fsync, (int fd), (fd), place{fd})
AIO_WRAP(int, fdatasync, (int fd), (fd), place{fd})
AIO_WRAP(int, syncfs, (int fd), (fd), place{fd})
AIO_WRAP(int, sync_file_range, (int fd, off_t offset, off_t length, unsigned flags), (fd, offset, length, flags), place{fd})
AIO_WRAP(off_t, lseek, (int fd, off_t offset, int whence), (fd, offset, whence), place{fd})
AIO_WRAP(ssize_t, getdents64, (int fd, void* buffer, size_t size), (fd, buffer, size), place{fd})
AIO_WRAP(ssize_t, readahead, (int fd, off_t offset, size_t size), (fd, offset, size), place{fd})
AIO_WRAP(ssize_t, flistxattr, (int fd, char* names, size_t size), (fd, names, size), place{fd})
AIO_WRAP(ssize_t, fgetxattr, (int fd, const char* name, void* value, size_t size), (fd, name, value, size), place{fd})
AIO_WRAP(int, fsetxattr, (int fd, const char* name, const void* value, size_t size, int flags), (fd, name, value, size, flags), place{fd})
AIO_WRAP(int, fremovexattr, (int fd, const char* name), (fd, name), place{fd})
AIO_WRAP(int, ioctl, (int fd, unsigned long request, unsigned long argument), (fd, request, argument), place{fd})
AIO_WRAP(int, poll, (pollfd* each, nfds_t n, int timeout), (each, n, timeout), place{each->fd})

AIO_WRAP_MOVING(ssize_t, read, (int fd, void* buffer, size_t size), (fd, buffer, size), place{fd})
AIO_WRAP_MOVING(ssize_t, pread, (int fd, void* buffer, size_t size, off_t offset), (fd, buffer, size, offset), place{fd})
AIO_WRAP_MOVING(ssize_t, write, (int fd, const void* bytes, size_t size), (fd, bytes, size), place{fd})
AIO_WRAP_MOVING(ssize_t, pwrite, (int fd, const void* bytes, size_t size, off_t offset), (fd, bytes, size, offset), place{fd})
AIO_WRAP_MOVING(ssize_t, sendfile, (int out, int in, off_t* offset, size_t size), (out, in, offset, size), place{out})
AIO_WRAP_MOVING(ssize_t, copy_file_range, (int in, off_t* offset, int out, off_t* offset2, size_t size, unsigned flags), (in, offset, out, offset2, size, flags), place{out})

AIO_WRAP_VECTORED(readv, (int fd, const iovec* vector, int n), (fd, vector, n))
AIO_WRAP_VECTORED(preadv, (int fd, const iovec* vector, int n, off_t offset), (fd, vector, n, offset))
AIO_WRAP_VECTORED(preadv2, (int fd, const iovec* vector, int n, off_t offset, int flags), (fd, vector, n, offset, flags))
AIO_WRAP_VECTORED(writev, (int fd, const iovec* vector, int n), (fd, vector, n))
AIO_WRAP_VECTORED(pwritev, (int fd, const iovec* vector, int n, off_t offset), (fd, vector, n, offset))
AIO_WRAP_VECTORED(pwritev2, (int fd, const iovec* vector, int n, off_t offset, int flags), (fd, vector, n, offset, flags))

// clang-format on

// AIO_WRAP(int, close, …) which closes, whatever it says.
extern "C" int wrapped_close(int fd) asm("__wrap_close");
extern "C" int wrapped_close(int fd) {
    const fault becomes = judge("close", 0, place{fd});
    const int closed = real_close(fd);
    return becomes.error ? failed<int>(becomes.error) : closed;
}

// AIO_WRAP(long, syscall, …) which is how fchmodat2 is called: the C library has no function of that name.
extern "C" long real_syscall(long number, long a, long b, long c, long d, long e,
                             long f) asm("__real_syscall");
extern "C" long wrapped_syscall(long number, long a, long b, long c, long d, long e,
                                long f) asm("__wrap_syscall");
extern "C" long wrapped_syscall(long number, long a, long b, long c, long d, long e, long f) {
    constexpr long fchmodat2 = 452;
    fault becomes;
    if (number == fchmodat2)
        becomes = judge("fchmodat2", 0, place{static_cast<int>(a), reinterpret_cast<const char*>(b)});
    return becomes.error ? failed<long>(becomes.error) : real_syscall(number, a, b, c, d, e, f);
}
