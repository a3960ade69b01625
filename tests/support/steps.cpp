// SPDX-License-Identifier: MIT
#include "support/steps.hpp"

#include <atomic>
#include <cassert>
#include <mutex>

namespace aio::test {

namespace {

std::mutex one_at_a_time;
steps::function before_each;         // under the mutex
steps::sync_function before_syncs;   // the same
std::atomic<bool> is_wanted{false};  // a call that nobody looks at costs nothing
thread_local bool is_inside = false;

}  // namespace

void step(int base, const char* path) {
    if (!is_wanted || is_inside) return;
    const std::lock_guard lock(one_at_a_time);
    if (!before_each) return;
    is_inside = true;
    before_each(base, path);
    is_inside = false;
}

void sync_step(int fd) {
    if (!is_wanted || is_inside) return;
    const std::lock_guard lock(one_at_a_time);
    if (!before_syncs) return;
    is_inside = true;
    before_syncs(fd);
    is_inside = false;
}

steps::steps(function before, sync_function before_sync) {
    const std::lock_guard lock(one_at_a_time);
    assert(!before_each);
    before_each = std::move(before);
    before_syncs = std::move(before_sync);
    is_wanted = true;
}

steps::~steps() {
    const std::lock_guard lock(one_at_a_time);
    is_wanted = false;
    before_each = nullptr;
    before_syncs = nullptr;
}

}  // namespace aio::test
