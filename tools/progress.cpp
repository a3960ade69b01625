// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include "size_text.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace tool {

namespace {

constexpr const char* erase_line = "\r\033[K";

std::size_t width_of_terminal() noexcept {
    winsize found = {};
    const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &found) == 0 && found.ws_col != 0;
    return is_known ? found.ws_col : 80;
}

std::string whole(double number) {
    return std::to_string(static_cast<std::uint64_t>(number));
}

/// "42 s", "12:05", "3:02:45".
std::string time_text(double seconds) {
    const auto all = static_cast<std::uint64_t>(seconds);
    if (all < 100) return std::to_string(all) + " s";
    const auto two_digits = [](std::uint64_t number) {
        return (number < 10 ? ":0" : ":") + std::to_string(number);
    };
    if (all < 3600) return std::to_string(all / 60) + two_digits(all % 60);
    return std::to_string(all / 3600) + two_digits(all / 60 % 60) + two_digits(all % 60);
}

}  // namespace

progress::progress(bool wanted) : wanted_(wanted && ::isatty(STDERR_FILENO) == 1) {}

void progress::show(std::size_t errors) {
    if (!wanted_) return;
    const clock::time_point now = clock::now();
    if (now < next_) return;
    next_ = now + interval;
    shown_ = true;
    const std::string text = line(std::chrono::duration<double>(now - began_).count(), errors);
    std::fprintf(stderr, "%s%s", erase_line, text.c_str());
}

/// What matters most comes first; what does not fit is left out, since a line that is broken cannot be
/// erased.
std::string progress::line(double seconds, std::size_t errors) const {
    const std::size_t width = width_of_terminal();
    std::string text;
    const auto add = [&](const std::string& more) {
        if (text.size() + more.size() + 2 < width) text += (text.empty() ? "" : ", ") + more;
    };
    add(std::to_string(entries_) + " entries");
    if (errors != 0) add(std::to_string(errors) + " errors");
    // Whichever is further behind tells what is left.
    double done = 1;
    if (all_entries_ != 0) done = static_cast<double>(entries_) / static_cast<double>(all_entries_);
    if (all_bytes_ != 0) done = std::min(done, static_cast<double>(bytes_) / static_cast<double>(all_bytes_));
    const bool has_estimate = done > 0 && done < 1;
    if (has_estimate) add(whole(100 * done) + "%, " + time_text(seconds / done - seconds) + " left");
    if (bytes_ != 0)
        add(size_text(bytes_) + ", " +
            size_text(static_cast<std::uint64_t>(static_cast<double>(bytes_) / seconds)) + "/s");
    add(whole(static_cast<double>(entries_) / seconds) + " entries/s");
    return text;
}

void progress::erase() {
    if (shown_) std::fputs(erase_line, stderr);
    shown_ = false;
}

}  // namespace tool
