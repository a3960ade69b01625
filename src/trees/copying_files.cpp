// SPDX-License-Identifier: MIT
// Writes what copies of files hold: without a name, under a temporary one, or in place.
#include "copying_worker.hpp"
#include "durable.hpp"
#include "temporary_name.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aio::detail {

/// Whether a new file of ours in this directory has the source's owner and permissions from the start.
bool copying::has_owner_and_mode(const entry& of) const noexcept {
    const file_status& status = of.status;
    const bool takes_attributes = status.permissions() & 0200U;  // only who may write it may set them
    return options_.keep != preserve::nothing && takes_attributes && of.in && of.in->note &&
           static_cast<const new_directory&>(*of.in->note).inherits_nothing && status.uid == ::geteuid() &&
           status.gid == ::getegid() && (status.permissions() & (07000U | umask_)) == 0;
}

/// Owners and permissions come when it is complete; without them the umask counts, as for every new file.
mode_t copying::first_mode(const entry& of) const noexcept {
    if (options_.keep == preserve::nothing || has_owner_and_mode(of)) return of.status.permissions() & 0777U;
    return 0600;
}

/// What a file system that writes later, over a network say, tells when a file is closed; any descriptor
/// does.
result<> copying::check_written(int fd) {
    const auto another = attempt([&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); });
    if (!another) return std::unexpected(another.error());
    return unique_fd(*another).close();
}

/// A new file that has no name until it is complete: nothing of it is left, whatever happens.
result<> copying::write_nameless(worker& self, const entry& of, unique_fd copy) {
    const auto written = self.copy_content(of.content.get(), copy.get(), of.status);
    if (!written) return std::unexpected(written.error());
    const metadata_failure lacking =
        copy_metadata({of.content.get()}, {copy.get()}, of.status, options_.keep, has_owner_and_mode(of));
    note_copy(self, of, copy.get());
    if (const result<> complete = check_written(copy.get()); !complete) return complete;
    const result<> named = give_first_name(copy.get(), of.to, of.to_name);
    if (!named) {
        self.has_nameless = named.error() == std::errc::file_exists;
        return named;
    }
    note_lacking(self, of, lacking);
    self.tally.bytes += *written;
    return {};
}

result<> copying::write_file(worker& self, const entry& of, way how) {
    // Not all file systems write a file without a name to the disk when they are told to (btrfs before 2025).
    if (how == way::create && self.has_nameless && !options_.durable) {
        const auto fd = open_nameless(of.to, first_mode(of));
        self.has_nameless = fd.has_value();
        if (fd) {
            const result<> made = write_nameless(self, of, unique_fd(*fd));
            // Not here: by a name of its own.
            if (made || self.has_nameless || ::lseek(of.content.get(), 0, SEEK_SET) != 0) return made;
        }
    }
    unique_fd replaced;
    if (how == way::take_over) {
        const auto old = attempt(
            [&] { return ::openat(of.to, of.to_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); });
        if (!old) return write_in_place(self, of, of.content.get());
        replaced.reset(*old);
    }
    const mode_t mode = first_mode(of);
    const bool comes_once = !of.status.is_regular();  // out of a pipe, say
    auto made = make_temporary([&](const char* name) {
        return attempt([&] {
            return ::openat(of.to, name,
                            (comes_once ? O_RDWR : O_WRONLY) | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                            how == way::take_over ? 0600U : mode);
        });
    });
    if (!made) return std::unexpected(made.error());
    unique_fd copy(made->first);
    temporary_entry temporary(of.to, std::move(made->second));
    unique_fd again;
    if (comes_once) {
        const auto fd = attempt([&] { return ::fcntl(copy.get(), F_DUPFD_CLOEXEC, 0); });
        if (!fd) return std::unexpected(fd.error());
        again.reset(*fd);
    }
    const auto written = self.copy_content(of.content.get(), copy.get(), of.status);
    if (!written) return std::unexpected(written.error());
    const auto write_in_place_after_all = [&]() -> result<> {
        temporary.remove();
        const int content = comes_once ? again.get() : of.content.get();
        const auto begun = attempt([&] { return ::lseek(content, 0, SEEK_SET); });
        return begun ? write_in_place(self, of, content) : std::unexpected(begun.error());
    };
    if (how == way::take_over) {
        // It hands its permissions on to what replaces it.
        const auto status = status_at(replaced.get(), "");
        if (!status || !take_over(replaced.get(), copy.get(), *status)) return write_in_place_after_all();
    }
    const metadata_failure lacking = copy_metadata({of.content.get()}, {copy.get()}, of.status, options_.keep,
                                                   how == way::create && has_owner_and_mode(of));
    note_copy(self, of, copy.get());
    if (options_.durable)
        if (const result<> synced = sync_file(copy.get()); !synced) return synced;
    if (const result<> closed = copy.close(); !closed) return closed;
    const result<> named = give_name(of.to, temporary.name(), of.to_name, how != way::create);
    if (!named) {
        // A file may be a mount point, as those of containers are.
        const bool is_mounted = named.error() == std::errc::device_or_resource_busy && is_like_cp();
        return is_mounted ? write_in_place_after_all() : named;
    }
    note_lacking(self, of, lacking);
    temporary.keep();
    self.tally.bytes += *written;
    return {};
}

/// Before something is tried again.
void copying::pause_a_little() noexcept {
    constexpr int patience = 20;  // ms
    pollfd nothing = {.fd = -1, .events = 0, .revents = 0};
    static_cast<void>(attempt([&] { return ::poll(&nothing, 1, patience); }));
}

/// A FIFO that nobody reads is waited for, but in a way that can be stopped.
result<unique_fd> copying::open_in_place(const entry& of) {
    const auto there = of.in ? result<file_status>() : status_at(of.to, of.to_name, true);
    const bool is_fifo = !of.in && there && there->is_fifo();
    const int flags =
        O_WRONLY | O_NOCTTY | O_CLOEXEC | (of.in ? O_NOFOLLOW : 0) | (of.in || is_fifo ? O_NONBLOCK : 0);
    for (;;) {
        const auto fd = attempt([&] { return ::openat(of.to, of.to_name, flags); });
        if (fd) return unique_fd(*fd);
        if (!is_fifo || fd.error() != std::errc::no_such_device_or_address)
            return std::unexpected(fd.error());
        if (stopped()) return error(ECANCELED);
        pause_a_little();
    }
}

/// `content`: what is written, from where it stands.
result<> copying::write_in_place(worker& self, const entry& of, int content) {
    auto opened = open_in_place(of);
    return opened ? write_onto(self, of, std::move(*opened), content) : std::unexpected(opened.error());
}

/// Below a root only what is no link, of either kind.
result<> copying::write_onto(worker& self, const entry& of, unique_fd copy, int content) {
    const int fd = copy.get();
    const auto there = status_at(fd, "");
    if (!there) return std::unexpected(there.error());
    if (same_file(*there, of.status)) return error(EINVAL);
    if (of.in && (!there->is_regular() || there->links != 1)) return error(EMLINK);
    if (of.in && there->uid != ::geteuid() && ::geteuid() != 0) return error(EPERM);
    note_copy(self, of, fd);
    if (there->is_regular()) {
        const auto emptied = attempt([&] { return ::ftruncate(fd, 0); });
        if (!emptied) return std::unexpected(emptied.error());
    }
    const auto written = self.copy_content(content, fd, of.status);
    if (!written) return std::unexpected(written.error());
    if (there->is_regular())
        note_lacking(self, of, copy_metadata({of.content.get()}, {fd}, of.status, options_.keep));
    if (options_.durable && there->is_regular())
        if (const result<> synced = sync_file(fd); !synced) return synced;
    self.tally.bytes += *written;
    return copy.close();
}

}  // namespace aio::detail
