// Loads several files at once, and gives up what takes too long, with coroutines.
#include <aio/aio.hpp>

#include <fcntl.h>
#include <cstdio>

using namespace std::chrono_literals;

aio::task<aio::result<std::string>> first_line(std::string path) {
    auto file = co_await aio::open(path, O_RDONLY);
    if (!file) co_return std::unexpected(file.error());
    auto text = co_await aio::read(*file, 4096).with({.deadline = 2s});
    if (!text) co_return std::unexpected(text.error());
    co_return text->substr(0, text->find('\n'));
}

int main() {
    aio::context io;
    auto both = [](std::string a, std::string b) -> aio::task<> {
        auto [first, second] = co_await aio::when_all(first_line(a), first_line(b));
        for (const auto& line : {first, second})
            std::printf("%s\n", line ? line->c_str() : line.error().message().c_str());
    };
    io.run(both("/etc/passwd", "/no/such/file"));
}
