// SPDX-License-Identifier: MIT
#include <aio/simulation.hpp>

#include "random_source.hpp"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <new>

namespace aio {

namespace {

constexpr auto epoch = std::chrono::hours(24 * 365 * 100);

// FNV-1a.
constexpr std::uint64_t digest_begin = 0xcbf29ce484222325;
constexpr std::uint64_t digest_prime = 0x100000001b3;

constexpr std::size_t line_max = 160;

/// What snprintf made of a line.
std::string_view made(const char* line, int length) noexcept {
    return {line, std::min(static_cast<std::size_t>(length), line_max - 1)};
}

}  // namespace

simulation::simulation(const options& how)
    : how_(how), now_(clock::duration(epoch).count()), draws_(how.seed), digest_(digest_begin) {
    assert(how.latency_min.count() >= 0);
    assert(how.latency_min <= how.latency_max);
}

clock::duration simulation::elapsed() const noexcept {
    return now().time_since_epoch() - epoch;
}

void simulation::pass_time(clock::time_point until) noexcept {
    // Relaxed: only the polling thread writes it.
    if (until > now()) now_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
}

std::uint64_t simulation::draw() noexcept {
    detail::random_source source(draws_);
    const std::uint64_t drawn = source.next();
    draws_ = source.state();
    return drawn;
}

void simulation::note(std::string_view event) noexcept {
    char line[line_max];
    append(made(line, std::snprintf(line, sizeof line, "%lld thread %.*s\n",
                                    static_cast<long long>(elapsed().count()), static_cast<int>(event.size()),
                                    event.data())));
}

void simulation::note(std::uint64_t number, std::string_view operation, int priority, std::string_view event,
                      int error) noexcept {
    char errno_text[16] = "";
    if (error >= 0) std::snprintf(errno_text, sizeof errno_text, " %d", error);
    char line[line_max];
    append(made(line, std::snprintf(line, sizeof line, "%lld #%llu %.*s %d %.*s%s\n",
                                    static_cast<long long>(elapsed().count()),
                                    static_cast<unsigned long long>(number),
                                    static_cast<int>(operation.size()), operation.data(), priority,
                                    static_cast<int>(event.size()), event.data(), errno_text)));
}

void simulation::append(std::string_view line) noexcept {
    for (char each : line)
        digest_ = (digest_ ^ static_cast<unsigned char>(each)) * digest_prime;
    if (!how_.keep_trace) return;
    try {
        trace_ += line;
    } catch (const std::bad_alloc&) {
        how_.keep_trace = false;  // the digest goes on
    }
}

}  // namespace aio
