// SPDX-License-Identifier: MIT
// report: the results as text, JSON, Markdown and a picture.
#pragma once

#include "environment.hpp"
#include "race.hpp"

#include <string>
#include <vector>

namespace bench {

/// Each prints into a string.
std::string as_text(const row& of);
std::string as_json(const std::vector<row>& rows, const environment& here);
std::string as_markdown(const std::vector<row>& rows, const environment& here);
std::string as_svg(const std::vector<row>& rows, const environment& here);

/// What a reader wants to see of an entry: "1,160 k/s", "192 bytes", "n/a".
std::string figure(const row& of, const entry& who);
/// "1,160 k" or "35.2 M".
std::string rate(double per_second);
/// "0.85", or "–" without a limit.
std::string ratio(const row& of, const entry& who);
/// "12 µs".
std::string time(std::uint64_t nanoseconds);
/// The number with commas.
std::string grouped(std::uint64_t number);

}  // namespace bench
