// SPDX-License-Identifier: MIT
// signal_storm: signals, a thousand in a second.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace aio::test {

/// Interrupts the thread that made it every millisecond, without SA_RESTART, as long as it lives.
class signal_storm {
  public:
    signal_storm() {
        struct sigaction act = {};
        act.sa_handler = [](int) {};
        ::sigaction(SIGUSR1, &act, &old_);
        sender_ = std::jthread([target = ::pthread_self()](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                ::pthread_kill(target, SIGUSR1);
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        });
    }
    signal_storm(const signal_storm&) = delete;
    signal_storm& operator=(const signal_storm&) = delete;
    ~signal_storm() {
        sender_.request_stop();
        sender_.join();
        ::sigaction(SIGUSR1, &old_, nullptr);
    }

  private:
    struct sigaction old_ = {};
    std::jthread sender_;
};

}  // namespace aio::test
