#include <aio/aio.hpp>

int main() {
    aio::context io;
    auto status = io.run(aio::stat("/"));
    return status && status->is_directory() ? 0 : 1;
}
