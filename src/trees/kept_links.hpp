// SPDX-License-Identifier: MIT
// kept_links: which files with several names were copied, so that the copies are one file with several names
// too.
#pragma once

#include "linux_directory.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aio::detail {

class kept_links {
  public:
    /// Where the first copy is: names from the destination's root on, and which file it is.
    struct place {
        std::vector<std::string> names;
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
    };

    /// The first copy of this file; nothing if the caller is to make it, and to call `made` or `failed` then.
    /// Waits for another worker that is making it.
    [[nodiscard]] std::optional<place> find(const file_status& source);
    void made(const file_status& source, place at);
    void failed(const file_status& source);

  private:
    struct copy {
        bool is_made = false;
        place at;
        std::uint64_t left = 0;  // names that may still be met
    };
    using key = std::pair<std::uint64_t, std::uint64_t>;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<key, copy> copies_;
};

}  // namespace aio::detail
