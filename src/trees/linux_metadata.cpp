// SPDX-License-Identifier: MIT
#include "linux_metadata.hpp"

#include "system_call.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace aio::detail {

namespace {

/// The name that /proc gives to an open file: what has no call that takes an O_PATH descriptor works with it.
struct proc_path {
    explicit proc_path(int fd) { std::snprintf(text.data(), text.size(), "/proc/self/fd/%d", fd); }
    std::array<char, 40> text = {};
};

result<> set_owner(const metadata_of& of, std::uint32_t uid, std::uint32_t gid) {
    auto made = attempt([&] { return ::fchownat(of.fd, "", uid, gid, AT_EMPTY_PATH); });
    if (!made) return std::unexpected(made.error());
    return {};
}

result<> set_times(const metadata_of& of, const file_status& source) {
    const timespec times[2] = {source.atime, source.mtime};
    auto made = attempt([&] {
        return of.only_path ? ::utimensat(of.fd, "", times, AT_EMPTY_PATH) : ::futimens(of.fd, times);
    });
    if (!made) return std::unexpected(made.error());
    return {};
}

result<std::string> attribute_names(const metadata_of& of) {
    std::string names;
    for (;;) {
        const auto size = attempt([&] {
            return of.only_path ? ::listxattr(proc_path(of.fd).text.data(), names.data(), names.size())
                                : ::flistxattr(of.fd, names.data(), names.size());
        });
        if (!size && size.error() != std::errc::result_out_of_range) return std::unexpected(size.error());
        if (size && (!names.empty() || *size == 0)) {
            names.resize(static_cast<std::size_t>(*size));
            return names;
        }
        names.resize(size ? static_cast<std::size_t>(*size) + 64 : 2 * names.size());
    }
}

result<> copy_attribute(const metadata_of& from, const metadata_of& to, const char* name) {
    std::string value(1024, '\0');
    for (;;) {
        const auto size = attempt([&] {
            return from.only_path
                       ? ::getxattr(proc_path(from.fd).text.data(), name, value.data(), value.size())
                       : ::fgetxattr(from.fd, name, value.data(), value.size());
        });
        if (size) {
            value.resize(static_cast<std::size_t>(*size));
            break;
        }
        if (size.error() != std::errc::result_out_of_range || value.size() > 65536)
            return std::unexpected(size.error());
        value.resize(4 * value.size());
    }
    const auto set = attempt([&] {
        return to.only_path ? ::setxattr(proc_path(to.fd).text.data(), name, value.data(), value.size(), 0)
                            : ::fsetxattr(to.fd, name, value.data(), value.size(), 0);
    });
    if (!set) return std::unexpected(set.error());
    return {};
}

constexpr const char* access_acl = "system.posix_acl_access";
constexpr const char* default_acl = "system.posix_acl_default";  // what is made in a directory inherits it

/// What an ordinary user cannot set, and need not be told; nor root in a container.
bool is_for_root(std::string_view name) {
    return name.starts_with("security.") || name.starts_with("trusted.");
}

/// What one file system tells of itself by an attribute, an NFSv4 ACL say, means nothing to another.
bool is_portable(std::string_view name) {
    return !name.starts_with("system.") || name == access_acl || name == default_acl;
}

/// Permissions for a group that is not the source's: what everybody may.
mode_t for_another_group(mode_t mode) {
    return mode & (~mode_t(070) | (mode << 3U & 070U));
}

bool is_of_group(const metadata_of& of, std::uint32_t gid) {
    const auto status = status_at(of.fd, "");
    return status && status->gid == gid;
}

bool has_none(int fd, const char* acl) {
    const auto size = attempt([&] { return ::fgetxattr(fd, acl, nullptr, 0); });
    return !size &&
           (size.error() == std::errc::no_message_available || size.error() == std::errc::not_supported);
}

/// Takes an ACL away that was inherited from the directory in which the copy was made.
result<> drop_acl(const metadata_of& of, const char* name) {
    const auto dropped = attempt([&] {
        return of.only_path ? ::removexattr(proc_path(of.fd).text.data(), name) : ::fremovexattr(of.fd, name);
    });
    if (dropped || dropped.error() == std::errc::no_message_available ||
        dropped.error() == std::errc::not_supported)
        return {};
    return std::unexpected(dropped.error());
}

/// What of extended attributes is copied.
enum class attributes : std::uint8_t { none, acls, all_but_acls, all };

/// Whether there were any. ACLs that the source does not have are taken away, before they can widen the
/// permissions that are set next; unless nothing was inherited.
result<bool> copy_attributes(const metadata_of& from, const metadata_of& to, attributes which,
                             bool inherited) {
    auto names = attribute_names(from);
    if (!names && names.error() != std::errc::not_supported) return std::unexpected(names.error());
    if (!names) names.emplace();
    result<bool> first = !names->empty();
    bool has_acl = false;
    bool has_default_acl = false;
    for (std::size_t at = 0; at < names->size();) {
        const std::string_view name = names->c_str() + at;
        at += name.size() + 1;
        const bool is_acl = name == access_acl || name == default_acl;
        const attributes without = is_acl ? attributes::all_but_acls : attributes::acls;
        if (which == attributes::none || which == without || !is_portable(name)) continue;
        if (is_for_root(name) && ::geteuid() != 0) continue;
        has_acl = has_acl || name == access_acl;
        has_default_acl = has_default_acl || name == default_acl;
        const result<> copied = copy_attribute(from, to, name.data());
        const bool may_not = !copied && is_for_root(name) &&
                             (copied.error() == std::errc::operation_not_permitted ||
                              copied.error() == std::errc::permission_denied);
        if (!copied && !may_not && first) first = std::unexpected(copied.error());
    }
    if (!inherited) return first;
    for (const auto& [has, name] : {std::pair(has_acl, access_acl), std::pair(has_default_acl, default_acl)})
        if (const result<> dropped = has ? result<>() : drop_acl(to, name); !dropped && first)
            first = std::unexpected(dropped.error());
    return first;
}

}  // namespace

result<> set_mode(const metadata_of& of, mode_t mode) {
    auto made = attempt(
        [&] { return of.only_path ? ::chmod(proc_path(of.fd).text.data(), mode) : ::fchmod(of.fd, mode); });
    if (!made) return std::unexpected(made.error());
    return {};
}

metadata_failure copy_metadata(metadata_of from, metadata_of to, const file_status& source, preserve keep,
                               bool has_owner_and_mode) {
    metadata_failure first;
    const auto note = [&first](const char* operation, const result<>& made) {
        if (!made && !first.operation) first = {.operation = operation, .reason = made.error()};
        return made.has_value();
    };
    // An owner that only root may give is given up without a word, as by cp, and the set-id bits with it.
    const result<> owned = has_owner_and_mode ? result<>() : set_owner(to, source.uid, source.gid);
    mode_t mode = source.permissions();
    attributes which = keep == preserve::basics ? attributes::acls : attributes::all;
    if (!owned) {
        mode &= 01777U;
        if (::geteuid() == 0) note("chown", owned);
        // Not the owner, perhaps the group. If not that, ours is to do no more than it may with the source.
        const bool grouped =
            set_owner(to, static_cast<std::uint32_t>(-1), source.gid) || is_of_group(to, source.gid);
        if (!grouped) mode = for_another_group(mode);
        if (!grouped) which = keep == preserve::basics ? attributes::none : attributes::all_but_acls;
    }
    // A symbolic link has no permissions, and only such attributes as root may set.
    const bool is_link = source.is_symlink();
    const result<bool> had_attributes =
        is_link && ::geteuid() != 0 ? false
                                    : copy_attributes(from, to, which, !is_link && !has_owner_and_mode);
    if (!had_attributes) note("setxattr", std::unexpected(had_attributes.error()));
    // An ACL that was set has changed the mode.
    if (!is_link && (!has_owner_and_mode || had_attributes.value_or(true))) note("chmod", set_mode(to, mode));
    note("utimens", set_times(to, source));
    return first;
}

bool inherits_nothing(const open_place& directory) {
    // Another group in one of ours: the mount gives that of the directory (grpid).
    if ((directory.status.mode & S_ISGID) || directory.status.gid != ::getegid()) return false;
    return has_none(directory.fd.get(), default_acl);
}

bool take_over(int from, int to, const file_status& replaced) {
    return set_owner({to}, replaced.uid, replaced.gid) &&
           copy_attributes({from}, {to}, attributes::acls, true) &&
           set_mode({to}, replaced.permissions() & 0777U);
}

result<> take_over_permissions(int from, int to, const file_status& replaced) {
    // Before anything widens: what the new file inherited.
    if (const result<> dropped = drop_acl({to}, access_acl); !dropped) return dropped;
    const auto made = status_at(to, "");
    if (!made) return std::unexpected(made.error());
    // With an ACL the mode does not tell what the group may.
    const bool is_same_group = made->gid == replaced.gid && from >= 0 && has_none(from, access_acl);
    const mode_t all = replaced.permissions() & 0777U;
    const mode_t wanted = is_same_group ? all : for_another_group(all);
    const result<> set = set_mode({to}, wanted);
    // Where the file system decides, they may be the same already.
    return set || (made->permissions() & 0777U) == wanted ? result<>() : set;
}

}  // namespace aio::detail
