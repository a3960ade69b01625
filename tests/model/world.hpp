// SPDX-License-Identifier: MIT
// world: two trees, and the decisions about what is done to both.
#pragma once

#include "model/byte_source.hpp"
#include "model/sides.hpp"

#include <sys/types.h>

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

namespace aio::test {

/// Decides what is to be done, has both sides do it, and compares.
class world {
  public:
    /// `directory` is empty and will hold both trees.
    world(context& io, std::span<const std::uint8_t> bytes, const std::string& directory);
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world();

    /// Until the bytes are used up or something differs.
    void play();
    /// What differs, and what was done just before; empty if nothing does.
    [[nodiscard]] const std::string& difference() const { return difference_; }
    /// What was done and given, a line for each step.
    [[nodiscard]] const std::string& transcript() const { return transcript_; }
    [[nodiscard]] std::size_t steps() const { return steps_; }

    // For steps. What is drawn is written down.

    path_operand draw_path();
    /// Without "..", which leads out where a directory before it is only being made.
    path_operand draw_path_down();
    file_operand draw_file();
    std::string draw_link_text();
    std::int64_t draw_offset();
    std::optional<std::int64_t> draw_optional_offset();
    std::size_t draw_size();
    std::string draw_data();
    mode_t draw_mode();
    template <class T, std::size_t Size>
    T draw(const T (&choices)[Size]) {
        const T drawn = bytes_.one_of(choices);
        if constexpr (std::is_arithmetic_v<T>) note(std::to_string(drawn));
        return drawn;
    }
    bool draw_once_in(std::size_t times) {
        const bool drawn = bytes_.once_in(times);
        if (drawn) note("!");
        return drawn;
    }
    std::size_t draw_slot(std::size_t slots) {
        const std::size_t slot = bytes_.below(slots);
        note("#" + std::to_string(slot));
        return slot;
    }
    void note(const std::string& text) { line_ += ' ' + text; }

    /// Both sides answer, each in its tree as working directory.
    template <std::invocable<library_side&> Library, std::invocable<posix_side&> Posix>
    void compare(Library by_library, Posix by_posix) {
        enter(library_root_fd());
        const answer got = by_library(library_);
        enter(posix_.root_fd());
        const answer expected = by_posix(posix_);
        finish_step(got, expected);
    }
    [[nodiscard]] posix_side& posix() { return posix_; }
    /// Also done every few steps.
    void compare_snapshots();

  private:
    void step();
    void finish_step(const answer& got, const answer& expected);
    void differs(const std::string& how);
    std::string draw_name();
    [[nodiscard]] int library_root_fd() const { return library_.root_handle().fd(); }
    static void enter(int directory);

    byte_source bytes_;
    int old_directory_;
    library_side library_;
    posix_side posix_;
    std::string line_;
    std::string transcript_;
    std::string difference_;
    std::size_t steps_ = 0;
};

/// One thing that can be done.
struct step {
    const char* name;  // of the row, where there is one
    void (*make)(world&);
};

std::span<const step> path_steps();
std::span<const step> file_steps();
std::span<const step> tree_steps();
std::span<const step> copy_steps();
/// All of these. New ones are the last: the fuzzer's programs say their numbers.
const std::vector<step>& all_steps();

}  // namespace aio::test
