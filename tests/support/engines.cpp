// SPDX-License-Identifier: MIT
#include "support/engines.hpp"

namespace aio::test {

namespace {

std::shared_ptr<void> threads(context_options&) {
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
        {"threads", threads, true},
        {"simulated", simulated, false},
    };
    return all;
}

}  // namespace aio::test
