// SPDX-License-Identifier: MIT
// routes: the ways in which calls are made. What `aio routes` prints.
#pragma once

#include <aio/export.hpp>
#include <aio/result.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace aio {

/// Which ways calls may go. What is delivered is the same.
enum class routes_used : std::uint8_t {
    automatic,  // the cheapest that does not block the caller
    threads,    // by workers, all that could block
};

/// What the variable AIO_ROUTES says: "auto" or "threads". Without it `otherwise`; with anything else EINVAL.
[[nodiscard]] AIO_EXPORT result<routes_used> routes_wanted(
    routes_used otherwise = routes_used::automatic) noexcept;

/// One operation of the table. The memory is the library's, for ever.
struct route_description {
    std::string_view operation;  // its name, as in aio::stat
    /// "inline": at once, in the thread that submits it; "threads": by a worker; "inline, threads": at once
    /// if it does not block, else by a worker.
    std::string_view route;
    std::string_view why;
};

/// All operations, ordered by name, as contexts with these routes make them on this machine.
/// Throws std::bad_alloc.
[[nodiscard]] AIO_EXPORT std::vector<route_description> routes(routes_used used = routes_used::automatic);

}  // namespace aio
