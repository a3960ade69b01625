// Counts a directory tree in an epoll(7) loop of one's own, next to a timer.
// Build: g++ -std=c++23 epoll.cpp $(pkg-config --cflags --libs aiopp)
#include "tree_count.hpp"

#include <aio/loop/epoll.hpp>

#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

int main(int argc, char** argv) {
    int loop = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    itimerspec every_millisecond = {.it_interval = {0, 1'000'000}, .it_value = {0, 1'000'000}};
    timerfd_settime(timer, 0, &every_millisecond, nullptr);
    epoll_event ticking = {.events = EPOLLIN, .data = {.ptr = &timer}};
    epoll_ctl(loop, EPOLL_CTL_ADD, timer, &ticking);

    aio::context io;
    aio::loop::epoll files(io, loop);  // EPOLLIN | EPOLLET for edges
    tree_count count(io, argc > 1 ? argv[1] : "/usr/include");

    std::uint64_t ticks = 0;
    while (files.busy()) {
        epoll_event event;
        if (epoll_wait(loop, &event, 1, -1) < 1) continue;
        if (files.owns(event)) {
            files.ready();
        } else {
            std::uint64_t expirations = 0;
            if (read(timer, &expirations, sizeof expirations) > 0) ticks += expirations;
        }
    }
    std::printf("%zu entries in %zu directories, %d ticks\n", count.entries, count.directories,
                static_cast<int>(ticks));
    close(timer);
    close(loop);
}
