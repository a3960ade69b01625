// SPDX-License-Identifier: MIT
#include <aio/routes.hpp>

#include "operations/linux_cached.hpp"
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

/// Whether this machine can be asked what row::try_now asks, and why not.
bool can_be_asked(const detail::row& row) {
    return row.asks == detail::asked::cached_names ? detail::names_can_be_asked() : detail::nowait_is_sound();
}

const char* why_not_asked(const detail::row& row) {
    if (row.asks == detail::asked::cached_names)
        return "; this kernel does not tell what is in its cache of names: it takes Linux 6.12";
    return "; this kernel's RWF_NOWAIT may give wrong data: it is too old";
}

std::string why_no_ring() {
    const auto& offers = detail::offers_of_rings();
    return offers ? "; not by this kernel's io_uring" : "; no io_uring here: " + offers.error().message();
}

std::string because(const detail::row& row, routes_used used, bool now, bool ring) {
    const bool moves = row.ring && row.ring->moves_bytes;
    std::string why;
    if (now) why = row.why;
    if (ring && !moves && used == routes_used::automatic && row.ring->for_many)
        why += now ? "" : "by io_uring, if many are in flight and that is measured to be faster";
    else if (ring && !moves)
        why = "io_uring has threads for it in the kernel";
    else if (ring && used == routes_used::ring)
        why = "by io_uring, if at an offset";
    else if (ring && now)
        why += "; what misses it, and O_DIRECT, by io_uring";
    else if (ring)
        why = "by io_uring, if at an offset with O_DIRECT";
    if (now) why += "; of many, the way that is measured to be the fastest";
    if (now || (ring && moves)) why += "; else by a worker";
    if (why.empty() && row.try_now)
        why = is(used, routes_used::inline_) ? "by a worker" : "nothing else is wanted";
    if (why.empty()) why = row.why;
    if (row.try_now && is(used, routes_used::inline_) && !now) why += why_not_asked(row);
    if (row.ring && is(used, routes_used::ring) && !ring) why += why_no_ring();
    return why;
}

route_description describe(const detail::row& row, routes_used used) {
    if (row.route == detail::default_route::at_once) return {row.name, "inline", row.why};
    const bool now = row.try_now && is(used, routes_used::inline_) && can_be_asked(row);
    const auto& offers = detail::offers_of_rings();
    const bool ring = row.ring && is(used, routes_used::ring) && offers &&
                      (*offers)[static_cast<std::size_t>(row.ring->operation)];
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
