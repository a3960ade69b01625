// SPDX-License-Identifier: MIT
// What the files of copying share: copying.cpp (directories), copying_entries.cpp (what is no directory) and
// copying_files.cpp (what files hold).
#pragma once

#include "copying.hpp"

namespace aio::detail {

struct copying::worker final : tree_worker {
    worker(std::size_t piece, const copy_options& how, const std::atomic<int>& stop)
        : tree_worker(piece), copy_content(how.clone, stop, how.written) {}

    content_copier copy_content;
    bool has_nameless = true;      // the destination has files without names, as far as is known
    result<kept_links::key> copy;  // which file was made, looked at before others could take its name
};

/// Notes that a directory was made here, and not there before.
struct new_directory final : tree_note {
    explicit new_directory(bool nothing) : inherits_nothing(nothing) {}

    const bool inherits_nothing;  // new files in it are as they are made
};

}  // namespace aio::detail
