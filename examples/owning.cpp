// Reads into a buffer that its callback owns.
#include <aio/aio.hpp>

#include <fcntl.h>
#include <array>
#include <cstdio>
#include <memory>

int main() {
    aio::context io;
    auto file = io.run(aio::open("/etc/passwd", O_RDONLY));
    if (!file) return 1;
    auto bytes = std::make_unique<std::array<char, 4096>>();
    std::span<char> into = *bytes;  // not as an argument of read: the capture may have taken the buffer then
    io.submit(aio::read(*file, into, 0), [bytes = std::move(bytes)](aio::result<std::size_t> size) {
        if (size) std::printf("read: %s\n", bytes->front() ? "ok" : "nothing");
    });
    io.flush();
}
