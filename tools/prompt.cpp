// SPDX-License-Identifier: MIT
#include "prompt.hpp"

#include <unistd.h>

#include <cstdio>

namespace tool {

bool is_confirmed(const char* command, const std::string& question) {
    std::fprintf(stderr, "aio %s: %s? ", command, question.c_str());
    // Byte by byte: what follows the line is for the next question, or the next program.
    char first = 0;
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
        if (first == 0) first = byte;
    return first == 'y' || first == 'Y';
}

}  // namespace tool
