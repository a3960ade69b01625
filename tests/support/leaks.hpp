// SPDX-License-Identifier: MIT
// leak_checked: a fixture whose tests must leave descriptors and threads as they found them (M-15).
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace aio::test {

/// What is open now: "3 -> /tmp/x", in order.
std::vector<std::string> open_descriptors();

/// How many descriptors are open.
std::size_t count_descriptors();

/// How many of them are of what is below `root`: of one test's files, whatever contexts open and close.
std::size_t count_descriptors_below(const std::string& root);

/// How many threads the process has.
std::size_t count_threads();

/// How many mappings the process has.
std::size_t count_mappings();

/// The names of the process's threads but the calling one.
std::vector<std::string> names_of_other_threads();

/// Waits until `condition()` holds; false if it does not in long_enough(). For what nothing announces.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition);

/// Also ends the process, naming the test, if one takes longer than 150 seconds: a hang is a failure.
class leak_checked : public testing::Test {
  protected:
    void SetUp() override;
    void TearDown() override;

  private:
    std::vector<std::string> descriptors_;
    std::size_t threads_ = 0;
};

bool eventually_holds(bool (*condition)(void*), void* data);

template <class Condition>
bool eventually(Condition condition) {
    return eventually_holds([](void* data) -> bool { return (*static_cast<Condition*>(data))(); },
                            &condition);
}

}  // namespace aio::test
