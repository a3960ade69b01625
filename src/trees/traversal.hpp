// SPDX-License-Identifier: MIT
// traversal: the one way through a tree that walk, rmtree, copy_tree, disk_usage and the others share.
//
// Directories are opened by one name in their parent, or "..", and verified: by whom they are when they were
// closed in between. A few are kept open. Depth first, without recursion; names of subdirectories become
// nodes only when their turn comes, and a directory is not read on while many of them wait. Workers take from
// one queue.
#pragma once

#include "brief_mutex.hpp"
#include "job.hpp"
#include "node.hpp"
#include "record.hpp"

#include <aio/trees.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace aio::detail {

/// So many bytes of a path count as one entry of a slice: paths in a deep tree are long.
inline constexpr std::size_t bytes_per_entry = 256;

/// What one worker has of its own.
struct tree_worker {
    explicit tree_worker(std::size_t piece) : entries(piece) {}
    virtual ~tree_worker() = default;

    tree_tally tally;       // since the slice began
    std::size_t spent = 0;  // of the slice
    dirents entries;
    std::string found;  // subdirectories of the piece at hand
    std::string path;   // of the directory that it is of, if somebody wanted to know
};

class traversal : public job {
  public:
    ~traversal() override;

    void work(std::size_t number) noexcept final;
    [[nodiscard]] std::size_t wanted() noexcept override;
    void report() override { record_.deliver(*this); }
    void stop(int cause) noexcept final;

    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    /// What was done. Poller, when the team has gone home.
    [[nodiscard]] tree_result& result_of() noexcept {
        return record_.whole(cause_.load(std::memory_order_relaxed));
    }

  protected:
    /// What to do with an entry.
    enum class treatment { other, directory, ignore };

    struct kind {
        unsigned places = 1;           // descriptors that a directory holds
        std::size_t piece = 32768;     // bytes of names to be read at once
        std::size_t slice = 4096;      // entries, about, until others get their turn
        bool leaves = true;            // `leave` does something
        bool acts_on_leaving = false;  // `leave` needs the directory and its parent open
        bool inode_order = false;      // of what was read at once
        bool breadth_first = false;
    };
    traversal(const tree_options& how, const kind& which);

    /// A worker, with what this kind of traversal wants it to have.
    virtual std::unique_ptr<tree_worker> hire() { return std::make_unique<tree_worker>(kind_.piece); }
    /// Makes and opens the root; null, the failure noted, if there is nothing to go through. Worker, first of
    /// all.
    virtual std::unique_ptr<tree_node> begin(tree_worker& self) = 0;
    /// A directory was opened (`from`), pinned and its parent too. False: nothing in it is read.
    virtual bool enter(tree_worker&, tree_node&) { return true; }
    /// An entry whose type is known, unless it is gone. The node is pinned.
    virtual treatment meet(tree_worker& self, tree_node& in, const dirent_view& entry);
    /// An entry that is no directory.
    virtual void other(tree_worker& self, tree_node& in, const dirent_view& entry) = 0;
    /// All below the directory is done; it and its parent are pinned. True: read it once more.
    virtual bool leave(tree_worker&, tree_node&) { return false; }
    /// A directory could not be opened or read.
    virtual void unreadable(tree_worker& self, tree_node& which, const char* operation,
                            std::error_code reason);
    /// Before subdirectories are given to the queue, and at the end of a slice. Under the mutex.
    virtual void publish(tree_worker&) {}
    /// Notes a failure; the directories above stay incomplete.
    void fail(tree_worker& self, tree_node* in, const char* operation, std::string path,
              std::error_code reason);
    void leave_incomplete(tree_node* node) noexcept;
    /// Not 0 when the rest is not wanted.
    [[nodiscard]] const std::atomic<int>& cause() const noexcept { return cause_; }
    [[nodiscard]] bool stopped() const noexcept { return cause_.load(std::memory_order_relaxed) != 0; }

    /// Opens a directory again that was closed, and keeps it open until `unpin`. Without the mutex.
    [[nodiscard]] result<> pin(tree_node& node);
    void unpin(tree_node& node) noexcept;
    void end_use(tree_worker& self, tree_node* node);

    const tree_options how_;
    const kind kind_;
    bool follow_ = false;  // symbolic links below the root lead on
    brief_mutex mutex_;
    tree_record record_;

  private:
    struct step {
        tree_node* node = nullptr;
        std::string child;  // empty: read on
    };

    void run(tree_worker& self, std::unique_lock<brief_mutex>& lock);
    step take(tree_worker& self, std::unique_lock<brief_mutex>& lock);
    step take_of_level(tree_worker& self, std::unique_lock<brief_mutex>& lock);
    step open_queued(tree_worker& self, tree_node& node, std::unique_lock<brief_mutex>& lock);
    [[nodiscard]] std::size_t worth() const noexcept;
    [[nodiscard]] bool has_work(const tree_node& node) const noexcept;
    [[nodiscard]] bool may_take(const tree_node& node) const noexcept;
    step take_from(tree_node& node);
    void queue(tree_node& node);
    void unqueue(tree_node& node);
    void visit(tree_worker& self, tree_node& parent, const std::string& name);
    void read(tree_worker& self, tree_node& node);
    [[nodiscard]] result<bool> read_piece(tree_worker& self, tree_node& node);
    [[nodiscard]] bool make_room(std::size_t bytes) noexcept;
    void look_at_entries(tree_worker& self, tree_node& node);
    [[nodiscard]] result<> reach(tree_node& node, const tree_node& below);
    [[nodiscard]] result<> descend(tree_node& to);
    void install(tree_node& node, open_place from, open_place to);
    void keep_open(tree_node& node);
    void close_some();
    void lose(tree_worker& self, tree_node& node, const std::error_code& reason);
    void end_use(tree_worker& self, tree_node* node, std::unique_lock<brief_mutex> lock);
    bool leave(tree_worker& self, tree_node& node, std::unique_lock<brief_mutex>& lock);
    bool leave_reopened(tree_worker& self, tree_node& node);
    void link(tree_node& node) noexcept;
    void unlink(tree_node& node) noexcept;
    bool spare_descriptors(const std::error_code& reason);
    bool postpone(tree_node& parent, std::string_view name, const std::error_code& reason);

    std::vector<std::unique_ptr<tree_worker>> workers_;
    std::atomic<int> cause_{0};

    // Under the mutex.
    std::condition_variable_any more_;
    std::vector<tree_node*> queue_;  // those with something to be taken, the deepest last
    std::size_t available_ = 0;      // how many steps there are to be taken
    std::uint64_t entries_ = 0;      // that were read
    std::size_t remembered_ = 0;     // bytes, of names that wait and of nodes
    std::vector<tree_node*> open_;   // in the order of opening
    std::size_t open_max_;
    unsigned fruitless_ = 0;  // attempts to open one more since the last that succeeded
    tree_node* all_ = nullptr;
    std::size_t limit_;
    std::size_t hired_ = 1;    // how many slices are under way, or were when the poller looked
    std::size_t busy_ = 0;     // workers that do something taken from the queue
    std::size_t working_ = 0;  // workers in a slice that do not wait for others
    std::size_t waiting_ = 0;
    unsigned level_ = 0;  // of directories that may be begun, breadth first
    bool begun_ = false;
    bool finished_ = false;
};

}  // namespace aio::detail
