// SPDX-License-Identifier: MIT
// A loop of our own and not Google Benchmark's, which cannot take turns among contenders, nor put each sample
// in a process of its own, nor compare it with a limit measured in the same round.
#include "race.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace bench {

namespace {

constexpr std::uint64_t first_guess = 256;  // operations
constexpr double long_enough = 0.01;        // seconds, to tell from a run how fast a contender is

std::vector<double> sorted_rates(const std::vector<measurement>& samples) {
    std::vector<double> rates;
    for (const measurement& each : samples)
        rates.push_back(each.per_second());
    std::ranges::sort(rates);
    return rates;
}

double middle(std::vector<double> values) {
    std::ranges::sort(values);
    return values.empty() ? 0 : values[values.size() / 2];
}

void say(const row& of, std::string_view who, const char* what) {
    std::fprintf(stderr, "\r\033[K%.*s, %zu in flight: %s %.*s", static_cast<int>(of.what->name.size()),
                 of.what->name.data(), of.in_flight, what, static_cast<int>(who.size()), who.data());
}

/// One run, checked.
measurement one(entry& of, const row& in, const files& where, const race_options& how) {
    const job what{*in.what, where, in.in_flight, of.operations, how.smoke ? 0.02 : how.seconds};
    measurement found = in_child(*of.who, what, std::chrono::seconds(100));
    if (!*found.error && found.has_checksum && found.checksum != expected_checksum(what))
        found = measurement::failed("wrong result: the checksum differs");
    if (*found.error) {
        of.not_available = found.error;
        of.wrong = true;
    }
    return found;
}

/// So that requests also follow others; but a million is work enough.
std::uint64_t fewest(const row& in) {
    return in.in_flight < 100'000 ? 2 * in.in_flight : in.in_flight;
}

/// Finds out with how many operations a sample takes as long as it should.
void calibrate(entry& of, const row& in, const files& where, const race_options& how) {
    const std::uint64_t most = in.what->most;
    of.operations = std::min<std::uint64_t>(in.in_flight, most);
    if (in.what->asks == question::memory || in.what->asks == question::hold) return;
    of.operations =
        std::min<std::uint64_t>(std::max<std::uint64_t>(fewest(in), how.smoke ? 0 : first_guess), most);
    if (how.smoke) return;
    for (;;) {
        const measurement found = one(of, in, where, how);
        if (of.wrong || found.operations < of.operations)
            return;  // it fails, or is stuck: more would be no better
        if (found.seconds >= long_enough || of.operations >= most) {
            const auto wanted = static_cast<std::uint64_t>(found.per_second() * how.seconds);
            of.operations = std::clamp<std::uint64_t>(wanted, std::min(fewest(in), most), most);
            return;
        }
        of.operations = std::min(of.operations * 8, most);
    }
}

std::string why_not(contender& who, const row& in, const files& where) {
    if (in.what->direct && where.direct() < 0) return "the file system has no O_DIRECT";
    if (in.what->slow && !where.why_not_slow().empty()) return where.why_not_slow();
    if (std::string why = who.unavailable(); !why.empty()) return why;
    return who.cannot(*in.what, in.in_flight);
}

}  // namespace

double entry::median() const {
    return middle(sorted_rates(samples));
}
double entry::lowest() const {
    return samples.empty() ? 0 : sorted_rates(samples).front();
}
double entry::highest() const {
    return samples.empty() ? 0 : sorted_rates(samples).back();
}

const measurement& entry::typical() const {
    const double rate = median();
    return *std::ranges::find_if(samples, [&](const measurement& each) { return each.per_second() == rate; });
}

std::optional<double> row::ratio(const entry& of) const {
    const auto limit =
        std::ranges::find_if(entries, [](const entry& each) { return each.who->name() == "limit"; });
    if (limit == entries.end() || limit->samples.empty() || of.samples.empty()) return {};
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(of.samples.size(), limit->samples.size()); ++i)
        ratios.push_back(of.samples[i].per_second() / limit->samples[i].per_second());
    return middle(std::move(ratios));
}

row race(const workload& what, std::size_t in_flight, const files& where, std::span<contender* const> who,
         const race_options& how) {
    row found{&what, in_flight, {}};
    for (contender* each : who) {
        entry& one = found.entries.emplace_back();
        one.who = each;
        one.not_available = why_not(*each, found, where);
    }
    for (entry& each : found.entries) {
        if (!each.not_available.empty() || interrupted()) continue;
        if (how.progress) say(found, each.who->name(), "trying");
        calibrate(each, found, where, how);
    }
    for (unsigned round = 0; round < how.samples; ++round) {
        for (std::size_t i = 0; i < found.entries.size() && !interrupted(); ++i) {
            entry& next = found.entries[(i + round) % found.entries.size()];  // nobody is always first
            if (!next.not_available.empty()) continue;
            if (how.progress) say(found, next.who->name(), "measuring");
            const measurement sample = one(next, found, where, how);
            if (!next.wrong) next.samples.push_back(sample);
        }
    }
    if (how.progress) std::fputs("\r\033[K", stderr);
    return found;
}

}  // namespace bench
