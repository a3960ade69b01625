// SPDX-License-Identifier: MIT
// plain_copy: what copy, copy_tree and move are to do, in plain calls, one after the other (R-COPY, R-MOVE).
#pragma once

#include "model/opened.hpp"
#include "model/sides.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace aio::test {

/// What is asked of a copy.
struct copy_wishes {
    bool whole_trees = false;
    on_existing existing = on_existing::replace;
    preserve keep = preserve::all;
    follow_links follow = follow_links::never;
    reflink clone = reflink::if_possible;
    bool read_special = false;
    bool durable = false;
    std::optional<bool> overwrite = {};  // what is answered to every question
};

/// What became of it.
struct copy_outcome {
    std::uint64_t directories = 0;
    std::uint64_t others = 0;
    std::uint64_t bytes = 0;
    std::uint64_t failed = 0;
    std::vector<std::pair<std::string, int>> failures = {};  // path and errno
    std::vector<std::string> copied = {};

    /// In which order the entries of a tree are come upon is not determined, nor which failures are named if
    /// they are too many: neither is in the answer. `root`: is called the same on both sides.
    [[nodiscard]] answer to_answer(const std::string& root) const;
};

/// A place that a path names: its directory, and the name in it.
struct named_place {
    explicit named_place(const std::string& path);

    std::string directory;
    std::string name;
    bool must_be_directory;
    bool is_nameless;
};

using file_identity = std::pair<dev_t, ino_t>;

class plain_copy {
  public:
    explicit plain_copy(const copy_wishes& how) : how_(how) {}

    copy_outcome run(posix_side& p, const path_operand& from, const path_operand& to);
    /// The same with operands that are right; paths are relative to the descriptors.
    copy_outcome run(int from_base, const std::string& from, int to_base, const std::string& to);

  private:
    /// One entry: where it is, where its copy is to be, and what both are called in failures.
    struct entry {
        int from;
        std::string from_name;
        std::string from_path;
        int to;
        std::string to_name;
        std::string to_path;
        struct ::stat status;  // of the source, or of what a link that is followed leads to
        bool is_root;
        bool follow_to = false;  // "link/" is what it leads to
    };

    void fail(const std::string& path, int error);
    void succeed(const entry& of, bool is_new = true);
    void copy_directory(const entry& of, std::vector<file_identity>& above);
    void copy_entries(const entry& of, int from, int to, std::vector<file_identity>& above);
    void copy_other(const entry& of);
    /// These give an errno.
    int make(const entry& of, int content, const struct ::stat* there);
    int write_file(const entry& of, int content, const struct ::stat* there);
    int write_in_place(const entry& of, int content);
    int link_to_first(const entry& of, bool replace);
    int fill(const entry& of, int content, int copy);
    int make_unread(const entry& of, bool replace);

    const copy_wishes how_;
    copy_outcome done_;
    file_identity root_ = {};  // of the copy
    std::map<file_identity, std::string> first_copies_;
    std::deque<opened> kept_open_;
};

/// rename, and between file systems a copy and a removal.
copy_outcome plain_move(posix_side& p, const path_operand& from, const path_operand& to, bool replace);
copy_outcome plain_move(int from_base, const std::string& from, int to_base, const std::string& to,
                        bool replace);

/// Whether one answer is right for a copy: it ends, and what it writes is nothing that it reads. And whether
/// it stays inside the tree, and small.
bool is_determined(posix_side& p, const path_operand& from, const path_operand& to, const copy_wishes& how);

}  // namespace aio::test
