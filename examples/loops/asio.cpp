// A server that sends the files it is asked for, and a client that asks: loading a file delays nobody.
// Build: g++ -std=c++23 asio.cpp $(pkg-config --cflags --libs aiopp)
#include <aio/aio.hpp>
#include <aio/loop/asio.hpp>

#include <asio.hpp>

#include <cstdio>
#include <string>

using asio::awaitable;
using asio::use_awaitable;
using asio::local::stream_protocol;

/// Reads one path, sends that file.
awaitable<void> serve(stream_protocol::socket client, aio::loop::asio& files) {
    std::string path;
    std::size_t length =
        co_await asio::async_read_until(client, asio::dynamic_buffer(path), '\n', use_awaitable);
    path.resize(length - 1);
    std::string text;
    try {
        text = co_await files.async(aio::load(path), use_awaitable);
    } catch (const asio::system_error& failed) {
        text = "cannot load " + path + ": " + failed.code().message() + "\n";
    }
    co_await asio::async_write(client, asio::buffer(text), use_awaitable);
}

awaitable<void> ask(stream_protocol::socket server, std::string path) {
    std::string line = path + "\n";
    co_await asio::async_write(server, asio::buffer(line), use_awaitable);
    std::string text;
    asio::error_code end;
    co_await asio::async_read(server, asio::dynamic_buffer(text), asio::redirect_error(use_awaitable, end));
    std::printf("%s: %zu bytes: %s\n", path.c_str(), text.size(), text.substr(0, text.find('\n')).c_str());
}

int main() {
    asio::io_context loop;
    aio::context io;
    aio::loop::asio files(io, loop);
    for (const char* path : {"/etc/passwd", "/proc/version", "/no/such/file"}) {
        stream_protocol::socket server(loop);
        stream_protocol::socket client(loop);
        asio::local::connect_pair(server, client);
        asio::co_spawn(loop, serve(std::move(server), files), asio::detached);
        asio::co_spawn(loop, ask(std::move(client), path), asio::detached);
    }
    loop.run();  // until nothing is outstanding, of sockets or of files
}
