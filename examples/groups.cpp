// Adds up the sizes of all files of a directory, 32 at a time, however many there are.
#include <aio/aio.hpp>

#include <cstdio>

int main() {
    aio::context io;
    auto names = io.run(aio::readdir("/usr/bin", {.stat_order = true, .keep_open = true}));
    if (!names) return 1;

    unsigned long long bytes = 0;
    std::size_t next = 0;
    bool ended = false;
    aio::group all(io, {.limit = 32}, [&](aio::result<>) { ended = true; });
    all.feed([&](aio::group& members) {  // called whenever there are fewer than 32
        if (next == names->size()) return;
        members.add(aio::lstat({names->directory(), (*names)[next++].name}),
                    [&](aio::result<aio::file_status> status) {
                        if (status) bytes += status->size;
                    });
    });
    io.flush();
    std::printf("%zu names, %llu bytes, %s\n", names->size(), bytes, ended ? "done" : "not done");
}
