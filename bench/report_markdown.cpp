// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <cstdio>

namespace bench {

namespace {

/// The rate and, below it, the ratio to the limit.
std::string cell(const row& of, const entry& who) {
    if (who.samples.empty()) return "–";
    const auto compared = ratio(of, who);
    const bool limit = who.who->name() == "limit";
    return figure(of, who) + (limit || compared == "–" ? "" : " (" + compared + ")");
}

/// Contenders that did nothing at all have no column.
std::vector<std::size_t> columns(const std::vector<row>& rows) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; !rows.empty() && i < rows.front().entries.size(); ++i)
        if (std::ranges::any_of(rows, [&](const row& each) { return !each.entries[i].samples.empty(); }))
            found.push_back(i);
    return found;
}

std::string durations_row(const row& of, const entry& who, const char* what, const durations& found) {
    if (!found.longest) return {};
    return "| " + std::string(of.what->name) + " | " + std::string(who.who->name()) + " | " + what + " | " +
           time(found.median) + " | " + time(found.rare) + " | " + time(found.longest) + " |\n";
}

/// Workloads that ask for durations.
std::string durations_table(const std::vector<row>& rows) {
    std::string all;
    for (const row& each : rows) {
        for (const entry& who : each.entries) {
            if (who.samples.empty()) continue;
            const measurement& found = who.typical();
            all += durations_row(each, who, "stat, from submit to callback", found.latency);
            all += durations_row(each, who, "one submit", found.submit);
            all += durations_row(each, who, "one poll", found.poll);
        }
    }
    if (all.empty()) return {};
    return "\n| workload | contender | what | median | 99.9 % | longest |\n| --- | --- | --- | ---: | ---: | "
           "---: |\n" +
           all;
}

}  // namespace

std::string as_markdown(const std::vector<row>& rows, const environment& here) {
    const auto who = columns(rows);
    std::string all = "\n" + here.date + ", " + here.cpu + ", " + std::to_string(here.cores) + " cores, " +
                      here.kernel + ", " + here.file_system + ", " + here.compiler +
                      ". Medians; in parentheses the ratio to `limit`.\n\n";
    all += "| workload | in flight |";
    std::string rule = "| --- | ---: |";
    for (std::size_t i : who) {
        all += " " + std::string(rows.front().entries[i].who->name()) + " |";
        rule += " ---: |";
    }
    all += "\n" + rule + "\n";
    for (const row& each : rows) {
        all += "| " + std::string(each.what->name) + " | " + grouped(each.in_flight) + " |";
        for (std::size_t i : who)
            all += " " + cell(each, each.entries[i]) + " |";
        all += "\n";
    }
    return all + durations_table(rows) + "\n";
}

}  // namespace bench
