// SPDX-License-Identifier: MIT
#include "interrupt.hpp"

#include <csignal>
#include <cstdlib>

namespace tool {

namespace {

volatile std::sig_atomic_t interrupt_seen = 0;  // the signal's number

}  // namespace

void watch_for_interrupt() noexcept {
    struct sigaction action = {};
    action.sa_handler = [](int signal) {
        if (interrupt_seen == 0) interrupt_seen = signal;
    };
    // No SA_RESTART: a blocked write returns, so that its loop may look.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before = {};
        ::sigaction(signal, nullptr, &before);
        // A program started with `&` by a shell without job control is not to be interrupted, nor one of
        // nohup.
        if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
    }
}

bool is_interrupted() noexcept {
    return interrupt_seen != 0;
}

int interrupted_status() noexcept {
    return 128 + interrupt_seen;
}

void exit_at_once(int status) noexcept {
    std::_Exit(status);
}

}  // namespace tool
