// SPDX-License-Identifier: MIT
#include "support/child.hpp"

#include "support/patience.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <system_error>

namespace aio::test {

namespace {

/// Reads until the writer is gone or the time is over; the writer may leave heirs, so the child's end counts
/// too.
bool drain(int from, std::string& into, pid_t child, int* status, std::chrono::steady_clock::time_point end) {
    for (;;) {
        char bytes[4096];
        if (is_readable(from, 10)) {
            ssize_t got = ::read(from, bytes, sizeof bytes);
            if (got > 0) {
                into.append(bytes, static_cast<std::size_t>(got));
                continue;
            }
        }
        if (::waitpid(child, status, WNOHANG) == child) return true;
        if (std::chrono::steady_clock::now() > end) return false;
    }
}

}  // namespace

child_end run_in_child(const std::function<void()>& body, int seconds) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC)) throw std::system_error(errno, std::system_category());
    std::fflush(nullptr);
    const auto began = std::chrono::steady_clock::now();
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::system_category());
    if (child == 0) {
        ::alarm(0);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(ends[1], 1);
        ::dup2(ends[1], 2);
        ::close(ends[0]);
        ::close(ends[1]);
        try {
            body();
        } catch (const std::exception& thrown) {
            std::fprintf(stderr, "child threw: %s\n", thrown.what());
            std::fflush(nullptr);
            ::_exit(99);
        }
        std::fflush(nullptr);
        ::_exit(testing::Test::HasFailure() ? 98 : 0);
    }
    ::close(ends[1]);
    child_end end;
    int status = 0;
    if (!drain(ends[0], end.output, child, &status, began + std::chrono::seconds(seconds * patience()))) {
        end.timed_out = true;
        ::kill(child, SIGKILL);
        ::waitpid(child, &status, 0);
    }
    ::close(ends[0]);
    end.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (WIFEXITED(status)) end.status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    return end;
}

std::string unexpected_end(const child_end& end, int status) {
    if (!end.timed_out && !end.signal && end.status == status) return {};
    std::string what = end.timed_out ? "it hung"
                       : end.signal  ? "it died of signal " + std::to_string(end.signal)
                                     : "it ended with status " + std::to_string(end.status);
    return what + ", output:\n" + end.output;
}

void require(bool holds, std::source_location where) {
    if (holds) return;
    std::fprintf(stderr, "%s:%u: does not hold\n", where.file_name(), where.line());
    std::fflush(nullptr);
    ::_exit(1);
}

void own_mounts() {
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    if (::unshare(CLONE_NEWNS | (user == 0 ? 0 : CLONE_NEWUSER)) != 0) ::_exit(not_permitted);
    if (user != 0) {  // who is not in the map may not have files there
        const auto map = [](unsigned id) { return std::to_string(id) + ' ' + std::to_string(id) + " 1"; };
        std::ofstream("/proc/self/uid_map") << map(user);
        std::ofstream("/proc/self/setgroups") << "deny";
        std::ofstream("/proc/self/gid_map") << map(group);
    }
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(not_permitted);
}

void become_nobody() {
    if (::geteuid() != 0) return;
    if (::setgid(65534) || ::setuid(65534)) {
        std::perror("setuid");
        ::_exit(1);
    }
}

bool is_readable(int fd, int milliseconds) {
    pollfd watched = {fd, POLLIN, 0};
    return ::poll(&watched, 1, milliseconds) == 1;
}

bool becomes_readable(int fd) {
    return is_readable(fd, static_cast<int>(std::chrono::milliseconds(long_enough()).count()));
}

}  // namespace aio::test
