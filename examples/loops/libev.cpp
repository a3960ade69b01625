// Counts a directory tree in a libev loop while a timer ticks.
// Build: g++ -std=c++23 libev.cpp $(pkg-config --cflags --libs aiopp) -lev
#include "tree_count.hpp"

#include <aio/loop/libev.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    struct ev_loop* loop = EV_DEFAULT;
    int ticks = 0;
    ev_timer timer;
    ev_timer_init(
        &timer, [](struct ev_loop*, ev_timer* self, int) { ++*static_cast<int*>(self->data); }, 0, 0.001);
    timer.data = &ticks;
    ev_timer_start(loop, &timer);
    ev_unref(loop);  // the timer alone does not keep the loop running

    aio::context io;
    aio::loop::libev files(io, loop);
    tree_count count(io, argc > 1 ? argv[1] : "/usr/include");
    ev_run(loop, 0);  // until nothing is outstanding

    std::printf("%zu entries in %zu directories, %d ticks\n", count.entries, count.directories, ticks);
}
