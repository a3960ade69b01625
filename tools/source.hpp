// SPDX-License-Identifier: MIT
// source: a file read from its beginning to its end, a block ahead of its user.
#pragma once

#include <aio/context.hpp>
#include <aio/file.hpp>
#include <aio/result.hpp>

#include <optional>
#include <string>

namespace tool {

/// Reads until the file ends, whatever size it claims to have, so also what is in /proc, pipes and terminals.
///
/// Lifetime: outlives the context, or is destroyed when nothing of it is outstanding.
class source {
  public:
    /// "-" is standard input.
    source(aio::context& io, std::string path) : io_(io), path_(std::move(path)) {}
    source(const source&) = delete;
    source& operator=(const source&) = delete;
    ~source() = default;

    /// Opens the file and begins to read. Once.
    void begin();
    /// Whether a block is there.
    [[nodiscard]] bool is_ready() const noexcept { return block_.has_value(); }
    /// The block, empty at the end of the file. Requires: is_ready().
    [[nodiscard]] aio::result<std::string> take();
    /// Begins to read the next block. Requires: the one before was taken.
    void read();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// What it was doing when an error came.
    [[nodiscard]] const char* operation() const noexcept { return fd() < 0 ? "open" : "read"; }
    [[nodiscard]] bool is_standard_input() const noexcept { return path_ == "-"; }
    /// Whether this file is also the one that `other` is open on.
    [[nodiscard]] bool is_same_file(int other) const noexcept;

  private:
    // What a file may be read ahead of its turn.
    static constexpr std::size_t block_size = std::size_t(1) << 20;

    [[nodiscard]] int fd() const noexcept { return is_standard_input() ? 0 : file_.fd(); }

    aio::context& io_;
    std::string path_;
    aio::file file_;
    std::optional<aio::result<std::string>> block_;
};

}  // namespace tool
