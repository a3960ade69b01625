// SPDX-License-Identifier: MIT
#include "interrupt.hpp"

#include <csignal>
#include <cstdlib>

namespace tool {

namespace {

volatile std::sig_atomic_t interrupt_seen = 0;

}  // namespace

void watch_for_interrupt() noexcept {
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupt_seen = 1; };
    // No SA_RESTART: a blocked write returns, so that its loop may look.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    struct sigaction before = {};
    ::sigaction(SIGINT, nullptr, &before);
    // A program started with `&` by a shell without job control is not to be interrupted.
    if (before.sa_handler != SIG_IGN) ::sigaction(SIGINT, &action, nullptr);
}

bool is_interrupted() noexcept {
    return interrupt_seen != 0;
}

void exit_at_once(int status) noexcept {
    std::_Exit(status);
}

}  // namespace tool
