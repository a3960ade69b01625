// SPDX-License-Identifier: MIT
// routes: how each operation is done on this machine, and why. What `aio routes` prints.
#pragma once

#include <aio/export.hpp>

#include <span>
#include <string_view>

namespace aio {

/// One operation of the table.
struct route_description {
    std::string_view operation;  // its name, as in aio::stat
    std::string_view route;      // "inline": at once, in the thread that submits it; "threads": by a worker
    std::string_view why;
};

/// All operations, ordered by name. The memory is the library's, for ever. Throws std::bad_alloc.
[[nodiscard]] AIO_EXPORT std::span<const route_description> routes();

}  // namespace aio
