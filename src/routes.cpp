// SPDX-License-Identifier: MIT
#include <aio/routes.hpp>

#include "operations/transfer.hpp"
#include "row.hpp"

#include <cstdlib>
#include <string_view>

namespace aio {

result<routes_used> routes_wanted(routes_used otherwise) noexcept {
    const char* given = std::getenv("AIO_ROUTES");
    const std::string_view wanted = given ? given : "";
    if (wanted.empty()) return otherwise;
    if (wanted == "auto") return routes_used::automatic;
    if (wanted == "threads") return routes_used::threads;
    if (wanted == "ring") return routes_used::ring;
    if (wanted == "inline") return routes_used::inline_;
    return error(EINVAL);
}

namespace {

bool is(routes_used used, routes_used wanted) {
    return used == routes_used::automatic || used == wanted;
}

std::string because(const detail::row& row, routes_used used, bool now, bool ring) {
    const bool moves = row.ring && row.ring->moves_bytes;
    std::string why;
    if (now) why = row.why;
    if (ring && !moves)
        why = "io_uring has threads for it in the kernel";
    else if (ring && used == routes_used::ring)
        why = "by io_uring, if at an offset";
    else if (ring && now)
        why += "; what misses it, and O_DIRECT, by io_uring";
    else if (ring)
        why = "by io_uring, if at an offset with O_DIRECT";
    if (now || (ring && moves)) why += "; else by a worker";
    if (why.empty()) why = row.try_now ? "nothing else is wanted" : row.why;
    if (row.try_now && is(used, routes_used::inline_) && !now)
        why += "; this kernel's RWF_NOWAIT may give wrong data: it is too old";
    if (row.ring && is(used, routes_used::ring) && !ring)
        why += "; no io_uring here: " + detail::ring_works().error().message();
    return why;
}

route_description describe(const detail::row& row, routes_used used) {
    if (row.route == detail::default_route::at_once) return {row.name, "inline", row.why};
    const bool names = row.asks == detail::asked::cached_names;
    const bool now = row.try_now && is(used, routes_used::inline_) && (names || detail::nowait_is_sound());
    const bool ring = row.ring && is(used, routes_used::ring) && detail::ring_works().has_value();
    std::string route;
    if (now) route += "inline, ";
    if (ring) route += "ring, ";
    return {row.name, route + "threads", because(row, used, now, ring)};
}

}  // namespace

std::vector<route_description> routes(routes_used used) {
    std::vector<route_description> all;
    for (const detail::row* each : detail::all_rows())
        all.push_back(describe(*each, used));
    return all;
}

}  // namespace aio
