// SPDX-License-Identifier: MIT
// What the forms of the report share, and the one for a terminal.
#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bench {

namespace {

template <class... Arguments>
std::string text(const char* format, Arguments... arguments) {
    char line[512];
    std::snprintf(line, sizeof line, format, arguments...);
    return line;
}

/// printf counts bytes, a terminal characters.
std::string padded(std::string what, std::size_t width, bool left) {
    const auto shown = static_cast<std::size_t>(
        std::ranges::count_if(what, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
    const std::string space(shown < width ? width - shown : 0, ' ');
    return left ? what + space : space + what;
}

std::string spread(const entry& of) {
    return rate(of.lowest()) + "…" + rate(of.highest());
}

/// Below the entry, what does not fit a column.
std::string details(const row& of, const entry& who) {
    const measurement& found = who.typical();
    const auto three = [](const durations& all) {
        return "median " + time(all.median) + ", 99.9 % " + time(all.rare) + ", longest " + time(all.longest);
    };
    if (of.what->asks == question::latency && found.latency.longest)
        return "    " + three(found.latency) + "\n";
    if (of.what->asks == question::hold && found.submit.longest)
        return "    submit: " + three(found.submit) + "\n    poll:   " + three(found.poll) + "\n";
    return {};
}

}  // namespace

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), ",");
    return digits;
}

std::string rate(double per_second) {
    if (per_second >= 10e6) return text("%.1f M", per_second / 1e6);
    if (per_second >= 10e3) return grouped(static_cast<std::uint64_t>(std::llround(per_second / 1e3))) + " k";
    if (per_second >= 1e3) return text("%.1f k", per_second / 1e3);
    return text("%.0f", per_second);
}

std::string time(std::uint64_t nanoseconds) {
    const auto count = static_cast<double>(nanoseconds);
    if (count >= 10e6) return text("%.0f ms", count / 1e6);
    if (count >= 1e6) return text("%.1f ms", count / 1e6);
    if (count >= 10e3) return text("%.0f µs", count / 1e3);
    return text("%.1f µs", count / 1e3);
}

std::string figure(const row& of, const entry& who) {
    if (who.samples.empty()) return "n/a";
    switch (of.what->asks) {
        case question::memory:
            return grouped(static_cast<std::uint64_t>(std::max(0.0, who.typical().bytes_per_request))) +
                   " bytes";
        case question::growth:
            return text("%.0f ns", 1e9 / who.median());
        case question::hold: {
            const measurement& found = who.typical();
            return time(std::max(found.submit.longest, found.poll.longest));
        }
        default:
            break;
    }
    return rate(who.median()) + "/s";
}

std::string ratio(const row& of, const entry& who) {
    const auto found = of.ratio(who);
    return found ? text("%.2f", *found) : "–";
}

std::string as_text(const row& of) {
    const std::string head = std::string(of.what->name) + ", " + grouped(of.in_flight) + " in flight";
    std::string all = padded(head, 31, true) + "  ×limit  lowest…highest\n";
    std::vector<std::pair<std::string, std::string>> absent;  // why, who
    for (const entry& each : of.entries) {
        const std::string name(each.who->name());
        if (each.samples.empty()) {
            const auto same =
                std::ranges::find(absent, each.not_available, [](const auto& known) { return known.first; });
            if (same == absent.end())
                absent.emplace_back(each.not_available, name);
            else
                same->second += ", " + name;
            continue;
        }
        all += "  " + padded(name, 15, true) + padded(figure(of, each), 14, false) +
               padded(ratio(of, each), 8, false) + "  " + spread(each) + "\n" + details(of, each);
    }
    for (const auto& [why, who] : absent)
        all += "  n/a (" + why + "): " + who + "\n";
    return all + "\n";
}

}  // namespace bench
