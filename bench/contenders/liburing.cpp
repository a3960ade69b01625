// SPDX-License-Identifier: MIT
// liburing: io_uring by hand, a request per lane and one system call per turn.
#include "../engine.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <sys/stat.h>

#include <system_error>

namespace bench {

namespace {

constexpr std::size_t entries_most = 32768;  // the kernel's limit

class ring {
  public:
    explicit ring(const job& what) : found_(what.in_flight + what.what.stuck) {
        const auto entries = static_cast<unsigned>(found_.size());
        int error =
            ::io_uring_queue_init(entries, &ring_, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
        if (error == -EINVAL) error = ::io_uring_queue_init(entries, &ring_, 0);  // before Linux 6.1
        if (error < 0) throw std::system_error(-error, std::generic_category(), "io_uring");
    }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;
    ~ring() { ::io_uring_queue_exit(&ring_); }

    void run(relay& lanes) {
        lanes_ = &lanes;
        lanes.begin([this](lane& each) { start(each); });
        while (!lanes.done()) {
            const int error = ::io_uring_submit_and_wait(&ring_, 1);
            if (error < 0 && error != -EINTR) return lanes.fail(-error);
            io_uring_cqe* each = nullptr;
            unsigned head = 0, count = 0;
            io_uring_for_each_cqe(&ring_, head, each) {
                ++count;
                deliver(*static_cast<lane*>(::io_uring_cqe_get_data(each)), each->res);
            }
            ::io_uring_cq_advance(&ring_, count);
        }
    }

  private:
    struct statx& found(const lane& of) { return found_[of.index]; }

    void deliver(lane& of, long result) {
        if (result == 0 && of.call.what == kind::stat) result = static_cast<long>(found(of).stx_size);
        if (lanes_->advance(of, result)) start(of);
    }

    void start(lane& of) {
        io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
        prepare(*entry, of);
        ::io_uring_sqe_set_data(entry, &of);
        // Else the ring opens a FIFO without waiting for its writer.
        if (of.stuck) entry->flags |= IOSQE_ASYNC;
    }
    void prepare(io_uring_sqe& into, lane& of) {
        const call& wanted = of.call;
        const auto size = static_cast<unsigned>(wanted.size);
        const auto offset = static_cast<std::uint64_t>(wanted.offset);
        switch (wanted.what) {
            case kind::nop:
            case kind::wait:
                return ::io_uring_prep_nop(&into);
            case kind::stat:
                return ::io_uring_prep_statx(&into, AT_FDCWD, wanted.path, AT_NO_AUTOMOUNT,
                                             STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &found(of));
            case kind::open:
                return ::io_uring_prep_openat(&into, AT_FDCWD, wanted.path, wanted.flags | O_CLOEXEC, 0666);
            case kind::read:
                return ::io_uring_prep_read(&into, wanted.fd, wanted.buffer, size, offset);
            case kind::write:
                return ::io_uring_prep_write(&into, wanted.fd, wanted.buffer, size, offset);
            case kind::fsync:
                return ::io_uring_prep_fsync(&into, wanted.fd, 0);
            case kind::close:
                return ::io_uring_prep_close(&into, wanted.fd);
            case kind::rename:
                return ::io_uring_prep_rename(&into, wanted.path, wanted.to);
        }
    }

    io_uring ring_ = {};
    relay* lanes_ = nullptr;
    std::vector<struct statx> found_;
};

class liburing final : public contender {
  public:
    std::string_view name() const override { return "liburing"; }
    std::string unavailable() const override {
        io_uring probe;
        if (const int error = ::io_uring_queue_init(2, &probe, 0); error < 0)
            return "io_uring: " + std::generic_category().message(-error);
        ::io_uring_queue_exit(&probe);
        return {};
    }
    std::string cannot(const workload& what, std::size_t in_flight) const override {
        if (what.style == style::coroutines) return "no coroutines";
        if (what.style == style::group) return "no groups";
        if (what.steps->kinds.front() == kind::wait) return "no threads for functions";
        if (what.asks == question::hold) return "waits and submits in one call";
        if (in_flight > entries_most) return "no queue: a ring has 32,768 entries";
        return {};
    }
    measurement run(const job& what) override { return measure<ring>(what); }
};

}  // namespace

void add_liburing(contender_list& to) {
    to.push_back(std::make_unique<liburing>());
}

}  // namespace bench
