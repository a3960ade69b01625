// SPDX-License-Identifier: MIT
#include "linux_cached.hpp"

#include "status.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

namespace aio::detail {

namespace {

bool is_local(long type) noexcept {
    constexpr std::array<long, 5> known = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
                                           F2FS_SUPER_MAGIC};
    return std::ranges::find(known, type) != known.end();
}

/// Mounts, by the number that no later mount will have: so what is known of one stays true, and nothing is
/// ever taken out. Those that there is no room for are left to workers.
class mount_table {
  public:
    struct mount {
        std::uint64_t unique = 0;
        bool local = false;
    };

    [[nodiscard]] const mount* find(std::uint64_t unique) noexcept {
        // Acquire: pairs with add, so that what is below `size` is complete.
        const unsigned size = size_.load(std::memory_order_acquire);
        for (unsigned i = 0; i < size; ++i)
            if (mounts_[i].unique == unique) return &mounts_[i];
        // Relaxed: a hint for the next worker.
        if (size < mounts_.size()) asked_.store(true, std::memory_order_relaxed);
        return nullptr;
    }
    /// Whether one was asked for in vain since.
    [[nodiscard]] bool asked() noexcept {
        return asked_.load(std::memory_order_relaxed) && asked_.exchange(false, std::memory_order_relaxed);
    }
    /// One at a time adds; whoever comes meanwhile does without.
    void add(const mount& found) noexcept {
        if (adding_.exchange(true, std::memory_order_acquire)) return;
        const unsigned size = size_.load(std::memory_order_relaxed);
        if (size < mounts_.size() &&
            !std::ranges::any_of(mounts_, [&](const mount& each) { return each.unique == found.unique; })) {
            mounts_[size] = found;
            size_.store(size + 1, std::memory_order_release);
        }
        adding_.store(false, std::memory_order_release);
    }

  private:
    std::array<mount, 32> mounts_;
    std::atomic<unsigned> size_{0};
    std::atomic<bool> asked_{false};
    std::atomic<bool> adding_{false};
};

constinit mount_table mounts;
constinit std::atomic<bool> refused{
    false};  // relaxed everywhere: the kernel or a sandbox lacks a call that we need

/// The number that no other mount ever has. statx could tell it too, but asks some servers first, whatever
/// one tells it to ask. Before Linux 6.12, and of file systems that no server can offer: none.
result<std::uint64_t> unique_mount_of(int fd) noexcept {
    constexpr int unique = 1;  // AT_HANDLE_MNT_ID_UNIQUE, newer than our headers
    file_handle none = {};     // no room for a handle: the mount alone
    std::uint64_t mount = 0;
    if (refused.load(std::memory_order_relaxed)) return error(EAGAIN);
    auto asked = attempt(
        [&] { return ::syscall(SYS_name_to_handle_at, fd, "", &none, &mount, AT_EMPTY_PATH | unique); });
    if (failed_with(asked, EINVAL, ENOSYS, EPERM)) refused.store(true, std::memory_order_relaxed);
    if (asked || !failed_with(asked, EOVERFLOW)) return error(EAGAIN);
    return mount;
}

result<int> open_by_cache(const target& at, int flags) noexcept {
    if (!at.terminated || refused.load(std::memory_order_relaxed)) return error(EAGAIN);
    const open_how how = {
        .flags = static_cast<std::uint64_t>(flags | O_CLOEXEC), .mode = 0, .resolve = RESOLVE_CACHED};
    auto opened = attempt_once([&] { return ::syscall(SYS_openat2, at.fd, at.path, &how, sizeof how); });
    if (failed_with(opened, ENOSYS, EINVAL, EPERM)) refused.store(true, std::memory_order_relaxed);
    if (!opened) return error(EAGAIN);  // whatever it is, the worker finds it too
    return static_cast<int>(*opened);
}

/// The status of an open file, if it lies on a local file system.
result<struct ::statx> status_of_local(int fd) noexcept {
    const auto unique = unique_mount_of(fd);
    if (!unique) return std::unexpected(unique.error());
    const mount_table::mount* on = mounts.find(*unique);
    if (!on || !on->local) return error(EAGAIN);
    struct ::statx found = {};
    if (!attempt([&] { return ::statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, status_wanted, &found); }))
        return error(EAGAIN);
    return found;
}

/// Whether opening it asks for no key and reads no hashes first. Of a directory, xfs and btrfs read a part.
bool opens_from_memory(const struct ::statx& file) noexcept {
    return S_ISREG(file.stx_mode) && !(file.stx_attributes & (STATX_ATTR_ENCRYPTED | STATX_ATTR_VERITY));
}

bool is_same(const struct ::statx& a, const struct ::statx& b) noexcept {
    return a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major &&
           a.stx_dev_minor == b.stx_dev_minor && a.stx_mnt_id == b.stx_mnt_id;
}

}  // namespace

result<struct ::statx> status_cached(const target& at, int flags) noexcept {
    if (is_open_file(at)) return status_of_local(at.fd);
    auto found = open_by_cache(at, O_PATH | flags);
    if (!found) return std::unexpected(found.error());
    return status_of_local(scoped_fd(*found).get());
}

result<int> open_cached(const target& at, int flags) noexcept {
    constexpr int harmless = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (flags & ~harmless) return error(EAGAIN);  // writing waits for quotas
    const auto known = status_cached(at, flags & O_NOFOLLOW);
    if (!known || !opens_from_memory(*known)) return error(EAGAIN);
    // O_NONBLOCK: not for a lease to be given back, nor for what has taken the file's place meanwhile.
    auto opened = open_by_cache(at, flags | O_NONBLOCK);
    if (!opened) return opened;
    scoped_fd made(*opened);
    const auto found = status_of_local(made.get());
    if (!found || !is_same(*known, *found)) return error(EAGAIN);
    // None of the harmless flags but this one is a file's to keep, so there is nothing to ask for first.
    if (!(flags & O_NONBLOCK) && !attempt([&] { return ::fcntl(made.get(), F_SETFL, 0); }))
        return error(EAGAIN);
    return made.give_up();
}

bool names_can_be_asked() noexcept {
    const auto found = open_by_cache(path_target("/"), O_PATH);
    if (found) static_cast<void>(unique_mount_of(scoped_fd(*found).get()));
    return !refused.load(std::memory_order_relaxed);
}

void learn_mount(const target& at) noexcept {
    if (!mounts.asked()) return;
    const bool open = is_open_file(at);
    const auto opened = open ? result<int>(-1) : open_path(at, O_PATH);
    if (!opened) return;
    const scoped_fd own(*opened);
    const int there = open ? at.fd : own.get();
    const auto unique = unique_mount_of(there);
    struct ::statfs of = {};
    if (unique && attempt([&] { return ::fstatfs(there, &of); })) mounts.add({*unique, is_local(of.f_type)});
}

}  // namespace aio::detail
