// SPDX-License-Identifier: MIT
// progress: a line on the terminal that says how far a command has come.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tool {

/// Shows nothing if stderr is no terminal, nor in the first second.
class progress {
  public:
    explicit progress(bool wanted);

    [[nodiscard]] bool wanted() const noexcept { return wanted_; }
    /// How much was done.
    void note(std::uint64_t entries, std::uint64_t bytes) noexcept {
        entries_ = entries;
        note_bytes(bytes);
    }
    /// Of files that are not complete, too.
    void note_bytes(std::uint64_t bytes) noexcept { bytes_ = std::max(bytes_, bytes); }
    /// How much there is to be done, once that is known.
    void expect(std::uint64_t entries, std::uint64_t bytes) noexcept {
        all_entries_ = entries;
        all_bytes_ = bytes;
    }
    /// Renews the line, once a second at most.
    void show(std::size_t errors);
    void erase();

    /// Whether there was a line, which is when knowing more about it is worth the time.
    [[nodiscard]] bool is_shown() const noexcept { return shown_; }

  private:
    [[nodiscard]] std::string line(double seconds, std::size_t errors) const;

    using clock = std::chrono::steady_clock;

    static constexpr auto interval = std::chrono::seconds(1);

    bool wanted_;
    bool shown_ = false;
    std::uint64_t entries_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t all_entries_ = 0;
    std::uint64_t all_bytes_ = 0;
    clock::time_point began_ = clock::now();
    clock::time_point next_ = began_ + interval;
};

}  // namespace tool
