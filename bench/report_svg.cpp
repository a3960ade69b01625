// SPDX-License-Identifier: MIT
// Bars, grouped by row, whose length is the ratio to the limit. Greys and mid-tones: it is read on white and
// on black.
#include "report.hpp"

#include <algorithm>
#include <cstdio>

namespace bench {

namespace {

constexpr int width = 760, left = 190, scale = 440, bar = 13, gap = 16, top = 46;
constexpr double longest = 1.2;  // of the limit; what is above is cut and says its number

std::string colour(std::string_view contender) {
    if (contender == "aiopp") return "#2f9e6e";
    if (contender.starts_with("aiopp")) return "#7cc4a4";
    if (contender == "liburing") return "#5b8def";
    return "#9a9fa8";
}

template <class... Arguments>
std::string element(const char* format, Arguments... arguments) {
    char text[400];
    std::snprintf(text, sizeof text, format, arguments...);
    return text;
}

std::string label(int x, int y, const char* anchor, const char* weight, const std::string& text) {
    return element("<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-weight=\"%s\">%s</text>\n", x, y, anchor,
                   weight, text.c_str());
}

std::string one_bar(int y, const row& of, const entry& who, double ratio) {
    const int length = std::max(1, static_cast<int>(std::min(ratio, longest) * scale));
    const std::string name(who.who->name());
    return label(left - 8, y + bar - 3, "end", name == "aiopp" ? "bold" : "normal", name) +
           element("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\" fill=\"%s\"/>\n", left, y,
                   length, bar - 2, colour(name).c_str()) +
           label(left + length + 5, y + bar - 3, "start", "normal",
                 bench::ratio(of, who) + " · " + figure(of, who));
}

}  // namespace

std::string as_svg(const std::vector<row>& rows, const environment& here) {
    std::string bars;
    int y = top;
    for (const row& each : rows) {
        std::string group;
        const int begin = y;
        y += gap;
        for (const entry& who : each.entries) {
            const auto ratio = each.ratio(who);
            if (!ratio || who.who->name() == "limit") continue;
            group += one_bar(y, each, who, *ratio);
            y += bar;
        }
        if (group.empty()) {
            y = begin;
            continue;
        }
        bars += label(left, begin + bar - 2, "start", "bold",
                      std::string(each.what->name) + ", " + grouped(each.in_flight) + " in flight") +
                group;
        y += gap / 2;
    }

    std::string all =
        element("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" ",
                width, y + 10, width, y + 10);
    all += "font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#808690\">\n";
    all += "<title>Operations per second, as a part of what plain calls reach</title>\n";
    all += label(left, 16, "start", "bold",
                 "Operations per second ÷ plain calls on as many threads as there are cores");
    all += label(left, 32, "start", "normal",
                 here.cpu + ", " + std::to_string(here.cores) + " cores, " + here.kernel + ", " + here.date);
    for (int tenth = 0; tenth <= 10; tenth += 5) {
        const int x = left + scale * tenth / 10;
        all += element(
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#808690\" stroke-opacity=\"%s\"/>\n", x,
            top - 6, x, y, tenth == 10 ? "0.8" : "0.25");
    }
    return all + bars + "</svg>\n";
}

}  // namespace bench
