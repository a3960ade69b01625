// SPDX-License-Identifier: MIT
// tree: visits every directory of a tree, several at a time.
#pragma once

#include "tree_node.hpp"

#include <aio/context.hpp>
#include <aio/directories.hpp>
#include <aio/task.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace tool {

/// Visits directories, parents before their children. Each costs one request. Below a root no link is
/// followed: a directory is opened by its name relative to its parent.
///
/// Depth first, without recursion, and names of subdirectories become nodes only when their turn comes:
/// memory grows with the depth and the number of directories in progress, plus the names still to be visited.
class tree {
  public:
    struct limits {
        std::size_t in_progress = 32;  // directories being read or visited, each open
        std::size_t kept_open = 16;    // directories above them

        /// As much as the process may have open (RLIMIT_NOFILE), if each directory in progress needs
        /// `descriptors_each`.
        static limits fitting(std::size_t descriptors_each);
    };

    /// A directory that was read. Its handle is in the listing.
    class visit {
      public:
        visit(const tree_node& node, const aio::directory_listing& listing)
            : node_(node), listing_(listing) {}

        [[nodiscard]] const tree_node& node() const noexcept { return node_; }
        [[nodiscard]] const aio::directory& directory() const noexcept { return listing_.directory(); }
        [[nodiscard]] std::size_t size() const noexcept { return listing_.size(); }
        /// An entry; its type is known, unless the entry is gone or may not be looked at.
        [[nodiscard]] aio::directory_entry operator[](std::size_t index) const noexcept;

      private:
        friend tree;
        const tree_node& node_;
        const aio::directory_listing& listing_;
        std::vector<aio::file_type> types_;  // empty if the listing knows them
    };

    class visitor {
      public:
        virtual ~visitor() = default;
        /// A directory was read. Its subdirectories' turn comes when the task has ended.
        virtual aio::task<> read(const visit& directory) = 0;
        /// A directory could not be read.
        virtual void unreadable(const tree_node& directory, const std::error_code& reason) = 0;
    };

    tree(aio::context& io, visitor& to, const limits& how)
        : io_(io), visitor_(to), limits_(how), open_(how.kept_open) {}
    tree(const tree&) = delete;
    tree& operator=(const tree&) = delete;
    ~tree();

    /// Begins with another root. It is opened by this path, its last name not followed if that is a link.
    void add(std::string root);
    /// Whether there is room for another root.
    [[nodiscard]] bool wants_root() const noexcept {
        return stack_.empty() && in_progress_ < limits_.in_progress;
    }
    [[nodiscard]] bool done() const noexcept { return stack_.empty() && in_progress_ == 0; }

  private:
    void begin(tree_node* node);
    void begin_more();
    tree_node* next_node();
    void arrived(tree_node* node, aio::result<aio::directory_listing> listing);
    aio::task<> process(tree_node* node, aio::directory_listing listing);
    aio::task<> learn_types(visit* of);
    void go_below(tree_node* node, const visit& was_read, aio::directory handle);
    void finish(tree_node* node);
    void reopen(tree_node* node);
    bool postpone(tree_node* node, const std::error_code& reason);
    bool make_do_with_less(const std::error_code& reason) noexcept;
    void give_up_below(tree_node* node, const std::error_code& reason);
    void release(tree_node* node) noexcept;

    aio::context& io_;
    visitor& visitor_;
    limits limits_;
    open_directories open_;
    std::vector<tree_node*> stack_;  // those with subdirectories to be visited; each counts as a use
    std::size_t in_progress_ = 0;    // requests and visits
    bool reopening_ = false;
};

}  // namespace tool
