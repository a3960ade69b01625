// SPDX-License-Identifier: MIT
// tree_record: what an operation on a tree has done, on its way from the workers to the poller.
#pragma once

#include "job.hpp"

#include <aio/trees.hpp>

#include <mutex>
#include <string>
#include <vector>

namespace aio::detail {

/// What one worker did in a slice.
struct tree_tally {
    std::uint64_t directories = 0;
    std::uint64_t others = 0;
    std::uint64_t bytes = 0;
    std::vector<tree_failure> failures;
    std::string path;  // of a directory it was at
};

class tree_record {
  public:
    explicit tree_record(const tree_options& how) : progress_(how.progress), failed_(how.failed) {}

    /// Takes what a worker did, which begins anew. Worker.
    void add(tree_tally& of);
    /// Calls the user's functions. Poller.
    void deliver(job& of);
    /// The whole, `cause` being why it was stopped, if it was. Poller, at the end.
    [[nodiscard]] tree_result& whole(int cause) noexcept;

  private:
    void merge();

    const inline_function<void(const tree_progress&)> progress_;
    const inline_function<on_failure(const tree_failure&)> failed_;
    std::mutex mutex_;
    tree_tally news_;     // under the mutex
    tree_tally current_;  // what is being delivered
    tree_result whole_;
};

}  // namespace aio::detail
