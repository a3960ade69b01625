// SPDX-License-Identifier: MIT
// How an operation on a tree becomes a task.
#pragma once

#include "operations/operations.hpp"
#include "team.hpp"
#include "traversal.hpp"

#include <aio/task.hpp>

#include <memory>
#include <utility>

namespace aio::detail {

task<tree_result> run_traversal(std::shared_ptr<traversal> work);

/// Makes the job at once, so that the paths need not live on.
template <class Job, class... Arguments>
task<tree_result> run_job(Arguments&&... arguments) {
    try {
        return run_traversal(std::make_shared<Job>(std::forward<Arguments>(arguments)...));
    } catch (const std::bad_alloc&) {
        return {};  // a task without a frame gives ENOMEM
    }
}

}  // namespace aio::detail
