// Counts a directory tree in Boost.Asio's io_context while a timer ticks.
// Build: g++ -std=c++23 boost_asio.cpp $(pkg-config --cflags --libs aiopp)
#include "tree_count.hpp"

#include <aio/loop/boost_asio.hpp>

#include <boost/asio/steady_timer.hpp>

#include <cstdio>

struct ticker {
    tree_count& count;
    boost::asio::steady_timer timer;
    int ticks = 0;

    void tick() {
        timer.expires_after(std::chrono::milliseconds(1));
        timer.async_wait([this](boost::system::error_code failed) {
            if (failed) return;
            ++ticks;
            if (!count.done()) tick();
        });
    }
};

int main(int argc, char** argv) {
    boost::asio::io_context loop;
    aio::context io;
    aio::loop::boost_asio files(io, loop);
    tree_count count(io, argc > 1 ? argv[1] : "/usr/include");
    ticker ticking{count, boost::asio::steady_timer(loop)};
    ticking.tick();
    loop.run();
    std::printf("%zu entries in %zu directories, %d ticks\n", count.entries, count.directories,
                ticking.ticks);
}
