// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace fuse {

mount::mount(const char* name, std::string directory) : directory_(std::move(directory)) {
    device_ = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device_ < 0) throw std::system_error(errno, std::generic_category(), "/dev/fuse");
    const std::string how = "fd=" + std::to_string(device_) + ",rootmode=40000,user_id=0,group_id=0";
    if (::mount(name, directory_.c_str(), "fuse", MS_NOSUID | MS_NODEV, how.c_str()) == 0) return;
    const int reason = errno;
    close_device();
    throw std::system_error(reason, std::generic_category(), "mount");
}

mount::~mount() {
    ::umount2(directory_.c_str(), MNT_DETACH);
    close_device();
}

void mount::close_device() noexcept {
    if (device_ >= 0) ::close(device_);
    device_ = -1;
}

void server::run(int end) {
    for (;;) {
        pollfd wait[] = {{.fd = device_, .events = POLLIN, .revents = 0},
                         {.fd = end, .events = POLLIN, .revents = 0}};
        ::poll(wait, 2, tick());
        if (wait[0].revents & (POLLERR | POLLHUP) || wait[1].revents != 0) return;
        if (wait[0].revents & POLLIN && !take()) return;
    }
}

bool server::take() {
    const ssize_t size = ::read(device_, message_.data(), message_.size());
    if (size < 0) return errno == EINTR || errno == EAGAIN || errno == ENOENT;
    request got;
    std::memcpy(&got.header, message_.data(), sizeof got.header);
    got.body =
        std::span<const char>(message_).first(static_cast<std::size_t>(size)).subspan(sizeof got.header);
    switch (got.header.opcode) {
        case FUSE_INIT:
            begin(got);
            return true;
        case FUSE_FORGET:
        case FUSE_BATCH_FORGET:
        case FUSE_INTERRUPT:
            return true;  // these have no answer
        default:
            if (!answer(got)) reply(got.header, -ENOSYS);
            return true;
    }
}

void server::begin(const request& to) const {
    fuse_init_out out = {};
    out.major = FUSE_KERNEL_VERSION;
    out.minor = 31;
    out.flags = FUSE_PARALLEL_DIROPS;
    out.max_write = 65536;
    out.max_background = 1000;
    reply_with(to.header, out);
}

void server::reply(const fuse_in_header& to, int error, std::span<const char> body) const {
    std::vector<char> out(sizeof(fuse_out_header) + body.size());
    const fuse_out_header header = {
        .len = static_cast<std::uint32_t>(out.size()), .error = error, .unique = to.unique};
    std::memcpy(out.data(), &header, sizeof header);
    std::copy(body.begin(), body.end(), out.begin() + sizeof header);
    // Nobody may be waiting any more.
    static_cast<void>(!::write(device_, out.data(), out.size()));
}

}  // namespace fuse
