// SPDX-License-Identifier: MIT
#include "arguments.hpp"

#include "command.hpp"
#include "output.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace tool {

namespace {

// CLI11 takes "[a,b]" for a list and drops "++", wherever they stand. Both are good file names. So each
// argument that could be meant is marked by a byte in front, which is removed afterwards.
constexpr char mark = '\1';

std::string marked(const std::string& argument) {
    // Of "--option=", where nothing follows, CLI11 would take the next argument.
    const std::size_t is_at = argument.starts_with("--") ? argument.find('=') : argument.npos;
    const std::size_t begin = is_at == argument.npos ? 0 : is_at + 1;
    const std::string_view meant = std::string_view(argument).substr(begin);
    const bool needs_mark = meant.starts_with('[') || meant.starts_with('+') || meant.starts_with(mark) ||
                            (begin != 0 && meant.empty());
    return needs_mark ? argument.substr(0, begin) + mark + std::string(meant) : argument;
}

std::string unmarked(std::string argument) {
    // Also an operand that looked like an option.
    const std::size_t begin = argument.starts_with("--") ? argument.find('=') + 1 : 0;
    if (begin < argument.size() && argument[begin] == mark) argument.erase(begin, 1);
    return argument;
}

}  // namespace

struct arguments::parser {
    CLI::App app;
    std::vector<std::pair<CLI::Option*, std::optional<std::string>*>> values;
    std::vector<std::pair<CLI::Option*, std::vector<std::string>*>> lists;
};

arguments::arguments(const char* command, const char* description, const char* help)
    : parser_(std::make_unique<parser>()) {
    parser_->app.description(description);
    parser_->app.name(std::string("aio ") + command);
    parser_->app.get_formatter()->column_width(22);
    parser_->app.set_help_flag(help, "print this");
}

arguments::~arguments() = default;

void arguments::flag(const char* names, bool& value, const char* help) {
    parser_->app.add_flag(names, value, help)->disable_flag_override();
}

void arguments::choice(const char* names, std::function<void()> chosen, const char* help) {
    parser_->app.add_flag_callback(names, std::move(chosen), help)
        ->trigger_on_parse()
        ->disable_flag_override();
}

void arguments::value(const char* names, const char* placeholder, std::optional<std::string>& value,
                      const char* help) {
    CLI::Option* option = parser_->app.add_option(names)->description(help)->option_text(placeholder);
    option->take_last();
    parser_->values.emplace_back(option, &value);
}

void arguments::values(const char* names, const char* placeholder, std::vector<std::string>& values,
                       const char* help) {
    CLI::Option* option = parser_->app.add_option(names)->description(help)->option_text(placeholder);
    option->expected(1)->take_all();
    parser_->lists.emplace_back(option, &values);
}

void arguments::operands(const char* placeholder, std::vector<std::string>& values, std::size_t min,
                         const char* help) {
    CLI::Option* option =
        parser_->app.add_option(placeholder)->description(help)->expected(-1)->take_all()->option_text("...");
    if (min > 0) option->required();
    parser_->lists.emplace_back(option, &values);
}

std::optional<int> arguments::parse(std::span<char*> given) {
    // CLI11 wants the last one first.
    std::vector<std::string> reversed;
    for (auto each = given.rbegin(); each != given.rend(); ++each)
        reversed.push_back(marked(*each));
    try {
        parser_->app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        std::fputs(parser_->app.help().c_str(), stdout);
        return printed(parser_->app.get_name().c_str());
    } catch (const CLI::ParseError& wrong) {
        return complain(wrong.what());
    }
    // The plain results: converted to the types of variables, some strings would have a meaning, as "{}" has.
    for (auto& [option, value] : parser_->values)
        if (!option->results().empty()) *value = unmarked(option->results().back());
    for (auto& [option, values] : parser_->lists)
        for (const std::string& each : option->results())
            values->push_back(unmarked(each));
    return std::nullopt;
}

int arguments::complain(const std::string& what) const {
    const std::string name = parser_->app.get_name();
    std::fprintf(stderr, "%s: %s\nRun '%s --help' for the options.\n", name.c_str(), what.c_str(),
                 name.c_str());
    return wrong_usage;
}

}  // namespace tool
