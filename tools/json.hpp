// SPDX-License-Identifier: MIT
// JSON strings of names, which may be any bytes.
#pragma once

#include <string>
#include <string_view>

namespace tool {

/// Appends a string in quotes. A byte that is no part of valid UTF-8 becomes \udc80 to \udcff, from which
/// Python's os.fsencode and others get it back.
void append_json_string(std::string& to, std::string_view bytes);

}  // namespace tool
