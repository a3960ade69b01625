// SPDX-License-Identifier: MIT
// durable: what is on the disk stays there, whatever fails afterwards.
#pragma once

#include <aio/result.hpp>

namespace aio::detail {

/// Never to be repeated after an error: it may have lost what it was about, and the next one would not say
/// so.
[[nodiscard]] result<> sync_file(int fd);

/// The names in a directory, of which the descriptor may be one that cannot be synced itself (O_PATH).
[[nodiscard]] result<> sync_directory(int base);

}  // namespace aio::detail
