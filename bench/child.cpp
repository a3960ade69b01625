// SPDX-License-Identifier: MIT
// A contender in a process of its own.
#include "race.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <system_error>

namespace bench {

namespace {

volatile std::sig_atomic_t was_interrupted = 0;

measurement run(contender& who, const job& what) {
    try {
        return who.run(what);
    } catch (const std::exception& thrown) {
        return measurement::failed(thrown.what());
    }
}

std::string ended(int status) {
    if (WIFSIGNALED(status)) return std::string("ended by a signal: ") + ::strsignal(WTERMSIG(status));
    return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

bool interrupted() {
    return was_interrupted != 0;
}

void watch_for_interrupt() {
    struct sigaction note = {};
    note.sa_handler = [](int) { was_interrupted = 1; };
    for (int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaction(signal, &note, nullptr);
}

measurement in_child(contender& who, const job& what, std::chrono::seconds longest) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) {
        ::setpgid(0, 0);  // killed with what it starts
        const measurement found = run(who, what);
        const bool sent = ::write(ends[1], &found, sizeof found) == sizeof found;
        ::_exit(sent ? 0 : 1);
    }
    ::close(ends[1]);

    measurement found;
    pollfd wait = {.fd = ends[0], .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(longest / std::chrono::milliseconds(1)));
    const bool whole = ready == 1 && ::read(ends[0], &found, sizeof found) == sizeof found;
    ::close(ends[0]);
    if (!whole) ::kill(-child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (whole) return found;
    if (interrupted()) return measurement::failed("interrupted");
    return measurement::failed(ready == 0 ? "took too long" : ended(status));
}

}  // namespace bench
