// SPDX-License-Identifier: MIT
// Rows: what each operation must say of itself.
#include "row.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <type_traits>

namespace aio::test {
namespace {

// A row without its errors is not one: the member has no default, so it does not compile.
static_assert(!std::is_default_constructible_v<detail::error_classes>);
template <class Row>
concept may_be_silent = requires { Row{.name = "", .run = nullptr}; };
static_assert(!may_be_silent<detail::row>);

TEST(Row, SaysTheErrorsOfWhatCanFail) {
    const std::set<std::string> infallible = {"nop", "busy", "sync"};
    for (const detail::row* each : detail::all_rows()) {
        SCOPED_TRACE(each->name);
        const auto errors = each->errors.each();
        EXPECT_EQ(errors.empty(), infallible.contains(each->name));
        const std::set<int> different(errors.begin(), errors.end());
        EXPECT_EQ(different.size(), errors.size());
        EXPECT_FALSE(different.contains(EINTR)) << "which never leaves an operation's function";
        EXPECT_FALSE(different.contains(EAGAIN)) << "which is about a descriptor";
    }
}

}  // namespace
}  // namespace aio::test
