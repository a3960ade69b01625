// SPDX-License-Identifier: MIT
// output: standard output, written in big blocks.
#pragma once

#include "report.hpp"

#include <string>
#include <string_view>

namespace tool {

/// Collects what is to be printed. Once the reader has closed its end of the pipe, or writing has failed,
/// nothing more is written and `ended` says that no more is wanted.
///
/// A closed pipe is no error: the reader had enough. Any other failure is reported, once.
class output {
  public:
    explicit output(report& errors) : errors_(errors) { block_.reserve(2 * block_size); }

    /// Where to append. Call `pour` after it.
    [[nodiscard]] std::string& block() noexcept { return block_; }
    /// Writes what there is if it is enough.
    void pour() {
        if (block_.size() >= block_size) flush();
    }
    void flush();
    /// Writes `bytes` after what there is, without collecting them.
    void write(std::string_view bytes);
    /// Writes the rest and closes standard output, which is when some file systems first tell of errors.
    void finish();

    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] bool is_terminal() const noexcept;

  private:
    static constexpr std::size_t block_size = std::size_t(64) << 10;

    void write_out(std::string_view bytes);
    void after_failure(int number);

    report& errors_;
    std::string block_;
    bool ended_ = false;
};

/// Of a program that printed a little with stdio, the exit status: as above. `name` is who complains.
[[nodiscard]] int printed(const char* name);

}  // namespace tool
