// SPDX-License-Identifier: MIT
// copy, copy_tree, move; store and append.
//
// What is being written has no name, or a temporary one, `.aio-` and random letters, until it is complete;
// only a process that is killed, an error of removing it, or the deadline of a move between file systems
// leaves one behind. Whoever changes source or destination meanwhile: see <aio/trees.hpp>.
#pragma once

#include <aio/trees.hpp>

#include <memory>

namespace aio {

namespace detail {
class copying;
class kept_links;
}  // namespace detail

/// What is done where the destination's name is taken.
enum class on_existing : std::uint8_t {
    fail,      // EEXIST
    replace,   // by rename: others see the old file or the new one, each complete
    in_place,  // written over, as by open(2) with O_TRUNC; devices and FIFOs are written to
    /// A file that may be written; replaced if nothing is lost by it, keeping its owner and permissions, not
    /// set-id bits: a regular file with one name, or any if `keep` is all, that is ours to replace. In place
    /// otherwise: several names, devices, symbolic links, mount points. Below the root of a tree others may
    /// have made links: these are replaced.
    as_cp,
    as_cp_forced,  // the same; a file that may not be written is replaced
};

/// What a copy has from its source besides content, type and holes.
enum class preserve : std::uint8_t {
    nothing,  // permissions less the umask
    basics,   // owner, permissions with their ACL, times in nanoseconds
    all,      // also extended attributes, and several names of one file
};

/// Which symbolic links are followed in the source.
enum class follow_links : std::uint8_t { never, root, always };

/// Whether copies share their blocks with the source until one of them is changed.
enum class reflink : std::uint8_t { if_possible, always, never };

/// For `overwrite`: something whose destination exists. For `copied`: something that was just copied.
struct copy_entry {
    std::string_view from;
    std::string_view to;
    file_type type = file_type::unknown;
    const file_status* source = nullptr;       // for `overwrite`
    const file_status* destination = nullptr;  // what would be overwritten; for `overwrite`
};

/// Which files with several names were copied, so that several copies, one after the other or at once, keep
/// such names together among them: as cp does with all that it is given. Any thread.
class AIO_EXPORT copied_links {
  public:
    copied_links();  // throws std::bad_alloc
    copied_links(const copied_links&) = delete;
    copied_links& operator=(const copied_links&) = delete;
    ~copied_links();

  private:
    friend class detail::copying;
    const std::shared_ptr<detail::kept_links> kept_;
};

struct copy_options {
    tree_options tree = {};
    on_existing existing = on_existing::replace;  // below the root of a tree in_place means replace
    preserve keep = preserve::all;
    follow_links follow = follow_links::never;
    reflink clone = reflink::if_possible;
    /// Shared by copies that belong together; null: names are kept together within this one. With
    /// preserve::all. Lifetime: outlives the task.
    copied_links* links = nullptr;
    /// Read a root that is a FIFO or a device, instead of making one. A socket is ENXIO then.
    bool read_special = false;
    /// Write each file to the disk before it gets its name, and its name before it is done; of a move, before
    /// the source is removed.
    bool durable = false;
    /// Asked before something that is no directory is written over. False: it stays, which is no failure.
    /// Called on a worker, one call at a time.
    inline_function<bool(const copy_entry&)> overwrite = {};
    /// Told of what was copied. Called on a worker, one call at a time.
    inline_function<void(const copy_entry&)> copied = {};
    /// Told of content as it is written, every few MiB of a large file: how many bytes more. Called on
    /// workers, several at a time.
    inline_function<void(std::uint64_t bytes)> written = {};
};

/// Copies a file: R-COPY. `to` is the copy's own path. Whatever the size claimed, the content is read to its
/// end. FIFOs, sockets and devices are made anew, not read.
///
/// A partial file is never seen, except in place, and an empty one where the file system has neither links
/// nor RENAME_NOREPLACE. Owner and group that may not be given are left out, and with them the set-id bits.
/// Errors: EISDIR for a directory; EINVAL if both are the same file, which stays; ENOENT if `to` is a
/// dangling symbolic link and is to be written in place.
[[nodiscard]] AIO_EXPORT task<tree_result> copy(path_view from, path_view to, copy_options how = {});

/// Copies anything, directories with all in them, as `cp -a`. An existing directory is copied into, unless it
/// is the root and `existing` is `fail`: what it has besides stays. A partial tree stays too.
///
/// Errors: as of copy; EINVAL for a directory into itself; ESTALE for what is not any more what was found.
[[nodiscard]] AIO_EXPORT task<tree_result> copy_tree(path_view from, path_view to, copy_options how = {});

/// Gives something another name; from one file system to another by copying and removing: R-MOVE. What is
/// there with that name is replaced, as by rename(2); which does nothing where both are names of one file.
///
/// At any moment source or destination is complete. What was changed in the source meanwhile is not removed,
/// and is an error (ESTALE). EINVAL if both are one file by way of two mounts. `how.existing`: `fail` or
/// `replace`.
[[nodiscard]] AIO_EXPORT task<tree_result> move(path_view from, path_view to, copy_options how = {});

struct store_options {
    /// Of a new file, less the umask. One that is replaced hands its owner and permissions on, as far as T-12
    /// lets it; not the set-id bits, which were given to what it held.
    mode_t mode = 0666;
    on_existing existing = on_existing::replace;  // or `fail`
    /// Write content and name to the disk before it is done.
    bool durable = true;
};

/// Writes a whole file at once: whoever opens it sees the old content or the new, complete, also after a
/// crash if it is durable. A symbolic link of that name is replaced.
///
/// Errors: those of open, write, fsync, rename; then there is no new file, unless it was the directory's
/// fsync.
[[nodiscard]] AIO_EXPORT task<result<>> store(path_view path, std::string content, store_options how = {});

struct append_options {
    mode_t mode = 0666;  // of a new file, less the umask
    /// Write it to the disk, and the name of a new file, unless a symbolic link leads to it.
    bool durable = false;
};

/// Writes at the end of a file, which is made if there is none.
///
/// Errors: after ENOSPC or EIO a part of the content may be there.
[[nodiscard]] AIO_EXPORT task<result<>> append(path_view path, std::string content, append_options how = {});

}  // namespace aio
