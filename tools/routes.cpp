// SPDX-License-Identifier: MIT
// aio routes: how each operation is done on this machine, and why.
#include <aio/routes.hpp>

#include "arguments.hpp"
#include "command.hpp"
#include "output.hpp"

#include <algorithm>

namespace tool {

namespace {

void append_padded(std::string& line, std::string_view text, std::size_t width) {
    line += text;
    line.append(width - std::min(width, text.size()) + 2, ' ');
}

}  // namespace

int routes(std::span<char*> given) {
    arguments options("routes", "Shows which way each operation goes here, and why.");
    if (auto status = options.parse(given)) return *status;

    const std::vector<aio::route_description> all = aio::routes(*aio::routes_wanted());
    report errors("routes");
    output out(errors);
    std::size_t widest = 0;
    std::size_t widest_route = 0;
    for (const aio::route_description& each : all) {
        widest = std::max(widest, each.operation.size());
        widest_route = std::max(widest_route, each.route.size());
    }
    for (const aio::route_description& each : all) {
        append_padded(out.block(), each.operation, widest);
        append_padded(out.block(), each.route, widest_route);
        out.block().append(each.why) += '\n';
    }
    out.finish();
    return errors.status();
}

}  // namespace tool
