// SPDX-License-Identifier: MIT
// Copies what is no directory.
#include "copying_worker.hpp"
#include "durable.hpp"
#include "temporary_name.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>

namespace aio::detail {

namespace {

/// Whether the file system may tell other inode numbers in directories than of files.
bool has_vague_inodes(int fd) {
    constexpr std::array<long, 6> such = {
        0x794c7630,  // overlayfs
        0x65735546,  // FUSE
        0x4d44,      // FAT, which makes numbers up as it goes
        0x2011bab0,  // exFAT: the same
        0x786f4256,  // of VirtualBox's shared folders
        0x482b,      // HFS+, of hard links
    };
    struct statfs found = {};
    return ::fstatfs(fd, &found) == 0 && std::ranges::find(such, found.f_type) != such.end();
}

/// Whether files in a directory may be replaced by renaming.
bool names_may_change(int directory) {
    if (::faccessat(directory, ".", W_OK, AT_EACCESS) != 0) return false;
    struct statx found = {};
    const bool known = ::statx(directory, ".", AT_SYMLINK_NOFOLLOW, 0, &found) == 0;
    return !known || (found.stx_attributes & (STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE)) == 0;
}

}  // namespace

void copying::other(tree_worker& self, tree_node& in, const dirent_view& met) {
    entry of{.in = &in,
             .from = in.from.fd.get(),
             .from_name = met.name.data(),
             .to = in.to.fd.get(),
             .to_name = met.name.data(),
             .type = met.type,
             .inode = follow_ && met.type == file_type::symlink ? 0 : met.inode,
             .follow = follow_};
    if (follow_ && met.type == file_type::symlink) {
        const auto leads_to = status_at(of.from, of.from_name, true);
        of.type = leads_to ? leads_to->type() : file_type::unknown;
    }
    copy_one(static_cast<worker&>(self), of);
}

bool copying::copy_one(worker& self, entry& of) {
    const auto failed = [&](const std::error_code& reason) {
        if (!stopped()) fail(self, of.in, "copy to", destination_path(of.in, of.to_name), reason);
        return false;
    };
    // A directory made here has no names that others could have given, as a rule: then the first attempt
    // does.
    const bool may_exist = !of.in || !of.in->note;
    if (const result<> looked = look(of); !looked) {
        // Who is not to copy it need not be able to.
        if (looked.error() == std::errc::permission_denied && may_exist && is_declined(of)) return false;
        // What is gone below the root was not there when it was copied. A link that leads nowhere is.
        const bool is_gone = looked.error() == std::errc::no_such_file_or_directory &&
                             !(of.follow && status_at(of.from, of.from_name));
        if (!stopped() && (!of.in || !is_gone)) fail(self, of.in, "open", source_path(of), looked.error());
        return false;
    }
    result<way> how = may_exist ? choose(of) : way::create;
    for (int tries = 0; how && *how != way::skip; ++tries) {
        const result<> made = make(self, of, *how);
        if (made) {
            if (manifest_) manifest_->add(of.status);
            count(self, of);
            return true;
        }
        if (made.error() != std::errc::file_exists || *how != way::create || tries != 0)
            return failed(made.error());
        // Something took the name meanwhile. The content is to be read once more; out of a pipe it is lost.
        if (of.content && ::lseek(of.content.get(), 0, SEEK_SET) != 0) return failed(made.error());
        how = choose(of);
    }
    return how ? false : failed(how.error());
}

/// A file under a lease, as of a file server's client, is not to be had before that is given back, or has
/// lapsed after 45 seconds, unless set otherwise (/proc/sys/fs/lease-break-time). A file system that always
/// says so is believed but once.
result<int> copying::open_source(const entry& of, int flags) {
    const clock::time_point until = clock::now() + std::chrono::seconds(90);
    for (;;) {
        const auto fd = attempt([&] { return ::openat(of.from, of.from_name, flags); });
        const bool is_leased = !fd && fd.error() == std::errc::resource_unavailable_try_again;
        if (!is_leased || stopped() || !awaits_leases_.load(std::memory_order_relaxed)) return fd;
        if (clock::now() >= until) awaits_leases_.store(false, std::memory_order_relaxed);
        pause_a_little();
    }
}

/// Opens a file that is to be read, and takes the status of anything.
result<> copying::look(entry& of) {
    const bool reads_special = !of.in && options_.read_special && of.type != file_type::symlink;
    if (of.type != file_type::regular && !reads_special) {
        const auto status = status_at(of.from, of.from_name, of.follow);
        if (!status) return std::unexpected(status.error());
        if (status->type() != of.type) return error(ESTALE);
        of.status = *status;
        return {};
    }
    // A FIFO's writer is awaited where it can be given up; to a device, not to wait may mean something else.
    const bool waits = reads_special && of.type != file_type::fifo;
    const int flags =
        O_RDONLY | O_NOCTTY | O_CLOEXEC | (of.follow ? 0 : O_NOFOLLOW) | (waits ? 0 : O_NONBLOCK);
    const auto fd = open_source(of, flags);
    // Something else took the name: a link, a socket, a device without a driver.
    // A root that is to be read may be one.
    if (!fd && !reads_special &&
        (fd.error() == std::errc::too_many_symbolic_link_levels ||
         fd.error() == std::errc::no_such_device_or_address))
        return error(ESTALE);
    if (!fd) return std::unexpected(fd.error());
    of.content = unique_fd(*fd);
    const auto status = status_at(*fd, "");
    if (!status) return std::unexpected(status.error());
    const auto is_mounted = [&] { return of.in && mount_of(*status, *fd) != of.in->from.status.mount_id; };
    // Of a file that is a mount point, the directory told the number of what is covered.
    const bool is_other =
        of.inode != 0 && status->inode != of.inode && !is_mounted() && !has_vague_inodes(*fd);
    if (status->type() != of.type || is_other) return error(ESTALE);
    of.status = *status;
    return {};
}

/// Whether what is there is not to be overwritten by what cannot be opened.
bool copying::is_declined(entry& of) {
    if (!options_.overwrite) return false;
    const auto status = status_at(of.from, of.from_name, of.follow);
    if (!status) return false;
    of.status = *status;
    const auto how = choose(of);
    return how && *how == way::skip;
}

result<copying::way> copying::choose(const entry& of) {
    const auto there = status_at(of.to, of.to_name);
    if (!there) {
        if (there.error() == std::errc::no_such_file_or_directory) return way::create;
        return std::unexpected(there.error());
    }
    if (options_.overwrite) {
        // A link stands for what would be written in place.
        const bool leads_on = there->is_symlink() && of.type == file_type::regular && !of.in &&
                              (is_like_cp() || options_.existing == on_existing::in_place);
        const auto leads_to = leads_on ? status_at(of.to, of.to_name, true) : there;
        const std::lock_guard one_at_a_time(asking_);
        if (stopped() || !options_.overwrite({.from = source_path(of),
                                              .to = destination_path(of.in, of.to_name),
                                              .type = of.type,
                                              .source = &of.status,
                                              .destination = leads_to ? &*leads_to : &*there}))
            return way::skip;
        if (stopped()) return way::skip;  // while somebody was asked
    }
    if (there->is_directory()) return error(EISDIR);
    if (same_file(*there, of.status)) return error(EINVAL);
    if (of.type == file_type::symlink) {
        // In the place of what it leads to it would lead to itself, and the content be lost.
        const auto content = status_at(of.from, of.from_name, true);
        if (content && same_file(*there, *content)) return error(EINVAL);
    }
    if (options_.existing == on_existing::fail) return error(EEXIST);
    const bool content = of.content || of.type == file_type::regular;
    if (!content || options_.existing == on_existing::replace) return way::replace;
    return is_like_cp() ? choose_like_cp(of, *there) : of.in ? way::replace : way::in_place;
}

/// For content where something is that is no directory.
result<copying::way> copying::choose_like_cp(const entry& of, const file_status& there) const {
    if (there.is_regular()) {
        // Who may not write it is not to get round that by renaming, as nobody does who opens it.
        const auto allowed = attempt([&] { return ::faccessat(of.to, of.to_name, W_OK, AT_EACCESS); });
        if (!allowed && options_.existing == on_existing::as_cp_forced) return way::replace;
        if (!allowed) return std::unexpected(allowed.error());
    }
    const bool is_ours = there.uid == ::geteuid() || ::geteuid() == 0;
    const bool can_be_named = names_may_change(of.to);
    // Its other names keep what they have if it is one name of the copy that is to be as the source's.
    const bool has_one_name = of.in || there.links == 1 || options_.keep == preserve::all;
    const bool is_replaced = there.is_regular() && has_one_name && is_ours && can_be_named;
    // Below a root nothing is written through links, of which others may make some, nor to a file of theirs.
    const bool may_be_written = !of.in || (there.is_regular() && there.links == 1 && is_ours);
    if (!is_replaced) return may_be_written ? way::in_place : way::replace;
    return options_.keep == preserve::nothing ? way::take_over : way::replace;
}

result<> copying::make(worker& self, entry& of, way how) {
    if (how == way::in_place) {
        auto opened = open_in_place(of);
        if (opened) return write_onto(self, of, std::move(*opened), of.content.get());
        // Nothing is made where a link would lead to.
        const bool leads_nowhere = opened.error() == std::errc::no_such_file_or_directory;
        if (options_.existing != on_existing::as_cp_forced || leads_nowhere || stopped())
            return std::unexpected(opened.error());
        how = way::replace;
    }
    if (!keeps_links(of)) return make_anew(self, of, how);
    const auto linked = link_to_first(self, of, how);
    if (!linked) return std::unexpected(linked.error());
    if (*linked) return {};
    if (of.status.links <= 1) return make_anew(self, of, how);
    // Others wait for this one: whatever happens, they must hear of it.
    struct claim {
        kept_links& links;
        const file_status& source;
        bool kept = false;
        ~claim() {
            if (!kept) links.failed(source);
        }
    } first{.links = *links_, .source = of.status};
    const result<> made = make_anew(self, of, how);
    if (!made) return made;
    if (!self.copy) {
        stands_alone(self, of, self.copy.error());
        return made;
    }
    links_->made(of.status,
                 {.base = link_base_, .names = names_of(of), .file = *self.copy, .source = of.status});
    first.kept = true;
    return made;
}

/// Before it has its name, as others may put a file of theirs there.
void copying::note_copy(worker& self, const entry& of, int copy) const {
    if (!keeps_links(of)) return;
    const auto status = status_at(copy, "");
    if (status)
        self.copy = kept_links::key_of(*status);
    else
        self.copy = std::unexpected(status.error());
}

result<> copying::make_anew(worker& self, const entry& of, way how) {
    if (of.content) return write_file(self, of, how);
    return of.type == file_type::symlink ? make_link(self, of, how) : make_special(self, of, how);
}

result<> copying::make_link(worker& self, const entry& of, way how) {
    std::array<char, PATH_MAX> text = {};
    const auto size =
        attempt([&] { return ::readlinkat(of.from, of.from_name, text.data(), text.size() - 1); });
    if (!size) return std::unexpected(size.error());
    if (how == way::create) {  // nothing is replaced by it, and it is complete at once
        const auto made = attempt([&] { return ::symlinkat(text.data(), of.to, of.to_name); });
        if (!made) return std::unexpected(made.error());
        return carry_by_name(self, of, of.to_name);
    }
    auto made = make_temporary(
        [&](const char* name) { return attempt([&] { return ::symlinkat(text.data(), of.to, name); }); });
    if (!made) return std::unexpected(made.error());
    temporary_entry temporary(of.to, std::move(made->second));
    return finish_by_name(self, of, temporary, how);
}

result<> copying::make_special(worker& self, const entry& of, way how) {
    const mode_t type = of.status.mode & S_IFMT;
    const mode_t mode = options_.keep == preserve::nothing ? of.status.permissions() & 0777U : 0600U;
    const auto make = [&](const char* name) {
        return attempt([&] { return ::mknodat(of.to, name, type | mode, of.status.rdev); });
    };
    if (how == way::create && !names_may_change(of.to)) {
        const auto made = make(of.to_name);
        return made ? carry_by_name(self, of, of.to_name) : std::unexpected(made.error());
    }
    auto made = make_temporary(make);
    if (!made) return std::unexpected(made.error());
    temporary_entry temporary(of.to, std::move(made->second));
    return finish_by_name(self, of, temporary, how);
}

result<> copying::finish_by_name(worker& self, const entry& of, temporary_entry& made, way how) {
    const result<> carried = carry_by_name(self, of, made.name());
    const result<> named = carried ? give_name(of.to, made.name(), of.to_name, how != way::create) : carried;
    if (named) made.keep();
    return named;
}

/// The copy is not, or its next one will not be, another name of the same file: a failure, but it stays.
void copying::stands_alone(worker& self, const entry& of, const std::error_code& reason) {
    const bool is_gone = reason == std::errc::no_such_file_or_directory;  // somebody took it away meanwhile
    if (!is_gone) fail(self, of.in, "link", destination_path(of.in, of.to_name), reason);
}

/// Makes a further name of a file that was copied already. False: it was not, or cannot be, or its copy is
/// gone.
result<bool> copying::link_to_first(worker& self, entry& of, way how) {
    const auto first = links_->find(of.status, !of.follow);
    if (!first) return false;
    unique_fd directory;
    int base = first->base ? first->base->get() : root_->to.fd.get();
    for (std::size_t i = 0; i + 1 < first->names.size(); ++i) {
        const auto next = attempt([&] {
            return ::openat(base, first->names[i].c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        });
        if (!next) {
            stands_alone(self, of, next.error());
            return false;
        }
        directory.reset(*next);
        base = *next;
    }
    auto made = make_temporary([&](const char* name) {
        return attempt([&] { return ::linkat(base, first->names.back().c_str(), of.to, name, 0); });
    });
    if (!made) {
        stands_alone(self, of, made.error());
        return false;
    }
    temporary_entry temporary(of.to, std::move(made->second));
    const auto linked = status_at(of.to, temporary.name());
    if (!linked) stands_alone(self, of, linked.error());
    if (!linked || kept_links::key_of(*linked) != first->file) return false;
    const result<> named = give_name(of.to, temporary.name(), of.to_name, how != way::create);
    if (!named) return std::unexpected(named.error());
    // Where both were names of one file already, rename has done nothing, and the temporary one goes.
    if (how == way::create) temporary.keep();
    of.status = first->source;  // that is what was copied, whatever was written to it since
    return true;
}

/// Of what cannot be opened for writing: links, FIFOs, devices. By a descriptor of the thing itself.
result<> copying::carry_by_name(worker& self, const entry& of, const char* name) {
    if (options_.keep == preserve::nothing) return {};
    const auto fd = attempt([&] { return ::openat(of.to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); });
    if (!fd) return std::unexpected(fd.error());
    const unique_fd copy(*fd);
    const auto status = status_at(*fd, "");
    if (!status) return std::unexpected(status.error());
    if (status->type() != of.type || status->links != 1) return error(ESTALE);
    if (const result<> ours = check_owner(status->uid, of.to); !ours) return ours;
    const int flags = O_PATH | O_CLOEXEC | (of.follow ? 0 : O_NOFOLLOW);
    const auto from = attempt([&] { return ::openat(of.from, of.from_name, flags); });
    if (!from) return std::unexpected(from.error());
    const unique_fd source(*from);
    const auto source_status = status_at(source.get(), "");
    if (!source_status) return std::unexpected(source_status.error());
    if (!same_file(*source_status, of.status)) return error(ESTALE);
    note_lacking(self, of, copy_metadata({source.get(), true}, {copy.get(), true}, of.status, options_.keep));
    note_copy(self, of, copy.get());
    return {};
}

/// What could not be had of it is a failure, but the copy stays.
void copying::note_lacking(worker& self, const entry& of, const metadata_failure& what) {
    if (what.operation) fail(self, of.in, what.operation, destination_path(of.in, of.to_name), what.reason);
}

void copying::count(worker& self, const entry& of) {
    ++self.tally.others;
    if (!options_.copied) return;
    const std::lock_guard one_at_a_time(asking_);
    if (!stopped())
        options_.copied(
            {.from = source_path(of), .to = destination_path(of.in, of.to_name), .type = of.type});
}

bool copying::is_like_cp() const noexcept {
    return options_.existing == on_existing::as_cp || options_.existing == on_existing::as_cp_forced;
}

bool copying::keeps_links(const entry& of) const noexcept {
    // What has one name now may have had more, when another copy met it.
    return options_.keep == preserve::all && (options_.links || (of.in && of.status.links > 1));
}

std::vector<std::string> copying::names_of(const entry& of) const {
    std::vector<std::string> names{of.in || later_.name.empty() ? of.to_name : later_.name};
    for (const tree_node* each = of.in; each && each->parent; each = each->parent)
        names.insert(names.begin(), each->name);
    return names;
}

std::string copying::source_path(const entry& of) const {
    return of.in ? of.in->path_of(of.from_name) : std::string(from_.target().path);
}

}  // namespace aio::detail
