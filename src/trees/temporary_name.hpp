// SPDX-License-Identifier: MIT
// Names for what is not complete yet.
#pragma once

#include "system_call.hpp"

#include <aio/path.hpp>

#include <sys/types.h>

#include <string>

namespace aio::detail {

/// `.aio-` and twelve random letters: nothing that others could know beforehand, nor anything of the target's
/// name.
[[nodiscard]] std::string temporary_name();

/// Something with a temporary name: it is removed again, whatever happens, unless it was kept.
class temporary_entry {
  public:
    temporary_entry(int base, std::string name) noexcept : base_(base), name_(std::move(name)) {}
    temporary_entry(const temporary_entry&) = delete;
    temporary_entry& operator=(const temporary_entry&) = delete;
    ~temporary_entry() { remove(); }

    [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }
    void keep() noexcept { name_.clear(); }
    void remove() noexcept;

  private:
    int base_;
    std::string name_;  // empty: it has another by now, or is gone
};

/// Calls `make(name)` with one temporary name after the other until it is free. Gives what it made and the
/// name.
template <class Make>
auto make_temporary(Make&& make)
    -> result<std::pair<typename std::invoke_result_t<Make&, const char*>::value_type, std::string>> {
    constexpr int tries_max = 100;
    for (int tries = 0; tries < tries_max; ++tries) {
        std::string name = temporary_name();
        auto made = make(name.c_str());
        if (made) return std::pair(std::move(*made), std::move(name));
        if (made.error() != std::errc::file_exists) return std::unexpected(made.error());
    }
    return error(EEXIST);
}

/// A new file without a name, which vanishes with its descriptor: O_TMPFILE. Not every file system has it.
[[nodiscard]] result<int> open_nameless(int base, mode_t mode) noexcept;
/// Gives it a name that is free (EEXIST), with all of it there at once. ENOENT if that cannot be done here.
[[nodiscard]] result<> give_first_name(int fd, int base, const char* name) noexcept;

/// Whether what we make in a directory gets this owner: us, or whom the file system decides (vfat, a squashed
/// NFS). ESTALE if not.
[[nodiscard]] result<> check_owner(uid_t owner, int base);

/// rename(2), replacing what has the new name or not (EEXIST).
[[nodiscard]] result<> rename_to(const target& from, const target& to, bool replace);
/// The last step of something new: what is complete gets its name.
[[nodiscard]] result<> give_name(int base, const char* temporary, const char* name, bool replace);

}  // namespace aio::detail
