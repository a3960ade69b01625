// SPDX-License-Identifier: MIT
// The engines that every engine suite runs on.
#pragma once

#include "support/leaks.hpp"

#include <aio/context.hpp>
#include <aio/simulation.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>

namespace aio::test {

/// One way to run requests. A new route is one more line in engines.cpp.
struct engine {
    const char* name;
    /// Fills in what makes a context use it; gives what must outlive the context.
    std::shared_ptr<void> (*choose)(context_options& how);
    /// Calls are made by threads of their own: one that blocks stops nobody else.
    bool has_threads;
};

std::span<const engine> all_engines();

/// A context on one engine, with what it needs.
class engine_context {
  public:
    engine_context(const engine& chosen, context_options how) : needs_(chosen.choose(how)), io_(how) {}
    context* operator->() { return &io_; }
    context& operator*() { return io_; }

  private:
    std::shared_ptr<void> needs_;
    context io_;
};

/// A suite that runs on every engine: `class Group : public engine_test {};`, then
/// AIO_ON_EVERY_ENGINE(Group).
class engine_test : public leak_checked, public testing::WithParamInterface<engine> {
  protected:
    [[nodiscard]] engine_context make_context(const context_options& how = {}) const {
        return engine_context(GetParam(), how);
    }
    /// One in which requests stay queued until `wait`, `flush` or `run`: what is submitted in the meantime
    /// can be looked at, reordered and cancelled without a race.
    [[nodiscard]] engine_context make_queueing_context(context_options how = {}) const {
        how.threads = {.max = 0};
        return make_context(how);
    }
};

inline std::string name_of_engine(const testing::TestParamInfo<engine>& info) {
    return info.param.name;
}
inline void PrintTo(const engine& which, std::ostream* out) {
    *out << which.name;
}

}  // namespace aio::test

#define AIO_ON_EVERY_ENGINE(suite)                                                                      \
    INSTANTIATE_TEST_SUITE_P(                                                                           \
        On, suite, testing::ValuesIn(aio::test::all_engines().begin(), aio::test::all_engines().end()), \
        aio::test::name_of_engine)
