// SPDX-License-Identifier: MIT
#include "support/hostile.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace aio::test {

hostile_mount::hostile_mount() {
    std::filesystem::create_directory(tree_ / "mount");
    std::filesystem::create_directory(outside());
    tree_.write("outside/kept", "kept");
    std::array<int, 2> input = {};
    std::array<int, 2> output = {};
    if (::pipe2(input.data(), O_CLOEXEC) != 0 || ::pipe2(output.data(), O_CLOEXEC) != 0)
        throw std::system_error(errno, std::system_category(), "pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], STDERR_FILENO);
    std::string program = AIO_HOSTILE_FS;
    std::string directory = *this / "";
    char* words[] = {program.data(), directory.data(), nullptr};
    if (const int wrong = ::posix_spawn(&server_, program.c_str(), &actions, nullptr, words, environ))
        throw std::system_error(wrong, std::system_category(), program);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    std::array<char, 200> said = {};
    const ssize_t size = ::read(output[0], said.data(), said.size());
    ::close(output[0]);
    missing_.assign(said.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (missing_ == "mounted\n") missing_.clear();
}

void hostile_mount::end() {
    if (server_ < 0) return;
    ::close(input_);
    ::waitpid(std::exchange(server_, -1), nullptr, 0);
}

}  // namespace aio::test
