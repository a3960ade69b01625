// SPDX-License-Identifier: MIT
// without_sigpipe: calls made by the polling thread must not raise the signal that workers block.
#pragma once

#include "system_call.hpp"

#include <csignal>
#include <ctime>

namespace aio::detail {

/// While it lives, a write to a broken pipe in this thread gives EPIPE and nothing else.
class without_sigpipe {
  public:
    without_sigpipe() noexcept {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    without_sigpipe(const without_sigpipe&) = delete;
    without_sigpipe& operator=(const without_sigpipe&) = delete;
    ~without_sigpipe() {
        errno_guard guard;
        // Takes away what came meanwhile, also where it is blocked anyway and would come when it no longer
        // is; nothing that was somebody else's. EAGAIN: nothing came.
        const timespec at_once = {};
        if (!was_pending_) static_cast<void>(sigtimedwait(&pipe_, nullptr, &at_once));
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

  private:
    sigset_t pipe_;
    sigset_t before_;
    bool was_pending_;
};

}  // namespace aio::detail
