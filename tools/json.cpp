// SPDX-License-Identifier: MIT
#include "json.hpp"

#include <cstdint>

namespace tool {

namespace {

void append_escape(std::string& to, unsigned unit) {
    constexpr std::string_view digits = "0123456789abcdef";
    to += "\\u";
    for (unsigned shift : {12U, 8U, 4U, 0U})
        to += digits[unit >> shift & 15];
}

/// How many bytes the character at the beginning has; 0 if it is not valid UTF-8.
std::size_t character_size(std::string_view bytes) {
    const auto at = [bytes](std::size_t i) {
        return i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : 0U;
    };
    const unsigned first = at(0);
    if (first < 0x80) return 1;
    const std::size_t size = first >= 0xc2 && first < 0xe0   ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((at(i) & 0xc0) != 0x80) return 0;
    // Longer than need be, surrogates, and beyond the last.
    const bool is_wrong = (first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) >= 0xa0) ||
                          (first == 0xf0 && at(1) < 0x90) || (first == 0xf4 && at(1) >= 0x90);
    return is_wrong ? 0 : size;
}

}  // namespace

void append_json_string(std::string& to, std::string_view bytes) {
    to += '"';
    while (!bytes.empty()) {
        const auto first = static_cast<std::uint8_t>(bytes.front());
        const std::size_t size = character_size(bytes);
        if (size == 0) {
            append_escape(to, 0xdc00U + first);
        } else if (first < 0x20 || first == 0x7f) {
            append_escape(to, first);
        } else {
            if (first == '"' || first == '\\') to += '\\';
            to += bytes.substr(0, size);
        }
        bytes.remove_prefix(size == 0 ? 1 : size);
    }
    to += '"';
}

}  // namespace tool
