// SPDX-License-Identifier: MIT
// report: what went wrong, on stderr, as "aio COMMAND: OPERATION PATH: REASON".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace tool {

class report {
  public:
    explicit report(std::string_view command) : command_(command) {}

    /// Says what failed and counts it.
    void error(std::string_view operation, std::string_view path, const std::error_code& reason) {
        error(operation, path, reason.message());
    }
    void error(std::string_view operation, std::string_view path, std::string_view reason);

    /// Says something that is no failure.
    void warning(std::string_view what, std::string_view path);

    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    /// The exit status that this amounts to.
    [[nodiscard]] int status() const noexcept;

  private:
    std::string command_;
    std::size_t count_ = 0;
};

/// A name as it may be shown: control bytes as C writes them, so that no name can steer a terminal or look
/// like several lines.
[[nodiscard]] std::string printable(std::string_view name);

/// How many bytes at the beginning of `text` a terminal shows as a character: 0 if it would obey them, or if
/// they are no UTF-8.
[[nodiscard]] std::size_t shown_bytes(std::string_view text) noexcept;

}  // namespace tool
