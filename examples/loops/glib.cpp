// Counts a directory tree in a GLib main loop while a timer ticks.
// Build: g++ -std=c++23 glib.cpp $(pkg-config --cflags --libs aiopp glib-2.0)
#include "tree_count.hpp"

#include <aio/loop/glib.hpp>

#include <cstdio>

struct ticker {
    tree_count& count;
    GMainLoop* loop;
    int ticks = 0;
};

int main(int argc, char** argv) {
    GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
    aio::context io;
    aio::loop::glib files(io);
    tree_count count(io, argc > 1 ? argv[1] : "/usr/include");

    ticker tick{count, loop};
    GSourceFunc each = [](gpointer data) -> gboolean {
        auto& self = *static_cast<ticker*>(data);
        ++self.ticks;
        if (!self.count.done()) return G_SOURCE_CONTINUE;
        g_main_loop_quit(self.loop);
        return G_SOURCE_REMOVE;
    };
    g_timeout_add(1, each, &tick);
    g_main_loop_run(loop);
    g_main_loop_unref(loop);

    std::printf("%zu entries in %zu directories, %d ticks\n", count.entries, count.directories, tick.ticks);
}
