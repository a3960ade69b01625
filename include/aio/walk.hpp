// SPDX-License-Identifier: MIT
// walk: everything in a tree, in batches.
#pragma once

#include <aio/trees.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>

namespace aio {

/// Something in a tree. Lifetime: that of its batch.
struct walk_entry {
    std::string_view path;  // the root as it was given, and the names below it
    std::string_view name;  // the last of these; of the root, all of it
    file_type type = file_type::unknown;
    std::uint64_t inode = 0;
    unsigned depth = 0;                   // 0: the root
    const file_status* status = nullptr;  // if it was asked for
    int directory = -1;  // for the filter: the directory that it is in, open while the filter runs
};

/// Some of the entries of a walk.
class walk_batch {
  public:
    class iterator;

    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
    [[nodiscard]] bool empty() const noexcept { return records_.empty(); }
    /// Requires: `index` < size().
    [[nodiscard]] walk_entry operator[](std::size_t index) const noexcept {
        const record& of = records_[index];
        const std::string_view path = std::string_view(text_).substr(of.offset, of.length);
        return {.path = path,
                .name = path.substr(of.length - of.name_length),
                .type = of.type,
                .inode = of.inode,
                .depth = of.depth,
                .status = statuses_.empty() ? nullptr : &statuses_[index]};
    }
    [[nodiscard]] inline iterator begin() const noexcept;
    [[nodiscard]] inline iterator end() const noexcept;

    // What follows is for the library.
    AIO_EXPORT void add(std::string_view directory, std::string_view name, const walk_entry& of);
    AIO_EXPORT void append(walk_batch& other);

  private:
    struct record {
        std::uint64_t inode;
        std::size_t offset;
        std::uint32_t length;
        std::uint32_t name_length;
        std::uint32_t depth;
        file_type type;
    };

    std::string text_;
    std::vector<record> records_;
    std::vector<file_status> statuses_;  // as many, or none
};

class walk_batch::iterator {
  public:
    using iterator_concept = std::forward_iterator_tag;
    using value_type = walk_entry;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    iterator(const walk_batch& of, std::size_t index) noexcept : of_(&of), index_(index) {}

    walk_entry operator*() const noexcept { return (*of_)[index_]; }
    iterator& operator++() noexcept {
        ++index_;
        return *this;
    }
    iterator operator++(int) noexcept { return {*of_, index_++}; }
    friend bool operator==(const iterator&, const iterator&) noexcept = default;

  private:
    const walk_batch* of_ = nullptr;
    std::size_t index_ = 0;
};

walk_batch::iterator walk_batch::begin() const noexcept {
    return {*this, 0};
}
walk_batch::iterator walk_batch::end() const noexcept {
    return {*this, size()};
}

enum class walk_order : std::uint8_t {
    found,    // depth first, several directories at a time
    breadth,  // all directories of one depth before those below them; remembers the names of a whole level
};

/// What a walk's filter says of an entry.
enum class walk_choice : std::uint8_t {
    take,     // it is given, and if it is a directory so is what is in it
    only_it,  // it is given, and what is in it is not
    only_in,  // it is not given, but what is in it is
    neither,
};

struct walk_options {
    tree_options tree = {};
    walk_order order = walk_order::found;
    /// Entries that were read at once come by inode number, the order in which stat is fastest on a disk.
    bool by_inode = false;
    /// Gives each entry its status, as lstat does; one that could not be had is all zero, and a failure.
    bool status = false;
    /// Asked about each entry. Called on workers, several at a time; it may make blocking calls.
    inline_function<walk_choice(const walk_entry&)> filter = {};
};

/// Goes through a tree and calls `batch` in poll with what was found, the root first and every directory
/// before what is in it. Names that come or go meanwhile may be in it or not; every other is in it once. A
/// root that is no directory is found alone; a symbolic link is itself, and "link/" what it leads to.
///
/// A directory that cannot be read is found, and is a failure of the result.
[[nodiscard]] AIO_EXPORT task<tree_result> walk(path_view path,
                                                inline_function<void(const walk_batch&)> batch,
                                                walk_options how = {});

/// The same for who asks for one batch after the other: nothing goes on while nobody asks.
///
///     aio::tree_walk tree("/usr");
///     while (auto batch = co_await tree.next())
///         for (const aio::walk_entry& entry : *batch) …
///     if (!tree.result()) …
class tree_walk {
  public:
    /// Throws std::bad_alloc.
    AIO_EXPORT explicit tree_walk(path_view path, const walk_options& how = {});
    AIO_EXPORT tree_walk(tree_walk&&) noexcept;
    AIO_EXPORT tree_walk& operator=(tree_walk&&) noexcept;
    AIO_EXPORT ~tree_walk();

    /// The next batch, which is not empty; nothing at the end, or if the awaiting task was cancelled. One at
    /// a time. Lifetime: the walk outlives the task.
    [[nodiscard]] AIO_EXPORT task<std::optional<walk_batch>> next();
    /// What came of it. At the end.
    [[nodiscard]] AIO_EXPORT tree_result result();

  private:
    std::shared_ptr<void> walk_;
};

}  // namespace aio
