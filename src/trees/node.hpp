// SPDX-License-Identifier: MIT
// tree_node: a directory that a traversal knows of and has not finished.
#pragma once

#include "linux_directory.hpp"

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace aio::detail {

/// What a kind of traversal notes of a directory.
struct tree_note {
    virtual ~tree_note() = default;
};

/// Its path is the names from the root down to it, so that a deep tree needs no long strings.
///
/// What says so is under the traversal's mutex; the descriptors stay open while the node is pinned.
struct tree_node {
    /// A root, named as the operand was.
    explicit tree_node(std::string operand);
    tree_node(tree_node& above, std::string_view own_name);

    /// Appends the path.
    void append_path(std::string& path) const;
    /// Of an entry; of the directory itself, if that is empty.
    [[nodiscard]] std::string path_of(std::string_view entry) const;

    tree_node* const parent = nullptr;
    const std::string name;
    const std::size_t path_length;  // without a slash at its end
    const unsigned depth = 0;

    open_place from;                  // what is gone through
    open_place to;                    // what is being made of it, if anything is
    std::unique_ptr<tree_note> note;  // of whoever is in `enter` or `leave`
    repetition repeats;               // of whoever is reading
    bool was_repositioned = false;    // the same: halfway through it was closed and opened again

    // Under the mutex.
    std::string pending;           // names of subdirectories to be visited, each with a NUL behind it
    std::size_t next_pending = 0;  // where the first of them stands
    std::size_t uses = 1;  // by workers, subdirectories in progress and the queue; the last one leaves it
    std::size_t pins = 0;  // who needs the descriptors
    off_t position = 0;    // where to read on, if it was closed meanwhile
    tree_node* next = nullptr;  // in the list of all
    tree_node* previous = nullptr;
    bool is_open = false;
    bool entered = false;       // it is to be left
    bool repositioned = false;  // opened again: it must be set to that position
    bool unread = false;        // there may be more to be read
    bool reading = false;       // and somebody is at it
    bool queued = false;        // it has pending subdirectories, or is to be read on
    unsigned passes = 1;        // how often its reading was begun
    bool incomplete = false;    // something in it or below was left
};

}  // namespace aio::detail
