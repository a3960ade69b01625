// SPDX-License-Identifier: MIT
#include "prompt.hpp"

#include "interrupt.hpp"

#include <poll.h>
#include <unistd.h>

#include <cstdio>

namespace tool {

namespace {

/// False if it is not wanted any more.
bool await_answer() {
    while (!is_interrupted()) {
        pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        if (::poll(&ready, 1, static_cast<int>(longest_wait.count())) > 0) return true;
    }
    return false;
}

}  // namespace

bool is_confirmed(const char* command, const std::string& question) {
    std::fprintf(stderr, "aio %s: %s? ", command, question.c_str());
    // Byte by byte: what follows the line is for the next question, or the next program.
    char first = 0;
    char byte = 0;
    while (await_answer() && ::read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
        if (first == 0) first = byte;
    return !is_interrupted() && (first == 'y' || first == 'Y');
}

}  // namespace tool
