// SPDX-License-Identifier: MIT
#include "report.hpp"

#include "colours.hpp"
#include "command.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tool {

namespace {

void append_escaped(std::string& shown, char byte) {
    if (byte == '\n' || byte == '\t') {
        shown += byte == '\n' ? "\\n" : "\\t";
        return;
    }
    const auto number = static_cast<unsigned char>(byte);
    shown += '\\';
    for (int shift : {6, 3, 0})
        shown += static_cast<char>('0' + (number >> shift & 7));
}

}  // namespace

std::string printable(std::string_view name) {
    std::string shown;
    shown.reserve(name.size());
    while (!name.empty()) {
        const std::size_t plain = shown_bytes(name);
        shown += name.substr(0, plain);
        if (plain == 0) append_escaped(shown, name.front());
        name.remove_prefix(std::max<std::size_t>(plain, 1));
    }
    return shown;
}

std::size_t shown_bytes(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return first >= 32 && first != 127;
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    // Controls of eight bits, what is longer than it need be, half of a pair, and what is beyond the last
    // one.
    const unsigned next = byte(1);
    if ((first == 0xc2 && next < 0xa0) || (first == 0xe0 && next < 0xa0) || (first == 0xed && next > 0x9f) ||
        (first == 0xf0 && next < 0x90) || (first == 0xf4 && next > 0x8f))
        return 0;
    return size;
}

void report::error(std::string_view operation, std::string_view path, std::string_view reason) {
    ++count_;
    std::string line = "aio " + command_ + ": ";
    line += operation;
    line += ' ';
    line += path.empty() ? "''" : printable(path);  // an empty operand would leave nothing to see
    line += ": ";
    if (shows_colours(STDERR_FILENO))
        line.append(colour_of_reasons).append(reason).append(end_of_colour) += '\n';
    else
        line.append(reason) += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
}

void report::warning(std::string_view what, std::string_view path) {
    std::string line = "aio " + command_ + ": ";
    line.append(what) += ' ';
    line.append(printable(path)) += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
}

int report::status() const noexcept {
    return count_ == 0 ? success : failure;
}

}  // namespace tool
