// SPDX-License-Identifier: MIT
// The model, driven by libFuzzer: the first byte chooses the engine, the others are the program.
#include "model/world.hpp"
#include "support/engines.hpp"
#include "support/temporary.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <vector>

namespace aio::test {

namespace {

/// One context of each engine, for all programs.
std::vector<std::unique_ptr<engine_context>>& contexts() {
    static std::vector<std::unique_ptr<engine_context>> all = [] {
        std::vector<std::unique_ptr<engine_context>> made;
        for (const engine& each : all_engines())
            made.push_back(std::make_unique<engine_context>(each, context_options{}));
        return made;
    }();
    return all;
}

void play(std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) return;
    auto& io = *contexts()[bytes.front() % contexts().size()];
    const temporary_tree directory(in_memory());
    world played(*io, bytes.subspan(1), directory.root());
    played.play();
    if (played.difference().empty() && !testing::UnitTest::GetInstance()->Failed()) return;
    std::cerr << played.difference();
    std::abort();
}

}  // namespace

}  // namespace aio::test

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    std::signal(SIGPIPE, SIG_IGN);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    aio::test::play({data, size});
    return 0;
}
