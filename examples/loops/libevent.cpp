// Counts a directory tree in a libevent loop while a timer ticks.
// Build: g++ -std=c++23 libevent.cpp $(pkg-config --cflags --libs aiopp libevent_core)
#include "tree_count.hpp"

#include <aio/loop/libevent.hpp>

#include <cstdio>

struct ticker {
    tree_count& count;
    event* timer = nullptr;
    int ticks = 0;
};

int main(int argc, char** argv) {
    event_base* base = event_base_new();
    aio::context io;
    {
        aio::loop::libevent files(io, base);
        tree_count count(io, argc > 1 ? argv[1] : "/usr/include");

        ticker tick{count};
        tick.timer = event_new(
            base, -1, EV_PERSIST,
            [](evutil_socket_t, short, void* data) {
                auto& self = *static_cast<ticker*>(data);
                ++self.ticks;
                if (self.count.done()) event_del(self.timer);
            },
            &tick);
        timeval millisecond = {.tv_sec = 0, .tv_usec = 1000};
        event_add(tick.timer, &millisecond);
        event_base_dispatch(base);  // until nothing is outstanding, and the timer has ended

        std::printf("%zu entries in %zu directories, %d ticks\n", count.entries, count.directories,
                    tick.ticks);
        event_free(tick.timer);
    }
    event_base_free(base);
}
