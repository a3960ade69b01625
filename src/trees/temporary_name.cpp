// SPDX-License-Identifier: MIT
#include "temporary_name.hpp"

#include "linux_directory.hpp"
#include "operand.hpp"
#include "random_source.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include <string_view>

namespace aio::detail {

namespace {

std::uint64_t seed() noexcept {
    std::uint64_t random = 0;
    static_cast<void>(attempt([&] { return ::getrandom(&random, sizeof random, 0); }));
    return random;
}

}  // namespace

std::string temporary_name() {
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    thread_local random_source random(seed());
    std::string name = ".aio-";
    std::uint64_t number = random.next();
    for (int i = 0; i < 12; ++i, number /= letters.size())
        name += letters[number % letters.size()];
    return name;
}

void temporary_entry::remove() noexcept {
    if (name_.empty()) return;
    static_cast<void>(attempt([&] { return ::unlinkat(base_, name_.c_str(), 0); }));
    name_.clear();
}

result<int> open_nameless(int base, mode_t mode) noexcept {
    return attempt([&] { return ::openat(base, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode); });
}

result<> give_first_name(int fd, int base, const char* name) noexcept {
    auto named = attempt([&] { return ::linkat(fd, "", base, name, AT_EMPTY_PATH); });
    if (!named && named.error() == std::errc::no_such_file_or_directory) {  // not allowed before Linux 6.10
        std::array<char, 40> path = {};
        std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
        named = attempt([&] { return ::linkat(AT_FDCWD, path.data(), base, name, AT_SYMLINK_FOLLOW); });
    }
    if (!named) return std::unexpected(named.error());
    return {};
}

result<> check_owner(uid_t owner, int base) {
    if (owner == ::geteuid()) return {};
    auto made = make_temporary([&](const char* name) {
        return attempt(
            [&] { return ::openat(base, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600); });
    });
    if (!made) return std::unexpected(made.error());
    const unique_fd file(made->first);
    const temporary_entry temporary(base, std::move(made->second));
    const auto status = status_at(file.get(), "");
    if (!status) return std::unexpected(status.error());
    return status->uid == owner ? result<>() : error(ESTALE);
}

namespace {

/// An error: it cannot be told.
result<bool> is_at(const target& at, const file_status& wanted) {
    const auto there = status_at(at.fd, at.path);
    if (there) return same_file(*there, wanted);
    return there.error() == std::errc::no_such_file_or_directory ? result<bool>(false)
                                                                 : std::unexpected(there.error());
}

/// By a second name for a moment.
result<> rename_by_link(const target& from, const target& to, const file_status& source) {
    const auto linked = attempt([&] { return ::linkat(from.fd, from.path, to.fd, to.path, 0); });
    if (!linked) return std::unexpected(linked.error());
    const result<bool> is_there = is_at(from, source);
    if (is_there && !*is_there) return error(ESTALE);  // somebody has put another one there: theirs
    const auto unlinked = is_there ? attempt([&] { return ::unlinkat(from.fd, from.path, 0); })
                                   : std::unexpected(is_there.error());
    if (unlinked) return {};
    if (is_at(to, source).value_or(false))
        static_cast<void>(attempt([&] { return ::unlinkat(to.fd, to.path, 0); }));
    return std::unexpected(unlinked.error());
}

/// Takes the new name with something empty, then renames onto that. What others put in its place just then is
/// lost, if it is no directory.
result<> rename_onto_claim(const target& from, const target& to, bool is_directory) {
    const auto made = attempt([&] {
        if (is_directory) return ::mkdirat(to.fd, to.path, 0700);
        return ::openat(to.fd, to.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    });
    if (!made) return std::unexpected(made.error());
    const unique_fd file(is_directory ? -1 : *made);
    const auto look = [&] { return is_directory ? status_at(to.fd, to.path) : status_at(file.get(), ""); };
    auto claim = look();
    const result<bool> is_there = claim ? is_at(to, *claim) : std::unexpected(claim.error());
    if (is_there && !*is_there) return error(EEXIST);
    const auto renamed = is_there ? attempt([&] { return ::renameat(from.fd, from.path, to.fd, to.path); })
                                  : std::unexpected(is_there.error());
    if (renamed) return {};
    if (!claim) claim = look();
    if (claim && is_at(to, *claim).value_or(false))
        static_cast<void>(
            attempt([&] { return ::unlinkat(to.fd, to.path, is_directory ? AT_REMOVEDIR : 0); }));
    return std::unexpected(renamed.error());
}

/// Also where the file system cannot be asked for just this.
result<> rename_if_free(const target& from, const target& to) {
    const auto renamed =
        attempt([&] { return ::renameat2(from.fd, from.path, to.fd, to.path, RENAME_NOREPLACE); });
    if (renamed) return {};
    const std::error_code reason = renamed.error();
    if (reason != std::errc::invalid_argument && reason != std::errc::function_not_supported)
        return std::unexpected(reason);
    // Not every file system has it (NFS, FUSE). EINVAL may also be about a directory that is to go into
    // itself.
    const auto source = status_at(from.fd, from.path);
    if (!source) return std::unexpected(source.error());
    if (source->is_directory()) {
        const auto into = open_operand(to);
        if (!into) return std::unexpected(into.error());
        return is_below(into->base.get(), *source) ? error(EINVAL) : rename_onto_claim(from, to, true);
    }
    const result<> linked = rename_by_link(from, to, *source);
    if (linked) return linked;
    // There may be no links, or not of this file.
    const int number = linked.error().value();
    const bool may_rename = number == EPERM || number == EOPNOTSUPP || number == ENOSYS || number == EMLINK;
    return may_rename ? rename_onto_claim(from, to, false) : linked;
}

target target_in(int base, const char* name) {
    target made = path_target(name);
    made.fd = base;
    return made;
}

}  // namespace

result<> rename_to(const target& from, const target& to, bool replace) {
    if (!replace) return rename_if_free(from, to);
    const auto renamed = attempt([&] { return ::renameat2(from.fd, from.path, to.fd, to.path, 0); });
    if (!renamed) return std::unexpected(renamed.error());
    return {};
}

result<> give_name(int base, const char* temporary, const char* name, bool replace) {
    return rename_to(target_in(base, temporary), target_in(base, name), replace);
}

}  // namespace aio::detail
