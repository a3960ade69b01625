// SPDX-License-Identifier: MIT
// arguments: a command's options and operands. CLI11 does the work; this keeps it in one place, and file
// names whole.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tool {

class arguments {
  public:
    /// `help` is what asks for help: "--help" where -h means something else.
    arguments(const char* command, const char* description, const char* help = "-h,--help");
    arguments(const arguments&) = delete;
    arguments& operator=(const arguments&) = delete;
    ~arguments();

    /// An option without a value. `names` as in "-q,--quiet".
    void flag(const char* names, bool& value, const char* help);
    /// One of several that exclude each other: `chosen` is called for each that is given, in their order.
    void choice(const char* names, std::function<void()> chosen, const char* help);
    /// An option with a value.
    void value(const char* names, const char* placeholder, std::optional<std::string>& value,
               const char* help);
    /// The same, several times.
    void values(const char* names, const char* placeholder, std::vector<std::string>& values,
                const char* help);
    /// The arguments that are not options. Any bytes, any number from `min` on.
    void operands(const char* placeholder, std::vector<std::string>& values, std::size_t min,
                  const char* help);

    /// Reads the command line. Gives an exit status if the command is over, because help was wanted or
    /// something was wrong.
    [[nodiscard]] std::optional<int> parse(std::span<char*> given);
    /// Says on stderr what is wrong with the command line.
    int complain(const std::string& what) const;

  private:
    struct parser;
    std::unique_ptr<parser> parser_;
};

}  // namespace tool
