// What can be set: how many threads, how much a poll delivers, what comes first; and what there is to look
// at.
#include <aio/aio.hpp>

#include <cstdio>

using namespace std::chrono_literals;

int main() {
    aio::context io({
        .threads = {.min = 2, .max = 16, .idle = 1, .idle_timeout = 1s},
        .budget = {.requests = 100, .time = 2ms},  // of each poll that names none
        .priority = -1,                            // of each request that names none
    });
    for (int i = 0; i < 1000; ++i)
        io.submit(aio::busy(10us));
    io.submit(aio::stat("/").with({.priority = aio::highest_priority}), [&](aio::result<aio::file_status>) {
        aio::statistics now = io.statistics();
        std::printf("overtook %s\n", now.outstanding > 500 ? "most" : "some");
    });
    while (!io.flush(1s)) {  // gives up after a second, each time
        aio::statistics now = io.statistics();
        std::printf("%zu outstanding, %zu threads\n", now.outstanding, now.threads);
    }
}
