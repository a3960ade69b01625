// SPDX-License-Identifier: MIT
// What the two halves of copying share.
#pragma once

#include "copying.hpp"

namespace aio::detail {

struct copying::worker final : tree_worker {
    worker(std::size_t piece, reflink clone, const std::atomic<int>& stop)
        : tree_worker(piece), copy_content(clone, stop) {}

    content_copier copy_content;
};

/// Notes that a directory was made here, and not there before.
struct new_directory final : tree_note {};

}  // namespace aio::detail
