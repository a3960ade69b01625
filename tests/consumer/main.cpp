// A program of somebody else's, which uses a little of everything, so that every part links.
#include <aio/aio.hpp>
#include <aio/in.hpp>
#include <aio/loop/epoll.hpp>
#include <aio/loop/poll.hpp>
#include <aio/simulation.hpp>
#ifdef WITH_glib
#include <aio/loop/glib.hpp>
#endif
#ifdef WITH_libuv
#include <aio/loop/libuv.hpp>
#endif

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

aio::task<aio::result<std::size_t>> count(std::string path) {
    auto directory = co_await aio::open_directory(path);
    if (!directory) co_return std::unexpected(directory.error());
    auto names = co_await aio::readdir({*directory}, {.nofollow = true});
    if (!names) co_return std::unexpected(names.error());
    co_return names->size();
}

bool callbacks() {
    aio::context io({.threads = {.max = 4}});
    aio::loop::poll_entry attached(io);
    int arrived = 0;
    aio::group all(io, {.limit = 2}, [&](aio::result<> ended) { arrived += ended.has_value(); });
    all.add(aio::stat("/"), [&](aio::result<aio::file_status> status) { arrived += status.has_value(); });
    all.add(aio::call([] { return 1; }), [&](aio::result<int> one) { arrived += one.value_or(0); });
    aio::request slow =
        io.submit(aio::busy(10s).with({.deadline = 5s}), [&](aio::result<> slept) { arrived += !slept; });
    slow.cancel();
    while (attached.busy()) {
        pollfd watched = attached.entry();
        if (::poll(&watched, 1, -1) > 0) attached.ready(watched);
    }
    return arrived == 4;
}

bool coroutines() {
    aio::simulation world({.seed = 7});
    aio::context io({.simulation = &world});
    auto names = io.run(count("/"));
    auto body = []() -> aio::task<bool> {
        auto [text, missing] = co_await aio::when_all(aio::load("/etc/passwd"), aio::lstat("/no/such/file"));
        co_return text.has_value() && !missing;
    };
    return names.value_or(0) > 0 && io.run(body());
}

}  // namespace

int main() {
    static_assert(AIO_VERSION >= 100);
    return callbacks() && coroutines() ? 0 : 1;
}
