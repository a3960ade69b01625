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
    if (is_standard_input()) return read();
    io_.submit(aio::open(path_, O_RDONLY), [this](aio::result<aio::file> opened) {
        if (!opened) {
            block_ = std::unexpected(opened.error());
            return;
        }
        file_ = std::move(*opened);
        read();
    });
}

void source::read() {
    const aio::file_view from = is_standard_input() ? aio::file_view(STDIN_FILENO) : aio::file_view(file_);
    io_.submit(aio::read(from, block_size),
               [this](aio::result<std::string> block) { block_ = std::move(block); });
}

aio::result<std::string> source::take() {
    return std::move(*std::exchange(block_, std::nullopt));
}

bool source::is_same_file(int other) const noexcept {
    struct stat mine = {};
    struct stat its = {};
    if (::fstat(fd(), &mine) != 0 || ::fstat(other, &its) != 0) return false;
    return S_ISREG(mine.st_mode) && mine.st_dev == its.st_dev && mine.st_ino == its.st_ino;
}

}  // namespace tool
