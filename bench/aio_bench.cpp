// SPDX-License-Identifier: MIT
// aio_bench: workloads by name, done by this library and its rivals in turn.
#include "race.hpp"
#include "report.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>

namespace bench {

namespace {

struct wishes {
    std::vector<std::string> only, who;
    std::vector<std::size_t> in_flight;
    std::string directory = ".", json, markdown, svg;
    unsigned samples = 5;
    double seconds = 0;
    std::uint64_t once = 0;
    bool quick = false, smoke = false, list = false;
};

/// The rows that were asked for: which workload, how many in flight.
std::vector<std::pair<const workload*, std::size_t>> chosen_rows(const wishes& of) {
    std::vector<std::pair<const workload*, std::size_t>> rows;
    for (const workload& each : workloads()) {
        if (!of.only.empty() && std::ranges::find(of.only, each.name) == of.only.end()) continue;
        for (std::size_t in_flight : !of.in_flight.empty() ? of.in_flight
                                     : of.quick            ? each.quick
                                                           : each.in_flight) {
            if (of.smoke) in_flight = std::min<std::size_t>(in_flight, 32);
            const std::pair row(&each, in_flight);
            if (std::ranges::find(rows, row) == rows.end()) rows.push_back(row);
        }
    }
    return rows;
}

int print_list(const contender_list& all) {
    std::puts("workloads:");
    for (const workload& each : workloads())
        std::printf("  %-26.*s %.*s\n", static_cast<int>(each.name.size()), each.name.data(),
                    static_cast<int>(each.summary.size()), each.summary.data());
    std::puts("\ncontenders:");
    for (const auto& each : all) {
        const std::string why = each->unavailable();
        std::printf("  %-26.*s %s\n", static_cast<int>(each->name().size()), each->name().data(),
                    why.c_str());
    }
    return 0;
}

/// Replaces what lies between the markers of a Markdown file.
void put_between_markers(const std::string& path, const std::string& what) {
    constexpr std::string_view begin = "<!-- results: written by ./dev bench --write -->\n",
                               end = "<!-- end of results -->";
    std::ifstream in(path);
    std::string document(std::istreambuf_iterator<char>(in), {});
    const std::size_t from = document.find(begin), to = document.find(end);
    if (from == std::string::npos || to == std::string::npos)
        throw std::runtime_error(path + ": no markers for results");
    document.replace(from + begin.size(), to - from - begin.size(), what);
    std::ofstream(path) << document;
}

void write(const wishes& to, const std::vector<row>& rows, const environment& here) {
    if (!to.json.empty()) std::ofstream(to.json) << as_json(rows, here);
    if (!to.svg.empty()) std::ofstream(to.svg) << as_svg(rows, here);
    if (!to.markdown.empty()) put_between_markers(to.markdown, as_markdown(rows, here));
}

int run(const wishes& of, std::span<contender* const> who) {
    const auto rows = chosen_rows(of);
    const auto any = [&](auto condition) {
        return std::ranges::any_of(rows, [&](auto& row) { return condition(*row.first); });
    };
    const bool reads = any([](const workload& each) { return each.steps->kinds[0] == kind::read; });
    const bool slow = any([](const workload& each) { return each.slow; });
    const files where(of.directory, {.big = !reads ? 0 : of.smoke ? 1 << 20 : files::big_size, .slow = slow});
    const environment here = environment::of(where.directory());

    if (of.once) {  // for profilers: in this process, without a rehearsal
        const measurement found =
            who.front()->run({*rows.at(0).first, where, rows.at(0).second, of.once, 0.1, false});
        std::printf("%s%.0f per second\n", found.error, found.per_second());
        return *found.error != 0;
    }

    std::printf("%s, %u cores, %s, %s\n%s, %s\n\n", here.cpu.c_str(), here.cores, here.kernel.c_str(),
                here.file_system.c_str(), here.compiler.c_str(), here.date.c_str());
    const race_options how = {.samples = of.smoke ? 1 : of.samples,
                              .seconds = of.seconds > 0 ? of.seconds
                                         : of.quick     ? 0.1
                                                        : 0.25,
                              .smoke = of.smoke,
                              .progress = ::isatty(STDERR_FILENO) != 0};
    std::vector<row> done;
    for (const auto& [what, in_flight] : rows) {
        row found = race(*what, in_flight, where, who, how);
        if (interrupted()) return 130;
        std::fputs(as_text(found).c_str(), stdout);
        std::fflush(stdout);
        done.push_back(std::move(found));
    }
    write(of, done, here);
    const bool wrong = std::ranges::any_of(done, [](const row& each) {
        return std::ranges::any_of(each.entries, [](const entry& one) { return one.wrong; });
    });
    return wrong ? 1 : 0;
}

int main(int count, char** arguments) {
    wishes of;
    const contender_list all = contenders();
    std::vector<std::string> workload_names, contender_names;
    for (const workload& each : workloads())
        workload_names.emplace_back(each.name);
    for (const auto& each : all)
        contender_names.emplace_back(each->name());

    CLI::App app("Measures asynchronous file I/O: this library, plain calls, and other libraries, in turn.",
                 "aio_bench");
    app.add_flag("--list", of.list, "Print the workloads and contenders");
    app.add_flag("--quick", of.quick, "Only the rows that matter most, in under two minutes");
    app.add_option("--only", of.only, "These workloads")
        ->delimiter(',')
        ->check(CLI::IsMember(workload_names));
    app.add_option("--contenders", of.who, "These contenders")
        ->delimiter(',')
        ->check(CLI::IsMember(contender_names));
    app.add_option("--in-flight", of.in_flight, "These numbers in flight")
        ->delimiter(',')
        ->check(CLI::Range(1, 10'000'000));
    app.add_option("--samples", of.samples, "Samples of each [5]")->check(CLI::Range(1, 1000));
    app.add_option("--seconds", of.seconds, "How long a sample should take [0.25, or 0.1 if quick]")
        ->check(CLI::Range(0.001, 100.0));
    app.add_option("--json", of.json, "Write the results as a list of objects");
    app.add_option("--svg", of.svg, "Write them as a picture");
    app.add_option("--markdown", of.markdown, "Write them between the markers of a Markdown file");
    app.add_option("--directory", of.directory, "Where the files to work on go [.]")->take_last();
    app.add_flag("--smoke", of.smoke, "Tiny inputs, once: does it work?");
    app.add_option("--once", of.once,
                   "For profilers: this many operations of the first row by the first contender");
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (of.list) return print_list(all);

    std::vector<contender*> who;
    for (const auto& each : all)
        if (of.who.empty() || std::ranges::find(of.who, each->name()) != of.who.end())
            who.push_back(each.get());
    watch_for_interrupt();
    try {
        return run(of, who);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "aio_bench: %s\n", error.what());
        return 1;
    }
}

}  // namespace

}  // namespace bench

int main(int count, char** arguments) {
    return bench::main(count, arguments);
}
