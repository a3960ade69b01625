// SPDX-License-Identifier: MIT
#include "output.hpp"

#include "command.hpp"
#include "interrupt.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace tool {

bool output::is_terminal() const noexcept {
    return ::isatty(STDOUT_FILENO) == 1;
}

void output::flush() {
    write_out(block_);
    block_.clear();
}

void output::write(std::string_view bytes) {
    flush();
    write_out(bytes);
}

void output::write_out(std::string_view bytes) {
    while (!bytes.empty() && !ended_) {
        const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (written < 0) {
            after_failure(errno);
            continue;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        // Half a write is what an interrupt leaves of one that had to wait.
        if (!bytes.empty() && is_interrupted()) ended_ = true;
    }
}

void output::after_failure(int number) {
    if (number == EINTR) {
        ended_ = is_interrupted();
    } else if (number == EAGAIN) {  // somebody made the descriptor non-blocking
        pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
        ::poll(&ready, 1, -1);
        ended_ = is_interrupted();
    } else {
        ended_ = true;
        if (number != EPIPE)
            errors_.error("write", "standard output", std::error_code(number, std::system_category()));
    }
}

void output::finish() {
    flush();
    if (ended_) return;
    ended_ = true;
    // EBADF: it was closed from the start, and nothing was written, or a write would have failed.
    if (::close(STDOUT_FILENO) != 0 && errno != EBADF && errno != EINTR)
        errors_.error("close", "standard output", std::error_code(errno, std::system_category()));
}

int printed(const char* name) {
    if (std::fflush(stdout) == 0 || errno == EPIPE) return success;
    std::fprintf(stderr, "%s: write standard output: %s\n", name,
                 std::generic_category().message(errno).c_str());
    return failure;
}

}  // namespace tool
