// SPDX-License-Identifier: MIT
#include "linux_metadata.hpp"

#include "system_call.hpp"

#include <endian.h>
#include <fcntl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
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
        // A file system may say so for ever; beyond a limit the kernel says E2BIG.
        if (!size && size.error() != std::errc::result_out_of_range) return std::unexpected(size.error());
        if (size && (!names.empty() || *size == 0)) {
            names.resize(static_cast<std::size_t>(*size));
            return names;
        }
        names.resize(size ? static_cast<std::size_t>(*size) + 64 : 2 * names.size() + 64);
    }
}

constexpr const char* access_acl = "system.posix_acl_access";
constexpr const char* default_acl = "system.posix_acl_default";  // what is made in a directory inherits it

/// Permissions for a file of another group: members of neither may do what only one of them could.
mode_t for_another_group(mode_t mode) {
    const mode_t both = mode >> 3U & mode & 7U;
    return (mode & ~mode_t(077)) | both << 3U | both;
}

/// Whom an entry of an ACL is about, in all file systems; the rest are named users and groups.
enum : std::uint16_t { owner = 0x01, owning_group = 0x04, acl_mask = 0x10, others = 0x20 };

/// Calls `look(tag, permissions)` for the entries of an ACL as the kernel gives it; it may change these.
template <class Look>
void for_each_entry(std::string& acl, Look look) {
    for (std::size_t at = sizeof(posix_acl_xattr_header); at + sizeof(posix_acl_xattr_entry) <= acl.size();
         at += sizeof(posix_acl_xattr_entry)) {
        posix_acl_xattr_entry entry;
        std::memcpy(&entry, acl.data() + at, sizeof entry);
        mode_t permissions = le16toh(entry.e_perm);
        look(le16toh(entry.e_tag), permissions);
        entry.e_perm = htole16(static_cast<std::uint16_t>(permissions));
        std::memcpy(acl.data() + at, &entry, sizeof entry);
    }
}

/// As for_another_group. Named users and groups keep what they have.
void narrow(std::string& acl) {
    mode_t both = 7;
    for_each_entry(acl, [&](unsigned tag, mode_t permissions) {
        if (tag == owning_group || tag == acl_mask || tag == others) both &= permissions;
    });
    for_each_entry(acl, [&](unsigned tag, mode_t& permissions) {
        if (tag == owning_group || tag == others) permissions = both;
    });
}

result<std::string> attribute(const metadata_of& of, const char* name) {
    std::string value(1024, '\0');
    for (;;) {
        const auto size = attempt([&] {
            return of.only_path ? ::getxattr(proc_path(of.fd).text.data(), name, value.data(), value.size())
                                : ::fgetxattr(of.fd, name, value.data(), value.size());
        });
        if (size) {
            value.resize(static_cast<std::size_t>(*size));
            return value;
        }
        if (size.error() != std::errc::result_out_of_range || value.size() > 65536)
            return std::unexpected(size.error());
        value.resize(4 * value.size());
    }
}

/// `grouped`: the group is the source's, too.
result<> copy_attribute(const metadata_of& from, const metadata_of& to, const char* name, bool grouped) {
    auto value = attribute(from, name);
    if (!value) return std::unexpected(value.error());
    if (!grouped && name == std::string_view(access_acl)) narrow(*value);
    const auto set = attempt([&] {
        return to.only_path ? ::setxattr(proc_path(to.fd).text.data(), name, value->data(), value->size(), 0)
                            : ::fsetxattr(to.fd, name, value->data(), value->size(), 0);
    });
    if (!set) return std::unexpected(set.error());
    return {};
}

/// What an ordinary user cannot set, and need not be told; nor root in a container.
bool is_for_root(std::string_view name) {
    return name.starts_with("security.") || name.starts_with("trusted.");
}

/// What one file system tells of itself by an attribute, an NFSv4 ACL say, means nothing to another.
bool is_portable(std::string_view name) {
    return !name.starts_with("system.") || name == access_acl || name == default_acl;
}

/// Whether it has that group now.
bool set_group(const metadata_of& of, std::uint32_t gid) {
    if (set_owner(of, static_cast<std::uint32_t>(-1), gid)) return true;
    const auto status = status_at(of.fd, "");
    return status && status->gid == gid;
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
enum class attributes : std::uint8_t { acls, all };

struct copied_attributes {
    bool any = false;             // there were some, or it cannot be told
    bool acl = false;             // among them an access ACL
    bool acl_is_right = true;     // of the copy
    std::error_code reason = {};  // of the first that could not be had

    void fail(std::string_view name, const std::error_code& why) {
        if (!reason) reason = why;
        acl_is_right = acl_is_right && name != access_acl;
    }
};

/// ACLs that the source does not have are taken away, before they can widen the permissions that are set
/// next; unless nothing was inherited.
copied_attributes copy_attributes(const metadata_of& from, const metadata_of& to, attributes which,
                                  bool inherited, bool grouped) {
    auto names = attribute_names(from);
    if (!names && names.error() != std::errc::not_supported)
        return {.any = true, .acl_is_right = false, .reason = names.error()};
    if (!names) names.emplace();
    copied_attributes had = {.any = !names->empty()};
    bool has_default_acl = false;
    for (std::size_t at = 0; at < names->size();) {
        const std::string_view name = names->c_str() + at;
        at += name.size() + 1;
        had.acl = had.acl || name == access_acl;
        has_default_acl = has_default_acl || name == default_acl;
        const bool is_acl = name == access_acl || name == default_acl;
        if (!is_acl && (which == attributes::acls || !is_portable(name))) continue;
        if (is_for_root(name) && ::geteuid() != 0) continue;
        const result<> copied = copy_attribute(from, to, name.data(), grouped);
        const bool may_not = !copied && is_for_root(name) &&
                             (copied.error() == std::errc::operation_not_permitted ||
                              copied.error() == std::errc::permission_denied);
        if (!copied && !may_not) had.fail(name, copied.error());
    }
    for (const auto& [has, name] : {std::pair(had.acl, access_acl), std::pair(has_default_acl, default_acl)})
        if (const result<> dropped = has || !inherited ? result<>() : drop_acl(to, name); !dropped)
            had.fail(name, dropped.error());
    return had;
}

/// What the mode of `to` is to be, whose ACL is set if there is one. Of that the mode's group is the mask.
mode_t mode_for_another_group(const metadata_of& to, mode_t mode, bool has_acl) {
    const auto now = has_acl ? status_at(to.fd, "") : error(ENOENT);
    return now ? (mode & ~mode_t(077)) | (now->permissions() & 077U) : for_another_group(mode);
}

}  // namespace

result<> set_mode(const metadata_of& of, mode_t mode) {
    auto made = attempt(
        [&] { return of.only_path ? ::chmod(proc_path(of.fd).text.data(), mode) : ::fchmod(of.fd, mode); });
    if (made) return {};
    const bool no_proc = made.error() == std::errc::no_such_file_or_directory;  // it is open
    return no_proc ? error(EOPNOTSUPP) : std::unexpected(made.error());
}

metadata_failure copy_metadata(metadata_of from, metadata_of to, const file_status& source, preserve keep,
                               bool has_owner_and_mode) {
    if (keep == preserve::nothing) return {};
    metadata_failure first;
    const auto note = [&first](const char* operation, const result<>& made) {
        if (!made && !first.operation) first = {.operation = operation, .reason = made.error()};
        return made.has_value();
    };
    // An owner that only root may give is given up without a word, as by cp, and the set-id bits with it.
    const result<> owned = has_owner_and_mode ? result<>() : set_owner(to, source.uid, source.gid);
    mode_t mode = source.permissions();
    bool grouped = true;
    if (!owned) {
        mode &= 01777U;
        if (::geteuid() == 0) note("chown", owned);
        grouped = set_group(to, source.gid);  // not the owner, perhaps the group
    }
    // A symbolic link has no permissions, and only such attributes as root may set.
    const bool is_link = source.is_symlink();
    const attributes which = keep == preserve::basics ? attributes::acls : attributes::all;
    const copied_attributes had =
        is_link && ::geteuid() != 0
            ? copied_attributes()
            : copy_attributes(from, to, which, !is_link && !has_owner_and_mode, grouped);
    if (had.reason) note("setxattr", std::unexpected(had.reason));
    if (!grouped) mode = mode_for_another_group(to, mode, had.acl);
    // Whom the ACL kept out is not known without it: only the owner gets in.
    if (!had.acl_is_right) mode &= ~mode_t(077);
    // An ACL that was set has changed the mode.
    if (!is_link && (!has_owner_and_mode || had.any)) note("chmod", set_mode(to, mode));
    note("utimens", set_times(to, source));
    return first;
}

bool inherits_nothing(const open_place& directory) {
    // Another group in one of ours: the mount gives that of the directory (grpid).
    if ((directory.status.mode & S_ISGID) || directory.status.gid != ::getegid()) return false;
    const auto acl = attempt([&] { return ::fgetxattr(directory.fd.get(), default_acl, nullptr, 0); });
    return !acl &&
           (acl.error() == std::errc::no_message_available || acl.error() == std::errc::not_supported);
}

mode_t permissions_of_new(const metadata_of& directory, mode_t umask) {
    auto acl = attribute(directory, default_acl);
    if (!acl) return 0777U & ~umask;
    mode_t user = 7, group = 7, rest = 7;
    for_each_entry(*acl, [&](unsigned tag, mode_t permissions) {
        if (tag == owner) user = permissions;
        if (tag == acl_mask || tag == owning_group)
            group = permissions;  // the mask, if there is one, is last
        if (tag == others) rest = permissions;
    });
    return user << 6U | group << 3U | rest;
}

bool take_over(int from, int to, const file_status& replaced) {
    return set_owner({to}, replaced.uid, replaced.gid) &&
           !copy_attributes({from}, {to}, attributes::acls, true, true).reason &&
           set_mode({to}, replaced.permissions() & 0777U);
}

result<> take_over_permissions(int from, int to, const file_status& replaced) {
    const bool grouped = set_group({to}, replaced.gid) && from >= 0;
    copied_attributes had;  // what there is of ACLs, if it cannot be read, nobody gets
    if (from >= 0)
        had = copy_attributes({from}, {to}, attributes::acls, true, grouped);
    else if (const result<> dropped = drop_acl({to}, access_acl); !dropped)
        had.fail(access_acl, dropped.error());
    if (had.reason) return std::unexpected(had.reason);
    const mode_t all = replaced.permissions() & 0777U;
    const mode_t wanted = grouped ? all : mode_for_another_group({to}, all, had.acl);
    const result<> set = set_mode({to}, wanted);
    if (set) return set;
    // Where the file system decides, they may be the same already.
    const auto made = status_at(to, "");
    return made && (made->permissions() & 0777U) == wanted ? result<>() : set;
}

}  // namespace aio::detail
