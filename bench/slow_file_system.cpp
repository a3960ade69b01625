// SPDX-License-Identifier: MIT
// Speaks the kernel's protocol itself: it needs three messages of it, and libfuse would be one more package.
#include "slow_file_system.hpp"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <system_error>
#include <vector>

namespace bench {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto delay = 10ms;

/// Answers the kernel from a descriptor of /dev/fuse until the mount is gone.
class server {
  public:
    server(int device, const std::atomic<bool>& hurry) : device_(device), hurry_(hurry), message_(1 << 17) {}

    void run() {
        for (;;) {
            pollfd wait = {.fd = device_, .events = POLLIN, .revents = 0};
            ::poll(&wait, 1, late_.empty() ? -1 : 1);
            if (wait.revents & (POLLERR | POLLHUP)) return;
            if (wait.revents & POLLIN && !take()) return;
            while (!late_.empty() && (hurry_ || clock::now() >= late_.front().due)) {
                attributes(late_.front().unique, late_.front().node);
                late_.pop_front();
            }
        }
    }

  private:
    struct late {
        std::uint64_t unique, node;
        clock::time_point due;
    };

    bool take() {
        const ssize_t size = ::read(device_, message_.data(), message_.size());
        if (size < 0) return errno == EINTR || errno == EAGAIN || errno == ENOENT;
        fuse_in_header in;
        std::memcpy(&in, message_.data(), sizeof in);
        switch (in.opcode) {
            case FUSE_INIT:
                return init(in.unique), true;
            case FUSE_LOOKUP:
                return lookup(in.unique), true;
            case FUSE_GETATTR:
                if (in.nodeid == FUSE_ROOT_ID) return attributes(in.unique, in.nodeid), true;
                late_.push_back({in.unique, in.nodeid, clock::now() + delay});
                return true;
            case FUSE_FORGET:
            case FUSE_BATCH_FORGET:
            case FUSE_INTERRUPT:
                return true;
            default:
                return answer(in.unique, -ENOSYS, nullptr, 0), true;
        }
    }

    void init(std::uint64_t unique) {
        fuse_init_out out = {};
        out.major = FUSE_KERNEL_VERSION;
        out.minor = 31;
        out.flags = FUSE_PARALLEL_DIROPS;
        out.max_write = 65536;
        out.max_background = 1000;
        answer(unique, 0, &out, sizeof out);
    }
    void lookup(std::uint64_t unique) {
        fuse_entry_out out = {};
        out.nodeid = ++last_node_;
        out.entry_valid = 3600;  // only attributes are slow
        out.attr = status(out.nodeid);
        answer(unique, 0, &out, sizeof out);
    }
    void attributes(std::uint64_t unique, std::uint64_t node) {
        fuse_attr_out out = {};
        out.attr = status(node);
        answer(unique, 0, &out, sizeof out);
    }
    static fuse_attr status(std::uint64_t node) {
        fuse_attr found = {};
        found.ino = node;
        found.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644;
        found.nlink = 1;
        return found;
    }
    void answer(std::uint64_t unique, int error, const void* body, std::size_t size) {
        std::vector<char> out(sizeof(fuse_out_header) + size);
        const fuse_out_header header = {
            .len = static_cast<std::uint32_t>(out.size()), .error = error, .unique = unique};
        std::memcpy(out.data(), &header, sizeof header);
        if (size) std::memcpy(out.data() + sizeof header, body, size);
        static_cast<void>(!::write(device_, out.data(), out.size()));
    }

    int device_;
    const std::atomic<bool>& hurry_;
    std::vector<char> message_;
    std::deque<late> late_;
    std::uint64_t last_node_ = FUSE_ROOT_ID;
};

}  // namespace

slow_file_system::slow_file_system(const std::string& directory) : directory_(directory) {
    const int device = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0) throw std::system_error(errno, std::generic_category(), "/dev/fuse");
    const std::string how = "fd=" + std::to_string(device) + ",rootmode=40000,user_id=0,group_id=0";
    if (::mount("aio_bench", directory.c_str(), "fuse", MS_NOSUID | MS_NODEV, how.c_str()) != 0) {
        const int error = errno;
        ::close(device);
        throw std::system_error(error, std::generic_category(), "mount");
    }
    void* page = ::mmap(nullptr, sizeof *shared_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::bad_alloc();
    shared_ = new (page) std::atomic<bool>(false);
    server_ = ::fork();
    if (server_ == 0) {
        server(device, *shared_).run();
        ::_exit(0);
    }
    ::close(device);
}

slow_file_system::~slow_file_system() {
    ::umount2(directory_.c_str(), MNT_DETACH);
    ::kill(server_, SIGTERM);
    ::waitpid(server_, nullptr, 0);
    ::munmap(shared_, sizeof *shared_);
}

}  // namespace bench
