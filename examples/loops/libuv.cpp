// Counts a directory tree in a libuv loop while a timer ticks.
// Build: g++ -std=c++23 libuv.cpp $(pkg-config --cflags --libs aiopp libuv)
#include "tree_count.hpp"

#include <aio/loop/libuv.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    uv_loop_t* loop = uv_default_loop();
    int ticks = 0;
    uv_timer_t timer;
    uv_timer_init(loop, &timer);
    timer.data = &ticks;
    uv_timer_start(&timer, [](uv_timer_t* self) { ++*static_cast<int*>(self->data); }, 0, 1);
    auto* handle = reinterpret_cast<uv_handle_t*>(&timer);
    uv_unref(handle);  // the timer alone does not keep the loop running

    aio::context io;
    {
        aio::loop::libuv files(io, loop);
        tree_count count(io, argc > 1 ? argv[1] : "/usr/include");
        uv_run(loop, UV_RUN_DEFAULT);  // until nothing is outstanding
        std::printf("%zu entries in %zu directories, %d ticks\n", count.entries, count.directories, ticks);
    }
    uv_close(handle, nullptr);
    uv_run(loop, UV_RUN_DEFAULT);  // handles close in the loop
    uv_loop_close(loop);
}
