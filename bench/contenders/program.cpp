// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace bench {

bool found_in_path(const std::string& program) {
    const char* path = std::getenv("PATH");
    std::istringstream directories(path ? path : "");
    for (std::string directory; std::getline(directories, directory, ':');)
        if (::access((directory + "/" + program).c_str(), X_OK) == 0) return true;
    return false;
}

std::string output_of(const std::vector<std::string>& command) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::vector<char*> arguments;
    for (const std::string& each : command)
        arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    pid_t child = -1;
    const int error = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);

    std::string all;
    char part[4096];
    for (ssize_t size = 0; (size = ::read(ends[0], part, sizeof part)) != 0;) {
        if (size < 0 && errno != EINTR) break;
        if (size > 0) all.append(part, static_cast<std::size_t>(size));
    }
    ::close(ends[0]);
    int status = 0;
    if (error == 0)
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
    if (error != 0 || status != 0) throw std::runtime_error(command[0] + " failed");
    return all;
}

}  // namespace bench
