// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <cstdio>

namespace bench {

namespace {

std::string quoted(std::string_view text) {
    std::string all = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') all += '\\';
        if (static_cast<unsigned char>(c) < 0x20)
            all += ' ';
        else
            all += c;
    }
    return all + '"';
}

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}
/// Counts are exact.
std::string count(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.0f", value);
    return text;
}

class object {
  public:
    void add(std::string_view name, const std::string& value) {
        text_ += (text_.empty() ? "" : ", ") + quoted(name) + ": " + value;
    }
    [[nodiscard]] std::string end() const { return "{" + text_ + "}"; }

  private:
    std::string text_;
};

std::string nanoseconds(const durations& of) {
    object all;
    all.add("median", std::to_string(of.median));
    all.add("percentile_99_9", std::to_string(of.rare));
    all.add("longest", std::to_string(of.longest));
    return all.end();
}

void add_samples(object& to, const row& of, const entry& who) {
    const measurement& found = who.typical();
    to.add("operations_per_second", count(who.median()));
    to.add("spread", "[" + count(who.lowest()) + ", " + count(who.highest()) + "]");
    std::string samples;
    for (const measurement& each : who.samples)
        samples += (samples.empty() ? "" : ", ") + count(each.per_second());
    to.add("samples", "[" + samples + "]");
    const auto ratio = of.ratio(who);
    to.add("ratio_to_limit", ratio ? number(*ratio) : "null");
    to.add("operations", std::to_string(who.operations));
    to.add("completed", std::to_string(found.operations));
    to.add("checksum", found.has_checksum ? quoted(std::to_string(found.checksum)) : "null");
    if (of.what->asks == question::memory) to.add("bytes_per_request", number(found.bytes_per_request));
    if (of.what->asks == question::growth) to.add("nanoseconds_per_request", number(1e9 / who.median()));
    if (of.what->asks == question::latency) to.add("latency_nanoseconds", nanoseconds(found.latency));
    if (of.what->asks == question::hold) {
        to.add("submit_nanoseconds", nanoseconds(found.submit));
        to.add("poll_nanoseconds", nanoseconds(found.poll));
    }
}

}  // namespace

std::string as_json(const std::vector<row>& rows, const environment& here) {
    std::string all;
    for (const row& each : rows) {
        for (const entry& who : each.entries) {
            object one;
            one.add("workload", quoted(each.what->name));
            one.add("in_flight", std::to_string(each.in_flight));
            one.add("contender", quoted(who.who->name()));
            if (who.samples.empty()) {
                one.add("operations_per_second", "null");
                one.add("not_available", quoted(who.not_available));
            } else {
                add_samples(one, each, who);
            }
            for (const auto& [name, value] : here.fields())
                one.add(name, quoted(value));
            all += (all.empty() ? "" : ",\n") + one.end();
        }
    }
    return "[\n" + all + "\n]\n";
}

}  // namespace bench
