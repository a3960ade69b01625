// SPDX-License-Identifier: MIT
// aio: the library's composites as commands.
#include "command.hpp"
#include "interrupt.hpp"
#include "output.hpp"

#include <aio/routes.hpp>
#include <aio/version.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

namespace {

struct command {
    std::string_view name;
    int (*run)(std::span<char*> arguments);
    const char* summary;
};

constexpr command commands[] = {
    {"scan", tool::scan, "list everything below directories"},
    {"cat", tool::cat, "write files to standard output"},
    {"cp", tool::cp, "copy files and trees"},
    {"mv", tool::mv, "move files and trees"},
    {"rm", tool::rm, "remove files and trees"},
    {"du", tool::du, "show how much space trees take"},
    {"sync", tool::sync, "write files and directories to disk"},
    {"routes", tool::routes, "show how each operation is done here"},
    {"bench", tool::bench, "measure how fast calls are here"},
};

void print_help(FILE* to) {
    std::fputs("Usage: aio COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n", to);
    for (const command& each : commands)
        std::fprintf(to, "  %-8.*s%s\n", static_cast<int>(each.name.size()), each.name.data(), each.summary);
    std::fputs(
        "\n  aio COMMAND --help    the options of a command\n"
        "  aio --version         the version\n",
        to);
}

int run(std::span<char*> arguments) {
    if (arguments.empty()) {
        print_help(stderr);
        return tool::wrong_usage;
    }
    if (!aio::routes_wanted()) {
        std::fprintf(stderr, "aio: AIO_ROUTES=%s: choose auto, threads, ring or inline\n",
                     std::getenv("AIO_ROUTES"));
        return tool::wrong_usage;
    }
    const std::string_view word = arguments.front();
    for (const command& each : commands)
        if (word == each.name) return each.run(arguments.subspan(1));
    if (word == "--help" || word == "-h" || word == "help") {
        print_help(stdout);
        return tool::printed("aio");
    }
    if (word == "--version") {
        std::puts("aio " AIO_VERSION_STRING);
        return tool::printed("aio");
    }
    std::fprintf(stderr, "aio: no command '%s'\nRun 'aio --help' for the commands.\n", arguments.front());
    return tool::wrong_usage;
}

/// A closed standard descriptor would be given to the next file that is opened, and our output written there.
/// Its place is taken by one that gives EBADF when it is used, as the closed one does.
void occupy_standard_descriptors() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        const int direction = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        static_cast<void>(::open("/dev/null", direction));  // takes the lowest free number, which is fd
    }
}

}  // namespace

int main(int argc, char** argv) {
    occupy_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is the end of the output, not of the program
    tool::watch_for_interrupt();
    try {
        const auto all = std::span(argv, static_cast<std::size_t>(argc));
        const int status = run(all.subspan(argc > 0 ? 1 : 0));
        tool::end_if_interrupted();
        return status;
    } catch (const std::exception& thrown) {
        std::fprintf(stderr, "aio: %s\n", thrown.what());
        // No destructors: what is outstanding need not come to an end.
        std::_Exit(tool::failure);
    }
}
