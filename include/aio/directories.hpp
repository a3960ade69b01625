// SPDX-License-Identifier: MIT
// Making, removing and reading directories.
#pragma once

#include <aio/attributes.hpp>
#include <aio/export.hpp>
#include <aio/file.hpp>
#include <aio/operation.hpp>
#include <aio/path.hpp>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

namespace aio {

/// Makes a directory: mkdir(2), R-MKDIR. `mode` less the umask of the time when the call is made.
///
/// Errors: EEXIST if there is anything with that name.
[[nodiscard]] AIO_EXPORT operation<> mkdir(path_view path AIO_LIFETIMEBOUND, mode_t mode = 0777);

/// Makes a directory and all above it that are missing, these with mode 0777 less the umask. Whatever of them
/// is there already, also made by others in the meantime, is left as it is.
///
/// Errors: EEXIST if the path names something else than a directory, ENOTDIR if something above does.
/// Cancel: directories that were made stay.
[[nodiscard]] AIO_EXPORT operation<> make_directories(path_view path AIO_LIFETIMEBOUND, mode_t mode = 0777);

/// Removes an empty directory: rmdir(2), R-RMDIR.
///
/// Errors: ENOTEMPTY; ENOTDIR for anything else, a symbolic link to a directory included.
[[nodiscard]] AIO_EXPORT operation<> rmdir(path_view path AIO_LIFETIMEBOUND);

/// One name in a directory.
struct directory_entry {
    std::string_view name;                // bytes, without "/"; a NUL follows them
    file_type type = file_type::unknown;  // of the name itself: a symbolic link is a symbolic link
    std::uint64_t inode = 0;
};

/// What a directory holds, in one block of memory, without "." and "..".
///
/// Lifetime: names point into the listing; they stay where they are when it is moved.
class directory_listing {
  public:
    class iterator;

    directory_listing() noexcept = default;

    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
    [[nodiscard]] bool empty() const noexcept { return records_.empty(); }
    /// Requires: `index` < size().
    [[nodiscard]] directory_entry operator[](std::size_t index) const noexcept {
        return entry(records_[index]);
    }
    [[nodiscard]] inline iterator begin() const noexcept;
    [[nodiscard]] inline iterator end() const noexcept;

    /// Whether the file system told the type of every entry.
    [[nodiscard]] bool types_known() const noexcept { return types_known_; }

    /// The directory that was read, if `keep_open` was set: what to use with the names, since no rename can
    /// put another in its place.
    [[nodiscard]] const aio::directory& directory() const noexcept { return directory_; }
    [[nodiscard]] aio::directory& directory() noexcept { return directory_; }

    // What follows is for the library.
    struct record {
        std::uint64_t inode;
        std::uint32_t offset;  // of the name, in the block
        std::uint16_t length;
        file_type type;
        std::uint8_t score;  // lower: more likely to be a directory
    };
    class builder;

  private:
    [[nodiscard]] directory_entry entry(const record& of) const noexcept {
        return {std::string_view(names_.data() + of.offset, of.length), of.type, of.inode};
    }

    std::vector<record> records_;
    std::vector<char> names_;
    aio::directory directory_;
    bool types_known_ = true;
};

class directory_listing::iterator {
  public:
    using iterator_concept = std::forward_iterator_tag;
    using value_type = directory_entry;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    iterator(const directory_listing& of, std::size_t index) noexcept : of_(&of), index_(index) {}

    directory_entry operator*() const noexcept { return (*of_)[index_]; }
    iterator& operator++() noexcept {
        ++index_;
        return *this;
    }
    iterator operator++(int) noexcept { return {*of_, index_++}; }
    friend bool operator==(const iterator&, const iterator&) noexcept = default;

  private:
    const directory_listing* of_ = nullptr;
    std::size_t index_ = 0;
};

directory_listing::iterator directory_listing::begin() const noexcept {
    return {*this, 0};
}
directory_listing::iterator directory_listing::end() const noexcept {
    return {*this, size()};
}

/// How a directory is read. With none of these: in the directory's own order.
struct readdir_options {
    /// By ascending inode number: the order in which stat is fastest on a disk.
    bool stat_order = false;
    /// Directories first, and these by inode number. Where types are not known, names likely to be
    /// directories' come first: short, without a dot inside. With stat_order the others are by inode number
    /// too.
    bool directories_first = false;
    /// Do not follow a symbolic link in the last component: ENOTDIR then.
    bool nofollow = false;
    /// Keep the directory open in the listing.
    bool keep_open = false;
};

/// The names in a directory, with their types and inode numbers: getdents64(2), R-READDIR and aio_readdirx.
/// Takes a path or a directory handle, which is opened anew: its position does not matter, and it stays as it
/// is. An empty directory is an empty listing. Linux only.
///
/// Names that come or go in the meantime may be in it or not; every other is in it once.
/// Errors: ENOTDIR. EIO also if the file system gives a name that cannot be: empty, or with "/" inside.
[[nodiscard]] AIO_EXPORT operation<directory_listing> readdir(path_view path AIO_LIFETIMEBOUND,
                                                              readdir_options how = {});

}  // namespace aio
