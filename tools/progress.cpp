// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace tool {

namespace {

constexpr const char* erase_line = "\r\033[K";

}  // namespace

progress::progress(bool wanted) : wanted_(wanted && ::isatty(STDERR_FILENO) == 1) {}

void progress::show(const lister::counts& found, std::size_t errors) {
    if (!wanted_) return;
    const clock::time_point now = clock::now();
    if (now < next_) return;
    next_ = now + interval;
    shown_ = true;
    const auto seconds =
        static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(now - began_).count());
    const std::uint64_t entries = found.directories + found.files + found.symlinks + found.others;
    std::fprintf(stderr, "%s%ju dirs, %ju others, %ju/s", erase_line, found.directories,
                 entries - found.directories, entries / seconds);
    if (errors != 0) std::fprintf(stderr, ", %zu errors", errors);
}

void progress::erase() {
    if (shown_) std::fputs(erase_line, stderr);
    shown_ = false;
}

}  // namespace tool
