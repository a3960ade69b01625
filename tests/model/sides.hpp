// SPDX-License-Identifier: MIT
// The two sides of the model: a tree that is worked at through the library, and one through plain calls.
#pragma once

#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace aio::test {

inline constexpr std::size_t file_slots = 4;
inline constexpr std::size_t directory_slots = 2;
/// A descriptor that is not open, and that nothing will open.
inline constexpr int never_open = 1'000'000'000;

/// What an operation gave, in a form in which both sides can be compared.
struct answer {
    int error = 0;
    std::string value;

    friend bool operator==(const answer&, const answer&) = default;
};

/// A path, the same on both sides. The name begins with no slash.
struct path_operand {
    enum class base : std::uint8_t { absolute, working_directory, root, slot };

    base below = base::root;
    std::size_t slot = 0;
    std::string name;
};

/// An open file, or what is none.
struct file_operand {
    enum class kind : std::uint8_t { file, file_number, directory, none };

    kind is = kind::file;
    std::size_t slot = 0;
};

/// The library's side.
class library_side {
  public:
    library_side(context& io, std::string root);

    /// Both live until the next call.
    [[nodiscard]] path_view at(const path_operand& of);
    [[nodiscard]] file_view at(const file_operand& of) const;

    /// Uses `work` in the way of this step; `value(its value)` makes the value comparable.
    template <class Work, class Value>
    answer run(Work&& work, Value value) {
        auto outcome = use(way_now, io_, std::forward<Work>(work));
        if (!outcome) return {outcome.error().value(), {}};
        return {0, value(*outcome)};
    }
    template <class Work>
    answer run(Work&& work) {
        auto outcome = use(way_now, io_, std::forward<Work>(work));
        return {outcome ? 0 : outcome.error().value(), {}};
    }
    void begin_step(way how) {
        paths_.clear();
        way_now = how;
    }
    [[nodiscard]] const std::string& root() const { return root_; }
    [[nodiscard]] const directory& root_handle() const { return handle_; }
    [[nodiscard]] context& io() const { return io_; }

    std::array<file, file_slots> files;
    std::array<directory, directory_slots> directories;
    way way_now = way::run;

  private:
    context& io_;
    std::string root_;
    directory handle_;
    std::deque<std::string> paths_;
};

/// The side of plain calls, with the library's rules for operands (docs/behaviour.md), which are its own.
class posix_side {
  public:
    explicit posix_side(std::string root);
    posix_side(const posix_side&) = delete;
    posix_side& operator=(const posix_side&) = delete;
    ~posix_side();

    /// Calls `call(base, path)` unless the operand is wrong.
    template <class Call>
    answer at(const path_operand& of, Call call) {
        if (const int wrong = error_of(of)) return {wrong, {}};
        const std::string path = path_of(of);
        return call(base_of(of), path.c_str());
    }
    template <class Call>
    answer at(const path_operand& from, const path_operand& to, Call call) {
        return at(from, [&](int from_base, const char* from_path) {
            return at(to, [&](int to_base, const char* to_path) {
                return call(from_base, from_path, to_base, to_path);
            });
        });
    }
    template <class Call>
    answer at(const file_operand& of, Call call) {
        const int fd = fd_of(of);
        return fd < 0 ? answer{EBADF, {}} : call(fd);
    }
    /// Does looking the path up stay below the root, wherever links lead?
    [[nodiscard]] bool stays_inside(const path_operand& of) const;
    /// What the path leads to, 0 if there is nothing: an S_IF… of <sys/stat.h>.
    [[nodiscard]] unsigned type_of(const path_operand& of) const;
    /// The same of an open file; 0 if it is none.
    [[nodiscard]] unsigned type_of(const file_operand& of) const;

    [[nodiscard]] int error_of(const path_operand& of) const;
    [[nodiscard]] int fd_of(const file_operand& of) const;
    [[nodiscard]] int base_of(const path_operand& of) const;
    [[nodiscard]] std::string path_of(const path_operand& of) const;
    [[nodiscard]] const std::string& root() const { return root_; }
    [[nodiscard]] int root_fd() const { return root_fd_; }

    /// Puts `fd` there and closes what was there.
    static void put(int& slot, int fd);

    std::array<int, file_slots> files;
    std::array<int, directory_slots> directories;

  private:
    std::string root_;
    int root_fd_;
};

/// The answer of a system call that gave `returned`.
inline answer answer_of(long returned) {
    return {returned < 0 ? errno : 0, {}};
}
/// The same, if how much was moved is the value.
inline answer count_answer(ssize_t returned) {
    return returned < 0 ? answer{errno, {}} : answer{0, std::to_string(returned)};
}

/// All that a tree shows: a line for each entry.
std::vector<std::string> snapshot(int root);

}  // namespace aio::test
