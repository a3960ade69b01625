// SPDX-License-Identifier: MIT
#include "run.hpp"

namespace aio::detail {

task<tree_result> run_traversal(std::shared_ptr<traversal> work) {
    try {
        co_await team(work, work->limit());
        co_return work->result_of();
    } catch (const std::bad_alloc&) {
        co_return error(std::errc::not_enough_memory);  // the request was accepted: it has a result
    }
}

}  // namespace aio::detail
