// SPDX-License-Identifier: MIT
// Colours, on terminals only.
#pragma once

#include <aio/attributes.hpp>

#include <string_view>

namespace tool {

/// Whether what is written to `fd` may have colours: a terminal, unless NO_COLOR is set or TERM is "dumb".
[[nodiscard]] bool shows_colours(int fd) noexcept;

/// What begins the colour of such an entry, as ls has them; empty: it has none.
[[nodiscard]] std::string_view colour_of(aio::file_type type) noexcept;

inline constexpr std::string_view colour_of_reasons = "\033[31m";
inline constexpr std::string_view end_of_colour = "\033[0m";

}  // namespace tool
