// SPDX-License-Identifier: MIT
// pattern: a POSIX extended regular expression, as of grep -E. Bytes, whatever the locale; "." matches
// newlines too.
#pragma once

#include <regex.h>

#include <string>

namespace tool {

class pattern {
  public:
    /// Throws std::invalid_argument, with the reason.
    explicit pattern(const std::string& expression);
    pattern(const pattern&) = delete;
    pattern& operator=(const pattern&) = delete;
    ~pattern() { ::regfree(&compiled_); }

    /// Whether it matches anywhere in `text`.
    [[nodiscard]] bool matches(const std::string& text) const {
        return ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
    }

  private:
    regex_t compiled_ = {};
};

}  // namespace tool
