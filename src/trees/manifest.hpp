// SPDX-License-Identifier: MIT
// manifest: what was copied, so that a move removes that and nothing else.
#pragma once

#include <aio/attributes.hpp>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <tuple>
#include <vector>

namespace aio::detail {

class manifest {
  public:
    void add(const file_status& copied) {
        const std::lock_guard lock(mutex_);
        entries_.push_back(to_entry(copied));
    }
    /// Before anything is looked up.
    void finish() { std::sort(entries_.begin(), entries_.end()); }
    /// Whether this is as it was copied. Directories change when what is in them is removed.
    [[nodiscard]] bool has(const file_status& found) const {
        return std::binary_search(entries_.begin(), entries_.end(), to_entry(found));
    }

  private:
    struct entry {
        std::uint64_t device, inode, size;
        std::int64_t seconds;
        long nanoseconds;
        auto operator<=>(const entry&) const = default;
    };
    static entry to_entry(const file_status& of) noexcept {
        if (of.is_directory()) return {of.device, of.inode, 0, 0, 0};
        return {of.device, of.inode, of.size, of.mtime.tv_sec, of.mtime.tv_nsec};
    }

    std::mutex mutex_;
    std::vector<entry> entries_;
};

}  // namespace aio::detail
