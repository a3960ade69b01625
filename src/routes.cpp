// SPDX-License-Identifier: MIT
#include <aio/routes.hpp>

#include "row.hpp"

#include <vector>

namespace aio {

namespace {

std::string_view name_of(detail::default_route route) noexcept {
    switch (route) {
        case detail::default_route::inline_:
            return "inline";
        case detail::default_route::threads:
            return "threads";
    }
    return "";
}

std::vector<route_description> describe_all() {
    std::vector<route_description> all;
    for (const detail::row* each : detail::all_rows())
        all.push_back({.operation = each->name, .route = name_of(each->route), .why = each->why});
    return all;
}

}  // namespace

std::span<const route_description> routes() {
    // Never destroyed, so that a thread still running at exit may ask.
    static const auto& all = *new std::vector<route_description>(describe_all());
    return all;
}

}  // namespace aio
