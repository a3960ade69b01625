// SPDX-License-Identifier: MIT
#include "support/engines.hpp"

namespace aio::test {

namespace {

std::shared_ptr<void> automatic(context_options& how) {
    how.routes = routes_used::automatic;
    return nullptr;
}

std::shared_ptr<void> threads(context_options& how) {
    how.routes = routes_used::threads;
    return nullptr;
}

std::shared_ptr<void> ring(context_options& how) {
    how.routes = routes_used::ring;
    return nullptr;
}

std::shared_ptr<void> inline_(context_options& how) {
    how.routes = routes_used::inline_;
    return nullptr;
}

std::shared_ptr<void> simulated(context_options& how) {
    auto world = std::make_shared<simulation>(simulation_options{.seed = 1});
    how.simulation = world.get();
    return world;
}

}  // namespace

std::span<const engine> all_engines() {
    static constexpr engine all[] = {
        {"automatic", automatic, true}, {"threads", threads, true},      {"ring", ring, true},
        {"inline", inline_, true},      {"simulated", simulated, false},
    };
    return all;
}

}  // namespace aio::test
