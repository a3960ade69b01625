// Asks for one thing and waits for it: what there is without an event loop.
#include <aio/aio.hpp>

#include <cstdio>

int main() {
    aio::context io;
    auto status = io.run(aio::stat("/etc/passwd"));
    if (!status) {
        std::fprintf(stderr, "%s\n", status.error().message().c_str());
        return 1;
    }
    std::printf("%llu bytes\n", static_cast<unsigned long long>(status->size));
}
