// SPDX-License-Identifier: MIT
// utime, chown, chmod, access, and their forms for symbolic links.
#include <aio/metadata.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aio {

static_assert(file_time(now).raw().tv_nsec == UTIME_NOW && file_time(keep).raw().tv_nsec == UTIME_OMIT);

namespace detail {

namespace {

result<> utime_call(const call& arguments) {
    const target& at = arguments.at;
    return status(attempt([&] {
        if (is_open_file(at)) return ::futimens(at.fd, arguments.times);
        return ::utimensat(at.fd, c_path(at), arguments.times, arguments.flags);
    }));
}

result<> chown_call(const call& arguments) {
    const target& at = arguments.at;
    const uid_t user = arguments.mode;
    const auto group = static_cast<gid_t>(arguments.data.size);
    return status(attempt([&] {
        if (is_open_file(at)) return ::fchown(at.fd, user, group);
        return ::fchownat(at.fd, c_path(at), user, group, arguments.flags);
    }));
}

result<> chmod_call(const call& arguments) {
    const target& at = arguments.at;
    return status(attempt([&] {
        if (is_open_file(at)) return ::fchmod(at.fd, arguments.mode);
        return ::fchmodat(at.fd, c_path(at), arguments.mode, 0);
    }));
}

result<> access_call(const call& arguments) {
    const target& at = arguments.at;
    return status(attempt(
        [&] { return ::faccessat(at.fd, c_path(at), static_cast<int>(arguments.mode), arguments.flags); }));
}

call new_times(const target& what, const file_time& atime, const file_time& mtime, int flags) noexcept {
    call arguments = on(what);
    arguments.flags = flags;
    arguments.times[0] = atime.raw();
    arguments.times[1] = mtime.raw();
    return arguments;
}

call new_owners(const target& what, new_owner user, new_owner group, int flags) noexcept {
    call arguments = on(what);
    arguments.flags = flags;
    arguments.mode = user.raw();
    arguments.data.size = group.raw();
    require(arguments, user.valid() && group.valid());
    return arguments;
}

}  // namespace

const row rows::utime = {
    .name = "utime", .run = run<&utime_call>, .errors = errors::changing, .at_stake = stake::effect};
const row rows::lutime = {
    .name = "lutime", .run = run<&utime_call>, .errors = errors::changing, .at_stake = stake::effect};
const row rows::chown = {
    .name = "chown", .run = run<&chown_call>, .errors = errors::changing, .at_stake = stake::effect};
const row rows::lchown = {
    .name = "lchown", .run = run<&chown_call>, .errors = errors::changing, .at_stake = stake::effect};
const row rows::chmod = {
    .name = "chmod", .run = run<&chmod_call>, .errors = errors::changing, .at_stake = stake::effect};
const row rows::access = {.name = "access", .run = run<&access_call>, .errors = errors::looking_up};

}  // namespace detail

operation<> utime(target what, file_time atime, file_time mtime) {
    return {detail::rows::utime, detail::new_times(what.view(), atime, mtime, 0)};
}

operation<> lutime(target what, file_time atime, file_time mtime) {
    return {detail::rows::lutime, detail::new_times(what.view(), atime, mtime, AT_SYMLINK_NOFOLLOW)};
}

operation<> chown(target what, new_owner user, new_owner group) {
    return {detail::rows::chown, detail::new_owners(what.view(), user, group, 0)};
}

operation<> lchown(target what, new_owner user, new_owner group) {
    return {detail::rows::lchown, detail::new_owners(what.view(), user, group, AT_SYMLINK_NOFOLLOW)};
}

operation<> chmod(target what, mode_t mode) {
    auto arguments = detail::on(what.view());
    arguments.mode = mode;
    return {detail::rows::chmod, arguments};
}

operation<> access(path_view path, int mode, int flags) {
    auto arguments = detail::on(path.target());
    arguments.mode = static_cast<unsigned>(mode);
    arguments.flags = flags;
    return {detail::rows::access, arguments};
}

}  // namespace aio
