// SPDX-License-Identifier: MIT
#include "source.hpp"

#include <aio/open_close.hpp>
#include <aio/read_write.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace tool {

void source::begin() {
    if (is_standard_input()) {
        fd_ = STDIN_FILENO;
        return read();
    }
    io_.submit(aio::open(path_, O_RDONLY), [this](aio::result<aio::file> opened) {
        if (!opened) {
            block_ = std::unexpected(opened.error());
            return;
        }
        file_ = std::move(*opened);
        fd_ = file_.fd();
        read();
    });
}

void source::read() {
    io_.submit(aio::read(fd_, block_size),
               [this](aio::result<std::string> block) { block_ = std::move(block); });
}

aio::result<std::string> source::take() {
    aio::result<std::string> block = std::move(*std::exchange(block_, std::nullopt));
    if (block && !block->empty()) read();
    return block;
}

bool source::is_same_file(int fd) const noexcept {
    struct stat mine = {};
    struct stat other = {};
    if (::fstat(fd_, &mine) != 0 || ::fstat(fd, &other) != 0) return false;
    return S_ISREG(mine.st_mode) && mine.st_dev == other.st_dev && mine.st_ino == other.st_ino;
}

}  // namespace tool
