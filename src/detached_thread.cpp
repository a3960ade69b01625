// SPDX-License-Identifier: MIT
#include "detached_thread.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace aio::detail {

namespace {

constexpr std::size_t stack_size = std::size_t(1) << 20;  // for a user's function in aio::call

struct beginning {
    void* (*run)(void*);
    void* argument;
};

/// "program/aio", as far as 15 bytes go: the seed's workers are "program/eio".
void name_thread() noexcept {
    char name[16] = {};
    prctl(PR_GET_NAME, name);
    std::memcpy(name + std::min<std::size_t>(std::strlen(name), 11), "/aio", sizeof "/aio");
    prctl(PR_SET_NAME, name);
}

void* begin(void* given) noexcept {
    const beginning first = *static_cast<beginning*>(given);
    delete static_cast<beginning*>(given);
    name_thread();
    return first.run(first.argument);
}

}  // namespace

int start_detached(void* (*run)(void*), void* argument) noexcept {
    auto* first = new (std::nothrow) beginning{run, argument};
    if (!first) return ENOMEM;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_size);
    pthread_t thread;
    const int failed = pthread_create(&thread, &attributes, begin, first);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (failed) delete first;
    return failed;
}

}  // namespace aio::detail
