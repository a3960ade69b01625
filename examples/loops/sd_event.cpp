// Counts a directory tree in systemd's event loop while a timer ticks.
// Build: g++ -std=c++23 sd_event.cpp $(pkg-config --cflags --libs aiopp libsystemd)
#include "tree_count.hpp"

#include <aio/loop/sd_event.hpp>

#include <cstdint>
#include <cstdio>
#include <ctime>

struct ticker {
    tree_count& count;
    int ticks = 0;
};

int tick(sd_event_source* timer, std::uint64_t, void* data) {
    auto& self = *static_cast<ticker*>(data);
    ++self.ticks;
    if (self.count.done()) return sd_event_exit(sd_event_source_get_event(timer), 0);
    sd_event_source_set_time_relative(timer, 1000);
    return sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

int main(int argc, char** argv) {
    sd_event* loop = nullptr;
    if (sd_event_new(&loop) < 0) return 1;
    aio::context io;
    aio::loop::sd_event files(io, loop);
    tree_count count(io, argc > 1 ? argv[1] : "/usr/include");

    ticker ticking{count};
    sd_event_add_time_relative(loop, nullptr, CLOCK_MONOTONIC, 1000, 1, tick, &ticking);
    sd_event_loop(loop);
    sd_event_unref(loop);

    std::printf("%zu entries in %zu directories, %d ticks\n", count.entries, count.directories,
                ticking.ticks);
}
