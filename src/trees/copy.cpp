// SPDX-License-Identifier: MIT
// copy, copy_tree.
#include "copying.hpp"
#include "run.hpp"

namespace aio {

task<tree_result> copy(path_view from, path_view to, copy_options how) {
    if (how.follow == follow_links::never) how.follow = follow_links::root;  // as R-COPY, and cp
    return detail::run_job<detail::copying>(detail::owned_path(from), detail::owned_path(to), how, false);
}

task<tree_result> copy_tree(path_view from, path_view to, copy_options how) {
    return detail::run_job<detail::copying>(detail::owned_path(from), detail::owned_path(to), how, true);
}

}  // namespace aio
