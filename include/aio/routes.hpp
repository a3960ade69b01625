// SPDX-License-Identifier: MIT
// routes: the ways in which calls are made. What `aio routes` prints.
#pragma once

#include <aio/export.hpp>
#include <aio/result.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace aio {

/// Which ways calls may go. What is delivered is the same.
enum class routes_used : std::uint8_t {
    automatic,  // the cheapest that does not block the caller
    threads,    // by workers, all that could block; io_uring is not even asked for
    ring,       // by io_uring, all that it can make, and the rest by workers
    inline_,    // at once, all that does not block, and the rest by workers
};

/// What the variable AIO_ROUTES says: "auto", "threads", "ring" or "inline". Without it `otherwise`; with
/// anything else EINVAL.
[[nodiscard]] AIO_EXPORT result<routes_used> routes_wanted(
    routes_used otherwise = routes_used::automatic) noexcept;

/// One operation of the table.
struct route_description {
    std::string operation;  // its name, as in aio::stat
    /// "inline": at once, in the thread that submits it; "ring": by io_uring; "threads": by a worker. Of
    /// several, divided by ", ", the first that will do.
    std::string route;
    std::string why;
};

/// All operations, ordered by name, as contexts with these routes make them on this machine.
/// Throws std::bad_alloc.
[[nodiscard]] AIO_EXPORT std::vector<route_description> routes(routes_used used = routes_used::automatic);

}  // namespace aio
