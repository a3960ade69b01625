// SPDX-License-Identifier: MIT
// operations: every operation in one table, with its types erased, for suites that try something with each.
#pragma once

#include "row.hpp"
#include "support/engines.hpp"
#include "support/guarded.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <sys/uio.h>

#include <array>
#include <filesystem>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace aio::test {

/// The files that one use of an operation finds.
struct scene {
    explicit scene(const std::filesystem::path& in = std::filesystem::temp_directory_path());
    scene(const scene&) = delete;
    scene& operator=(const scene&) = delete;
    ~scene();

    /// Everything below the root with what can be seen of it, to tell whether something changed.
    [[nodiscard]] std::string look() const;
    [[nodiscard]] std::span<const iovec> vectors() const { return pieces; }

    temporary_tree tree;
    std::string text, other, link, directory_path, full, fresh, missing, root;
    file opened, second;
    int loose = -1;
    aio::directory handle;
    guarded_buffer buffer{16};
    std::array<iovec, 2> pieces{iovec{buffer.bytes().data(), 4}, iovec{buffer.bytes().data() + 8, 4}};
};

/// One operation: how it is used, and what came of it.
struct operation_case {
    const char* name;                                                // of the row, where there is one
    const detail::row* row;                                          // null: it is made of others
    std::function<result<std::size_t>(way, context&, scene&)> good;  // gives how much was moved, if it moves
    std::function<result<>(way, context&, scene&)> bad;              // an error
    std::function<request(context&, scene&, const options&, std::function<void(result<>)>)> submit;
    std::function<request(context&, scene&)> submit_alone;  // without callback
    bool never_waits = false;                               // answered inline: it is never queued
};

void PrintTo(const operation_case& of, std::ostream* out);

std::vector<operation_case> all_operations();
std::vector<std::tuple<engine, operation_case>> every_operation_on_every_engine();

/// A suite that runs with every operation on every engine: `class Faults : public operation_test {};`, then
/// AIO_WITH_EVERY_OPERATION(Faults).
class operation_test : public leak_checked,
                       public testing::WithParamInterface<std::tuple<engine, operation_case>> {
  protected:
    [[nodiscard]] engine_context make_context(const context_options& how = {}) const {
        return engine_context(std::get<0>(GetParam()), how);
    }

    const operation_case& operation = std::get<1>(GetParam());
};

inline std::string name_of_operation(const testing::TestParamInfo<std::tuple<engine, operation_case>>& info) {
    return std::string(std::get<0>(info.param).name) + "_" + std::get<1>(info.param).name;
}

template <class Outcome>
result<> without_value(const Outcome& outcome) {
    if (!outcome) return std::unexpected(outcome.error());
    return {};
}

}  // namespace aio::test

#define AIO_WITH_EVERY_OPERATION(suite)                                                                     \
    INSTANTIATE_TEST_SUITE_P(Table, suite, testing::ValuesIn(aio::test::every_operation_on_every_engine()), \
                             aio::test::name_of_operation)
