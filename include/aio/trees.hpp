// SPDX-License-Identifier: MIT
// Whole trees: rmtree, disk_usage, chmod_tree, chown_tree; and what all operations on trees take and give.
//
// Whoever renames, creates or removes inside a tree meanwhile: below the root nothing is resolved by path and
// no symbolic link is followed, so that nothing outside the tree is touched. A tree may be of any depth; the
// memory used grows with the depth, not with the number of entries.
//
// Functions that are called on a worker: what they throw stops the operation (state_not_recoverable). One
// that runs when a deadline passes, or when the context is destroyed, is not waited for: what it uses must
// live on.
#pragma once

#include <aio/attributes.hpp>
#include <aio/export.hpp>
#include <aio/inline_function.hpp>
#include <aio/path.hpp>
#include <aio/result.hpp>
#include <aio/task.hpp>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio {

/// What was done so far.
struct tree_progress {
    std::uint64_t directories = 0;
    std::uint64_t others = 0;  // entries that are no directories
    std::uint64_t bytes = 0;   // copied; for disk_usage: allocated
    std::uint64_t failed = 0;
    std::string_view path;  // one of the directories being worked at; for the duration of the call
};

/// What could not be done with one entry.
struct tree_failure {
    const char* operation;  // the system call, or what it was for: "open", "unlink", "copy", …
    std::string path;       // the root as it was given, and the names below it
    std::error_code reason;
};

/// What is to become of the rest when one entry fails.
enum class on_failure : std::uint8_t { go_on, stop };

/// What an operation on a tree did. As a bool: whether all of it was done.
struct tree_result {
    static constexpr std::size_t failures_max = 16;

    tree_result() = default;
    /// One that did nothing.
    tree_result(const std::unexpected<std::error_code>& reason) : failed(1), stopped(reason.error()) {}

    [[nodiscard]] explicit operator bool() const noexcept { return failed == 0 && !stopped; }
    /// Why not all was done: why it was stopped, or the reason of the first failure.
    [[nodiscard]] std::error_code error() const noexcept {
        return stopped || failures.empty() ? stopped : failures.front().reason;
    }

    std::uint64_t directories = 0;
    std::uint64_t others = 0;
    std::uint64_t bytes = 0;
    std::uint64_t failed = 0;            // how many entries
    std::vector<tree_failure> failures;  // the first of them
    std::error_code stopped;  // operation_canceled, timed_out, or a failure after which it could not go on
};

/// How to go through a tree. Priority, deadline and stop token are given by `with`, as for every task; a tree
/// is stopped between two entries.
struct tree_options {
    /// How many threads work at once, if there are as many descriptors.
    unsigned limit = 8;
    /// How many directories are open at once; at least 4.
    unsigned descriptors = 16;
    /// Leave alone what is mounted below the root.
    bool one_file_system = false;
    /// What has more entries is taken for a tree without end, and left there: EOVERFLOW.
    std::uint64_t entries_max = std::uint64_t(1) << 32;
    /// How many bytes may be needed to remember directories that are waiting or not finished: some hundred
    /// for each level, and the names. What is below is left out then: ENOMEM.
    std::size_t memory_max = std::size_t(128) << 20;
    /// Called in poll while the tree is being worked at, every millisecond or so.
    inline_function<void(const tree_progress&)> progress = {};
    /// Called in poll for each failure, until it says `stop`; the workers hear of that a little later.
    inline_function<on_failure(const tree_failure&)> failed = {};
};

/// An entry that something is about to be done to, or was.
struct tree_entry {
    std::string_view path;  // the root as it was given, and the names below it
    file_type type = file_type::unknown;
    /// Where it is, if it is not gone: a directory that is open while the function runs, and the name there.
    /// The path may be too long to be used, or lead elsewhere by now.
    int base = -1;
    const char* name = "";
};

struct rmtree_options {
    tree_options tree = {};
    /// Asked before a directory that is not empty is entered (`descend`) and before anything is removed.
    /// False: it stays, and so do the directories above it, which is no failure. Called on a worker, one call
    /// at a time.
    inline_function<bool(const tree_entry& entry, bool descend)> confirm = {};
    /// Told of what was removed. Called on a worker, one call at a time.
    inline_function<void(const tree_entry&)> removed = {};
    /// Remove what is mounted below the root too, as far as a mount point can be.
    bool cross_mounts = false;
};

/// Removes a directory and everything in it: R-RMTREE.
///
/// A root that is a symbolic link is ENOTDIR, one without a name (".", "a/..", an open directory) EINVAL, and
/// nothing is removed. What is mounted in the tree is left alone (EBUSY), and so is "/" under any name.
/// Entries that others create meanwhile are removed too, in at most three passes of each directory (more of
/// one that was closed halfway for want of descriptors), then it is ENOTEMPTY. A failure with one entry does
/// not keep the others.
[[nodiscard]] AIO_EXPORT task<tree_result> rmtree(path_view path, rmtree_options how = {});

/// What disk_usage counts of each directory, for its callback.
struct directory_usage {
    std::string_view path;
    std::uint64_t bytes = 0;    // allocated to it and all below it
    std::uint64_t entries = 0;  // itself and all below it
    unsigned depth = 0;         // 0: the root
};

/// What was counted already, for counting several trees as one: files with several names, and roots.
class counted_files {
  public:
    AIO_EXPORT counted_files();
    /// That of a tree that may lie in another one, or be named twice: it and all below it count once.
    /// Before any tree is counted.
    AIO_EXPORT void add_root(const file_status& of);
    counted_files(const counted_files&) = delete;
    counted_files& operator=(const counted_files&) = delete;
    AIO_EXPORT ~counted_files();

    // What follows is for the library.
    class set;
    [[nodiscard]] const std::shared_ptr<set>& get() const noexcept { return set_; }

  private:
    std::shared_ptr<set> set_;
};

struct disk_usage_options {
    tree_options tree = {};
    /// Sizes as the files claim, instead of what is allocated.
    bool apparent_size = false;
    /// Told of each directory when all below it is counted. Called on a worker, one call at a time.
    inline_function<void(const directory_usage&)> directory = {};
    /// Shared by trees that are counted as one. Lifetime: outlives the task.
    counted_files* counted = nullptr;
};

/// How much space a tree takes, `bytes` of the result: du(1). A file with several names in it counts once.
/// The root may be anything; a symbolic link is itself.
[[nodiscard]] AIO_EXPORT task<tree_result> disk_usage(path_view path, disk_usage_options how = {});

/// For chmod_tree: permissions that stay as they are.
inline constexpr mode_t keep_mode = static_cast<mode_t>(-1);

/// Sets the permissions of a tree: chmod(2). Symbolic links have none and are left alone. A directory's are
/// set when all below it is done, so that taking permissions away does not lock the operation out; none are
/// set wider first.
///
/// `directories` and `others` are permission bits; for one of them, `aio::keep_mode` leaves those as they
/// are.
[[nodiscard]] AIO_EXPORT task<tree_result> chmod_tree(path_view path, mode_t directories, mode_t others,
                                                      tree_options how = {});

/// Sets the owner and group of a tree, symbolic links included: chown(2).
[[nodiscard]] AIO_EXPORT task<tree_result> chown_tree(path_view path, new_owner user, new_owner group,
                                                      tree_options how = {});

}  // namespace aio
