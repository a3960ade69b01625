// SPDX-License-Identifier: MIT
#include "run.hpp"

namespace aio::detail {

task<tree_result> run_traversal(std::shared_ptr<traversal> work) {
    try {
        team hands(work, work->limit());
        while (co_await hands)
            hands.report();
        co_return std::move(work->result_of());
    } catch (const std::bad_alloc&) {
        tree_result done = std::move(work->result_of());  // it was accepted: it has a result
        done.stopped = std::make_error_code(std::errc::not_enough_memory);
        co_return done;
    }
}

}  // namespace aio::detail
