// SPDX-License-Identifier: MIT
// hostile_mount: the file system that lies (tests/fuse/hostile.cpp), mounted for one test.
#pragma once

#include "support/temporary.hpp"

#include <sys/types.h>

#include <string>
#include <string_view>

namespace aio::test {

class hostile_mount {
  public:
    hostile_mount();
    hostile_mount(const hostile_mount&) = delete;
    hostile_mount& operator=(const hostile_mount&) = delete;
    ~hostile_mount() { end(); }

    /// Why not, if it cannot be had here; empty if it is there.
    [[nodiscard]] const std::string& missing() const noexcept { return missing_; }
    /// One of its directories.
    [[nodiscard]] std::string operator/(std::string_view name) const {
        return tree_ / "mount/" + std::string(name);
    }
    /// A directory beside it, which nobody may touch.
    [[nodiscard]] std::string outside() const { return tree_ / "outside"; }
    [[nodiscard]] std::string beside(std::string_view name) const { return tree_ / name; }
    /// Takes it away: calls that hang in it fail.
    void end();

  private:
    temporary_tree tree_;
    std::string missing_;
    int input_ = -1;  // what it reads; it ends when that is closed
    pid_t server_ = -1;
};

}  // namespace aio::test
