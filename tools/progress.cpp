// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include "size_text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tool {

namespace {

constexpr const char* erase_line = "\r\033[K";

}  // namespace

progress::progress(bool wanted) : wanted_(wanted && ::isatty(STDERR_FILENO) == 1) {}

void progress::show(std::size_t errors) {
    if (!wanted_) return;
    const clock::time_point now = clock::now();
    if (now < next_) return;
    next_ = now + interval;
    shown_ = true;
    const double seconds = std::chrono::duration<double>(now - began_).count();
    std::fprintf(stderr, "%s%ju entries, %.0f/s", erase_line, static_cast<std::uintmax_t>(entries_),
                 static_cast<double>(entries_) / seconds);
    if (bytes_ != 0)
        std::fprintf(stderr, ", %s, %s/s", size_text(bytes_).c_str(),
                     size_text(static_cast<std::uint64_t>(static_cast<double>(bytes_) / seconds)).c_str());
    // Whichever is further behind tells what is left.
    double done = 1;
    if (all_entries_ != 0) done = static_cast<double>(entries_) / static_cast<double>(all_entries_);
    if (all_bytes_ != 0) done = std::min(done, static_cast<double>(bytes_) / static_cast<double>(all_bytes_));
    if (done > 0 && done < 1)
        std::fprintf(stderr, ", %.0f%%, %.0f s left", 100 * done, seconds / done - seconds);
    if (errors != 0) std::fprintf(stderr, ", %zu errors", errors);
}

void progress::erase() {
    if (shown_) std::fputs(erase_line, stderr);
    shown_ = false;
}

}  // namespace tool
