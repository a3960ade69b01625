// SPDX-License-Identifier: MIT
#include "report.hpp"

#include "colours.hpp"
#include "command.hpp"

#include <unistd.h>

#include <cstdio>

namespace tool {

std::string printable(std::string_view name) {
    std::string shown;
    shown.reserve(name.size());
    for (char byte : name) {
        if (byte == '\n' || byte == '\t') {
            shown += byte == '\n' ? "\\n" : "\\t";
        } else if (is_control(byte)) {
            const auto number = static_cast<unsigned char>(byte);
            shown += '\\';
            for (int shift : {6, 3, 0})
                shown += static_cast<char>('0' + (number >> shift & 7));
        } else {
            shown += byte;
        }
    }
    return shown;
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
