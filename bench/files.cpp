// SPDX-License-Identifier: MIT
#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace bench {

namespace {

constexpr std::size_t block = 4096;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

std::uint64_t mixed(std::uint64_t seed) {  // splitmix64
    seed += 0x9e3779b97f4a7c15;
    seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
    seed = (seed ^ (seed >> 27)) * 0x94d049bb133111eb;
    return seed ^ (seed >> 31);
}

}  // namespace

files::files(const std::string& directory, const wishes& what) : big_bytes_(what.big) {
    std::filesystem::create_directories(directory);
    directory_ = std::filesystem::absolute(directory) / "aio_bench.XXXXXX";
    if (!::mkdtemp(directory_.data())) throw std::system_error(errno, std::generic_category(), directory_);

    for (std::size_t i = 0; i < small_count; ++i) {
        small_.push_back(directory_ + "/small-" + std::to_string(10'000 + i));
        std::ofstream(small_.back()) << std::string(1000 + i, 'a');
    }
    for (unsigned i = 0; i < lanes_most; ++i) {
        unfinished_.push_back(directory_ + "/unfinished-" + std::to_string(i));
        saved_.push_back(directory_ + "/saved-" + std::to_string(i));
    }
    fifo_ = directory_ + "/fifo";
    checked(::mkfifo(fifo_.c_str(), 0600), "mkfifo");
    big_path_ = directory_ + "/big";
    if (big_bytes_) write_big();
    if (!what.slow) return;

    const std::string mount = directory_ + "/slow";
    std::filesystem::create_directory(mount);
    for (unsigned i = 0; i < 10'000; ++i)
        slow_.push_back(mount + "/file-" + std::to_string(10'000 + i));
    try {
        slow_mount_ = std::make_unique<slow_file_system>(mount);
    } catch (const std::system_error& error) {
        why_not_slow_ = std::string("no FUSE mount: ") + error.code().message();
    }
}

files::~files() {
    slow_mount_.reset();
    if (big_ >= 0) ::close(big_);
    if (direct_ >= 0) ::close(direct_);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void files::write_big() {
    const int fd = checked(::open(big_path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), "open");
    std::vector<char> chunk(1 << 20);
    for (std::uint64_t at = 0; at < big_bytes_; at += chunk.size()) {
        for (std::size_t i = 0; i < chunk.size(); i += block) {
            const std::uint64_t number = content(at + i);
            std::memcpy(chunk.data() + i, &number, sizeof number);
        }
        if (::write(fd, chunk.data(), chunk.size()) != static_cast<ssize_t>(chunk.size()))
            throw std::system_error(errno, std::generic_category(), big_path_);
    }
    checked(::fsync(fd), "fsync");
    ::close(fd);
    // Inherited by the contenders that are programs.
    big_ = checked(::open(big_path_.c_str(), O_RDONLY), "open");
    ::posix_fadvise(big_, 0, 0, POSIX_FADV_RANDOM);
    direct_ = ::open(big_path_.c_str(), O_RDONLY | O_DIRECT);  // -1 on a file system without it
}

std::int64_t files::offset(std::uint64_t operation, std::size_t size) const {
    // A power of two: multiplying by something odd, adding, and folding the upper half down are one to one.
    const std::uint64_t mask = big_bytes_ / size - 1;
    std::uint64_t at = operation & mask;
    at = (at * 0x9e3779b1 + 0x7f4a7c15) & mask;
    at ^= at >> 7;
    at = (at * 0x85ebca6b) & mask;
    at ^= at >> 5;
    return static_cast<std::int64_t>(at * size);
}

std::uint64_t files::content(std::uint64_t offset) {
    return mixed(offset / block);
}

void files::make_cold() const {
    ::posix_fadvise(big_, 0, 0, POSIX_FADV_DONTNEED);
}

void files::release() const {
    // A reader of a FIFO waits for a writer; that one stays, for readers yet to come.
    static_cast<void>(::open(fifo_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (slow_mount_) slow_mount_->hurry();
}

}  // namespace bench
