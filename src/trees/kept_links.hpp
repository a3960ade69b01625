// SPDX-License-Identifier: MIT
// kept_links: which files with several names were copied, so that the copies are one file with several names
// too.
#pragma once

#include "linux_directory.hpp"
#include "unique_fd.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace aio::detail {

class kept_links {
  public:
    /// With the time it was created, or changed if that is not told: a number that is given again is another
    /// file's.
    using key = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t>;
    [[nodiscard]] static key key_of(const file_status& file) noexcept;

    /// Where the first copy is: names from a directory on (null: the root of the only copy), which file it
    /// is, and what its source was when it was read.
    struct place {
        std::shared_ptr<const unique_fd> base;
        std::vector<std::string> names;
        key file;
        file_status source;
    };

    /// The first copy of this file; nothing if the caller is to make it, and to call `made` or `failed` then,
    /// unless it has one name only. Waits for another worker that is making it. `by_name`: by one of its own
    /// names, of which each comes once; those of links that are followed do not count.
    [[nodiscard]] std::optional<place> find(const file_status& source, bool by_name);
    void made(const file_status& source, place at);
    void failed(const file_status& source);

    /// The directory that copies are found from, by a descriptor of our own: one for all that share it.
    [[nodiscard]] result<std::shared_ptr<const unique_fd>> base(int directory);

  private:
    struct copy {
        bool is_made = false;
        place at;
        std::uint64_t left = 0;  // names that may still be met
    };
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<key, copy> copies_;
    std::map<identity, std::weak_ptr<const unique_fd>> bases_;
};

}  // namespace aio::detail
