// SPDX-License-Identifier: MIT
#include "run.hpp"

namespace aio::detail {

task<tree_result> run_traversal(std::shared_ptr<traversal> work) {
    co_await team(work, work->limit());
    co_return work->result_of();
}

}  // namespace aio::detail
