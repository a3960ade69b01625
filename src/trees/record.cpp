// SPDX-License-Identifier: MIT
#include "record.hpp"

#include <iterator>
#include <utility>

namespace aio::detail {

void tree_record::add(tree_tally& of) {
    const std::lock_guard lock(mutex_);
    news_.directories += std::exchange(of.directories, 0);
    news_.others += std::exchange(of.others, 0);
    news_.bytes += std::exchange(of.bytes, 0);
    news_.failures.insert(news_.failures.end(), std::make_move_iterator(of.failures.begin()),
                          std::make_move_iterator(of.failures.end()));
    of.failures.clear();
    std::swap(news_.path, of.path);
}

void tree_record::merge() {
    current_.failures.clear();
    const std::lock_guard lock(mutex_);
    whole_.directories += std::exchange(news_.directories, 0);
    whole_.others += std::exchange(news_.others, 0);
    whole_.bytes += std::exchange(news_.bytes, 0);
    whole_.failed += news_.failures.size();
    std::swap(news_.failures, current_.failures);
    std::swap(news_.path, current_.path);
}

void tree_record::deliver(job& of) {
    merge();
    for (tree_failure& each : current_.failures) {
        if (failed_ && !whole_.stopped && failed_(each) == on_failure::stop) {
            of.stop(ECANCELED);
            whole_.stopped = each.reason;
        }
        if (whole_.failures.size() < tree_result::failures_max) whole_.failures.push_back(std::move(each));
    }
    if (!progress_) return;
    progress_({.directories = whole_.directories,
               .others = whole_.others,
               .bytes = whole_.bytes,
               .failed = whole_.failed,
               .path = current_.path});
}

tree_result& tree_record::whole(int cause) noexcept {
    if (cause && !whole_.stopped) whole_.stopped = std::error_code(cause, std::system_category());
    return whole_;
}

}  // namespace aio::detail
