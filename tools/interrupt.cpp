// SPDX-License-Identifier: MIT
#include "interrupt.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>

namespace tool {

namespace {

/// The signal's number. Workers read it too: they ask whether to overwrite. Relaxed: nothing is handed over
/// with it.
std::atomic<int> interrupt_seen = 0;
constexpr int watched[] = {SIGINT, SIGTERM, SIGHUP};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler stores it");

}  // namespace

void watch_for_interrupt() noexcept {
    struct sigaction action = {};
    action.sa_handler = [](int signal) {
        int none = 0;
        interrupt_seen.compare_exchange_strong(none, signal, std::memory_order_relaxed);
        // The next one ends the program, whichever it is.
        for (const int each : watched) {
            struct sigaction now = {};
            if (::sigaction(each, nullptr, &now) == 0 && now.sa_handler != SIG_IGN)
                std::signal(each, SIG_DFL);
        }
    };
    // No SA_RESTART: a blocked write returns, so that its loop may look.
    action.sa_flags = 0;
    for (const int signal : watched) {
        struct sigaction before = {};
        ::sigaction(signal, nullptr, &before);
        // A program started with `&` by a shell without job control is not to be interrupted, nor one of
        // nohup.
        if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
    }
}

bool is_interrupted() noexcept {
    return interrupt_seen.load(std::memory_order_relaxed) != 0;
}

void end_if_interrupted() noexcept {
    const int signal = interrupt_seen.load(std::memory_order_relaxed);
    if (signal == 0) return;
    std::raise(signal);  // the handler has gone
    // The first process of a container is not killed. As a shell tells of one that was.
    std::_Exit(128 + signal);
}

}  // namespace tool
