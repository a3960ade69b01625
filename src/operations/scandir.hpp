// SPDX-License-Identifier: MIT
// The second half of scandir, apart from it so that it can be tested on listings that no local file system
// gives.
#pragma once

#include <aio/composites.hpp>
#include <aio/directories.hpp>
#include <aio/metadata.hpp>

#include <cstdint>
#include <optional>

namespace aio::detail {

/// Sorts the entries of `listing`, read from `base`, into directories and others. `expected` is how many
/// directories there are, where that is known. Lifetime: both must outlive the task.
task<result<scan_result>> classify(const directory& base, const directory_listing& listing,
                                   std::optional<std::uint64_t> expected, std::size_t max_requests);

/// How many directories a directory has, told by its number of links (R-SCANDIR, steps 2 to 5): known if it
/// has not changed from `before` to `after`, nor may still have in the second `now`.
std::optional<std::uint64_t> directories_in(const file_status& before, const file_status& after,
                                            std::time_t now) noexcept;

}  // namespace aio::detail
