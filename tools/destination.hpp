// SPDX-License-Identifier: MIT
// destination: where cp and mv put what they are given.
#pragma once

#include "arguments.hpp"
#include "report.hpp"

#include <sys/types.h>

#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tool {

class destination {
  public:
    /// Adds the options -t and -T, and the operands.
    void declare(arguments& options);
    /// Takes the operands apart. An exit status if they cannot be.
    [[nodiscard]] std::optional<int> settle(const arguments& options, report& errors);

    [[nodiscard]] const std::vector<std::string>& sources() const noexcept { return operands_; }
    /// Where a source goes.
    [[nodiscard]] std::string path_for(const std::string& source) const;
    /// Something was made there: what comes again would lose it, as in "cp a/f b/f d".
    void note_made(const std::string& path, const std::string& source) { made_.emplace(path, source); }
    /// Of which source; null if nothing was.
    [[nodiscard]] const std::string* made_from(const std::string& path) const {
        const auto found = made_.find(path);
        return found == made_.end() ? nullptr : &found->second;
    }

  private:
    std::vector<std::string> directories_;
    bool no_directory_ = false;
    std::vector<std::string> operands_;
    std::string target_;
    bool is_directory_ = false;
    std::map<std::string, std::string> made_;
};

/// Whether both paths are of one file, a link itself counting as one if `follow` is not set; or the first is
/// a link to the second, in whose place it would lead to itself.
[[nodiscard]] bool is_same_file(const std::string& a, const std::string& b, bool follow);

/// Whether both paths are of one name in one directory.
[[nodiscard]] bool is_same_entry(const std::string& a, const std::string& b);

/// Whether the first is later than the second, or was changed later; `follow` as above.
[[nodiscard]] bool is_newer(const timespec& a, const timespec& b);
[[nodiscard]] bool is_newer(const std::string& a, const std::string& b, bool follow);

/// Whether one may not write it. Only questions depend on this, nothing that is done.
[[nodiscard]] bool is_protected(const std::string& path, mode_t mode);

/// What cp and mv ask about what is there; `replaces`: it need not be written for that.
[[nodiscard]] std::string overwrite_question(const std::string& path, mode_t mode, bool replaces);

/// A name in quotes, as coreutils show it: a shell would take it for the same name.
[[nodiscard]] std::string quoted(std::string_view name);

}  // namespace tool
