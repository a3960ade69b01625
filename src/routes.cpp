// SPDX-License-Identifier: MIT
#include <aio/routes.hpp>

#include "operations/transfer.hpp"
#include "row.hpp"

#include <cstdlib>

namespace aio {

result<routes_used> routes_wanted(routes_used otherwise) noexcept {
    const char* given = std::getenv("AIO_ROUTES");
    const std::string_view wanted = given ? given : "";
    if (wanted.empty()) return otherwise;
    if (wanted == "auto") return routes_used::automatic;
    if (wanted == "threads") return routes_used::threads;
    return error(EINVAL);
}

namespace {

route_description describe(const detail::row& row, routes_used used) {
    if (row.route == detail::default_route::at_once) return {row.name, "inline", row.why};
    if (!row.try_now) return {row.name, "threads", row.why};
    if (used == routes_used::threads) return {row.name, "threads", "nothing else is wanted"};
    if (!detail::nowait_is_sound())
        return {row.name, "threads", "this kernel's RWF_NOWAIT may give wrong data; it is too old"};
    return {row.name, "inline, threads", row.why};
}

}  // namespace

std::vector<route_description> routes(routes_used used) {
    std::vector<route_description> all;
    for (const detail::row* each : detail::all_rows())
        all.push_back(describe(*each, used));
    return all;
}

}  // namespace aio
