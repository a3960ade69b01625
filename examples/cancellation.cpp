// Three ways to give something up, and what each is told. Nobody ever writes to the FIFO.
#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

aio::task<aio::result<std::string>> read_first(std::string path) {
    auto file = co_await aio::open(path, O_RDONLY);
    if (!file) co_return std::unexpected(file.error());
    co_return co_await aio::read(*file, 100);
}

int main() {
    std::string fifo = "/tmp/aiopp-example-" + std::to_string(::getpid());
    ::mkfifo(fifo.c_str(), 0600);
    aio::context io;
    auto report = [](const char* what) {
        return [what](auto outcome) {
            std::printf("%s: %s\n", what, outcome ? "ok" : outcome.error().message().c_str());
        };
    };

    // A deadline: the open hangs, and nothing else waits for it.
    io.submit(aio::open(fifo, O_RDONLY).with({.deadline = 20ms}), report("deadline"));
    io.submit(aio::stat(fifo), report("another"));

    // A request's handle.
    aio::request request = io.submit(aio::open(fifo, O_RDONLY), report("cancel"));
    request.cancel();

    // A stop token, for a whole coroutine: whatever it awaits is cancelled.
    std::stop_source stop;
    io.submit(read_first(fifo).with({.stop = stop.get_token()}), report("stop"));
    stop.request_stop();

    io.flush();
    ::unlink(fifo.c_str());
}
