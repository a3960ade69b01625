// Opens a file, reads its first bytes and looks at its size, with callbacks, from a plain poll(2) loop.
#include <aio/aio.hpp>

#include <fcntl.h>
#include <poll.h>
#include <array>
#include <cstdio>

int main() {
    aio::context io;
    std::array<char, 64> bytes{};

    io.submit(aio::open("/etc/passwd", O_RDONLY), [&](aio::result<aio::file> file) {
        if (!file) return static_cast<void>(std::puts(file.error().message().c_str()));
        io.submit(aio::read(*file, std::span(bytes), 0), [&](aio::result<std::size_t> size) {
            std::printf("read: %s\n", size ? "ok" : size.error().message().c_str());
        });  // the request keeps the file open
    });
    io.submit(aio::stat("/etc/passwd").with({.priority = 2}), [](aio::result<aio::file_status> status) {
        if (status) std::printf("size: %llu\n", static_cast<unsigned long long>(status->size));
    });

    while (io.outstanding()) {  // your event loop: watch one descriptor
        pollfd results = {.fd = io.fd(), .events = POLLIN, .revents = 0};
        if (::poll(&results, 1, -1) > 0) io.poll();
    }
}
