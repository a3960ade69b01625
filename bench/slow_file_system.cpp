// SPDX-License-Identifier: MIT
#include "slow_file_system.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <deque>
#include <new>

namespace bench {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto delay = 10ms;

class slow_server final : public fuse::server {
  public:
    slow_server(int device, const std::atomic<bool>& hurry) : server(device), hurry_(hurry) {}

  private:
    struct late {
        fuse_in_header to;
        clock::time_point due;
    };

    bool answer(const fuse::request& to) override {
        if (to.header.opcode == FUSE_LOOKUP)
            lookup(to.header);
        else if (to.header.opcode == FUSE_GETATTR && to.header.nodeid == FUSE_ROOT_ID)
            attributes(to.header);
        else if (to.header.opcode == FUSE_GETATTR)
            late_.push_back({to.header, clock::now() + delay});
        else
            return false;
        return true;
    }
    int tick() override {
        while (!late_.empty() && (hurry_ || clock::now() >= late_.front().due)) {
            attributes(late_.front().to);
            late_.pop_front();
        }
        return late_.empty() ? -1 : 1;
    }

    void lookup(const fuse_in_header& to) {
        fuse_entry_out out = {};
        out.nodeid = ++last_node_;
        out.entry_valid = 3600;  // only attributes are slow
        out.attr = status(out.nodeid);
        reply_with(to, out);
    }
    void attributes(const fuse_in_header& to) const {
        fuse_attr_out out = {};
        out.attr = status(to.nodeid);
        reply_with(to, out);
    }
    static fuse_attr status(std::uint64_t node) {
        fuse_attr found = {};
        found.ino = node;
        found.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644;
        found.nlink = 1;
        return found;
    }

    const std::atomic<bool>& hurry_;
    std::deque<late> late_;
    std::uint64_t last_node_ = FUSE_ROOT_ID;
};

}  // namespace

slow_file_system::slow_file_system(const std::string& directory) : mount_("aio_bench", directory) {
    void* page = ::mmap(nullptr, sizeof *shared_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::bad_alloc();
    shared_ = new (page) std::atomic<bool>(false);
    server_ = ::fork();
    if (server_ == 0) {
        slow_server(mount_.device(), *shared_).run();
        ::_exit(0);
    }
    mount_.close_device();
}

slow_file_system::~slow_file_system() {
    ::kill(server_, SIGKILL);  // it inherited what signals the driver blocks
    ::waitpid(server_, nullptr, 0);
    ::munmap(shared_, sizeof *shared_);
}

}  // namespace bench
