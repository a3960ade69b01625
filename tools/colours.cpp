// SPDX-License-Identifier: MIT
#include "colours.hpp"

#include <unistd.h>

#include <cstdlib>

namespace tool {

bool shows_colours(int fd) noexcept {
    const char* forbidden = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    if (forbidden && *forbidden != '\0') return false;
    return ::isatty(fd) == 1 && terminal && std::string_view(terminal) != "dumb";
}

std::string_view colour_of(aio::file_type type) noexcept {
    switch (type) {
        case aio::file_type::directory:
            return "\033[1;34m";
        case aio::file_type::symlink:
            return "\033[1;36m";
        case aio::file_type::socket:
            return "\033[1;35m";
        case aio::file_type::fifo:
            return "\033[33m";
        case aio::file_type::block_device:
        case aio::file_type::character_device:
            return "\033[1;33m";
        default:
            return {};
    }
}

}  // namespace tool
