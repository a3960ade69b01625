// SPDX-License-Identifier: MIT
#include "pattern.hpp"

#include <array>
#include <stdexcept>

namespace tool {

pattern::pattern(const std::string& expression) {
    const int number = ::regcomp(&compiled_, expression.c_str(), REG_EXTENDED | REG_NOSUB);
    if (number == 0) return;
    std::array<char, 200> reason = {};
    ::regerror(number, &compiled_, reason.data(), reason.size());
    throw std::invalid_argument(reason.data());
}

}  // namespace tool
