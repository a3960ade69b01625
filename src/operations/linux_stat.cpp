// SPDX-License-Identifier: MIT
// stat, lstat: by statx, which alone has birth times and mount ids. Linux's.
#include <aio/metadata.hpp>

#include "arguments.hpp"
#include "linux_cached.hpp"
#include "rows.hpp"
#include "status.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstring>
#include <memory>

namespace aio {

namespace detail {

namespace {

timespec to_timespec(const statx_timestamp& time) noexcept {
    return {time.tv_sec, static_cast<long>(time.tv_nsec)};
}

file_status to_status(const struct ::statx& from) noexcept {
    return {
        .size = from.stx_size,
        .blocks = from.stx_blocks,
        .inode = from.stx_ino,
        .device = makedev(from.stx_dev_major, from.stx_dev_minor),
        .rdev = makedev(from.stx_rdev_major, from.stx_rdev_minor),
        .mount_id = (from.stx_mask & STATX_MNT_ID) ? from.stx_mnt_id : 0,
        .attributes = from.stx_attributes & from.stx_attributes_mask,
        .mode = from.stx_mode,
        .links = from.stx_nlink,
        .uid = from.stx_uid,
        .gid = from.stx_gid,
        .block_size = from.stx_blksize,
        .known = from.stx_mask,
        .atime = to_timespec(from.stx_atime),
        .mtime = to_timespec(from.stx_mtime),
        .ctime = to_timespec(from.stx_ctime),
        .btime = to_timespec(from.stx_btime),
    };
}

result<file_status> stat_call(const call& arguments) {
    const target& at = arguments.at;
    const char* path = is_open_file(at) ? "" : c_path(at);
    auto found = status_of(at.fd, path, arguments.flags | (is_open_file(at) ? AT_EMPTY_PATH : 0));
    if (found) learn_mount(at);
    return found;
}

result<file_status> stat_now(const call& arguments) {
    auto found = status_cached(arguments.at, arguments.flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
    if (!found) return std::unexpected(found.error());
    return to_status(*found);
}

struct ::statx answer_in(const void* answer) noexcept {
    struct ::statx found = {};
    std::memcpy(&found, answer, sizeof found);
    return found;
}
bool is_there(const void* answer) noexcept {
    return answer_in(answer).stx_mask != 0;
}
void convert(const void* answer, void* value) noexcept {
    std::construct_at(static_cast<file_status*>(value), to_status(answer_in(answer)));
}

constexpr ring_answer ring_status = {
    .size = sizeof(struct ::statx), .is_there = is_there, .convert = convert};
constexpr ring_form ring_statx = {
    .operation = ring_operation::statx, .errors_are_final = true, .for_many = true, .answer = &ring_status};

constexpr const char* cached_or_not =
    "at once from the cache of names, if the file system is known to be local";

}  // namespace

result<file_status> status_of(int base, const char* path, int flags) noexcept {
    struct ::statx found = {};
    // As stat(2): looking at an automount point must not mount it.
    auto made = attempt([&] { return ::statx(base, path, flags | AT_NO_AUTOMOUNT, status_wanted, &found); });
    if (!made) return std::unexpected(made.error());
    return to_status(found);
}

static_assert(STATX_BTIME == 0x800U, "file_status::has_btime knows the number");

const row rows::stat = {.name = "stat",
                        .run = run<&stat_call>,
                        .errors = errors::looking_up,
                        .try_now = run<&stat_now>,
                        .asks = asked::cached_names,
                        .ring = &ring_statx,
                        .why = cached_or_not};
const row rows::lstat = {.name = "lstat",
                         .run = run<&stat_call>,
                         .errors = errors::looking_up,
                         .try_now = run<&stat_now>,
                         .asks = asked::cached_names,
                         .ring = &ring_statx,
                         .why = cached_or_not};

}  // namespace detail

operation<file_status> stat(target what) {
    return {detail::rows::stat, detail::on(what.view())};
}

operation<file_status> lstat(target what) {
    auto arguments = detail::on(what.view());
    arguments.flags = AT_SYMLINK_NOFOLLOW;
    return {detail::rows::lstat, arguments};
}

}  // namespace aio
