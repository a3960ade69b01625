// SPDX-License-Identifier: MIT
// tree_node: a directory that a walk knows of, and the few of them that it keeps open.
#pragma once

#include <aio/directories.hpp>
#include <aio/file.hpp>

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace tool {

/// What tells one directory from another that took its name.
struct identity {
    dev_t device = 0;
    ino_t inode = 0;

    friend bool operator==(const identity&, const identity&) = default;
};

/// A directory that is being read, or has something below it that is not finished. Its path is the names from
/// the root down to it, so that a deep tree needs no long strings.
struct tree_node {
    /// A root; its name is the operand, with whatever slashes it ends in.
    explicit tree_node(std::string operand);
    tree_node(tree_node& above, std::string_view own_name);

    /// Appends the path, with one slash at the end.
    void append_path(std::string& to) const;

    [[nodiscard]] bool has_subdirectories() const noexcept {
        return next_subdirectory < subdirectories.size();
    }
    /// The name of a subdirectory that was not visited yet, until the next call. Requires: there is one.
    [[nodiscard]] std::string_view take_subdirectory() noexcept;

    tree_node* const parent = nullptr;
    const std::string name;
    const std::size_t path_length;  // with the slash
    std::size_t uses = 1;           // by the walk and by children; the last one gone deletes it
    std::string subdirectories;     // names to visit, each with a NUL behind it
    std::size_t next_subdirectory = 0;
    aio::directory handle;  // empty unless it is kept open
    identity was;           // of the directory when its handle was closed
};

/// The directories kept open as bases for what is below them. Beyond the limit, the one that was opened first
/// is closed; `reopen` gets it back.
class open_directories {
  public:
    explicit open_directories(std::size_t limit) : limit_(limit) {}

    void keep(tree_node& node, aio::directory handle);
    void close(tree_node& node) noexcept;

    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    /// Keeps half as many open from now on. False if it cannot be fewer.
    bool halve() noexcept;

  private:
    std::size_t limit_;
    std::vector<tree_node*> held_;  // in the order of opening
};

/// The way down to a directory that was closed, from the nearest one above it that is open.
class descent {
  public:
    /// Opens the last `trail` directories of the way for keeping, so that the next ones need not be reached
    /// from afar. Requires: `trail` is not 0.
    descent(tree_node& to, std::size_t trail);

    /// Opens the trail. Blocks. Errors: ESTALE if one of them is not the
    /// directory that was open before.
    [[nodiscard]] aio::result<std::vector<aio::directory>> operator()() const;

    /// The node for each directory of the trail.
    [[nodiscard]] std::vector<tree_node*> trail() const;

  private:
    struct step {
        tree_node* node;
        identity expected;  // a copy: the node's own may be written meanwhile
    };

    aio::directory base_;      // empty: the working directory
    std::size_t trail_begin_;  // an index of steps_
    int error_ = 0;            // there was no descriptor for the base
    std::vector<step> steps_;  // from above down
};

}  // namespace tool
