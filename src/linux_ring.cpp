// SPDX-License-Identifier: MIT
// The kernel's ring, through liburing: the one file that knows io_uring.
//
// What was observed, on 6.18, and decides how a ring is set up:
// - Completions of an ordinary ring interrupt the thread that submitted: its epoll_wait gives EINTR
//   (129 of 500 reads). With DEFER_TASKRUN they wait until that thread asks, and nobody is interrupted.
// - With DEFER_TASKRUN, a poll of the ring's descriptor is not woken by what waits so. A registered
//   eventfd is.
// - With DEFER_TASKRUN, only the thread that submitted can reap. If another is to (the polling thread
//   changed, the context is destroyed elsewhere, the first thread is gone), closing the ring helps:
//   everything ends, and the events still come, into memory that stays ours if the ring was made with
//   NO_MMAP. A mapping of the kernel's memory would keep the ring open instead.
// - Where there is no NO_MMAP (before 6.5) a ring without DEFER_TASKRUN serves: any thread may reap it.
#include "ring.hpp"

#include "operations/arguments.hpp"
#include "operations/status.hpp"
#include "system_call.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace aio::detail {

namespace {

// Newer than Debian 12's liburing.
constexpr unsigned setup_no_mmap = 1U << 14;

// Of a submission queue; the completion queue has twice as many, so that each call has room for its cancel.
// The small one fits in a page, all that NO_MMAP takes before 6.10.
constexpr unsigned depths[] = {256, 64, 8};
constexpr unsigned deferred =
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG | setup_no_mmap;
constexpr unsigned cooperative = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
constexpr unsigned plain = 0;

constexpr std::size_t header_size = 1024;  // of the queues; it is less

constexpr int opcode(ring_operation operation) noexcept {
    switch (operation) {
        case ring_operation::read:
            return IORING_OP_READ;
        case ring_operation::readv:
            return IORING_OP_READV;
        case ring_operation::write:
            return IORING_OP_WRITE;
        case ring_operation::writev:
            return IORING_OP_WRITEV;
        case ring_operation::fsync:
        case ring_operation::fdatasync:
            return IORING_OP_FSYNC;
        case ring_operation::sync_file_range:
            return IORING_OP_SYNC_FILE_RANGE;
        case ring_operation::fallocate:
            return IORING_OP_FALLOCATE;
        case ring_operation::statx:
            return IORING_OP_STATX;
    }
    return IORING_OP_LAST;
}

/// Memory of our own for a ring's queues and submissions, which a fork's child does not get.
class ring_memory {
  public:
    ring_memory() = default;
    ring_memory(const ring_memory&) = delete;
    ring_memory& operator=(const ring_memory&) = delete;
    ~ring_memory() { release(); }

    result<> allocate(unsigned depth) noexcept {
        release();
        const std::size_t queues = header_size + sizeof(io_uring_cqe) * 2 * depth + depth * sizeof(unsigned);
        const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        submissions_at_ = (queues + page - 1) / page * page;
        size_ = submissions_at_ + (depth * sizeof(io_uring_sqe) + page - 1) / page * page;
        void* mapped =
            ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (mapped == MAP_FAILED) return error(ENOMEM);
        begin_ = static_cast<std::byte*>(mapped);
        if (::madvise(begin_, size_, MADV_DONTFORK) == 0) return {};
        release();  // what is left would be taken for a ring's
        return error(ENOMEM);
    }
    [[nodiscard]] std::byte* queues() const noexcept { return begin_; }
    [[nodiscard]] std::byte* submissions() const noexcept { return begin_ + submissions_at_; }
    explicit operator bool() const noexcept { return begin_ != nullptr; }

  private:
    void release() noexcept {
        if (begin_) ::munmap(std::exchange(begin_, nullptr), size_);
    }

    std::byte* begin_ = nullptr;
    std::size_t submissions_at_ = 0;
    std::size_t size_ = 0;
};

class linux_ring final : public ring {
  public:
    linux_ring() noexcept { ring_.ring_fd = -1; }
    ~linux_ring() override;

    result<> open(int eventfd, unsigned workers) noexcept;

    [[nodiscard]] unsigned depth() const noexcept override { return depth_; }
    [[nodiscard]] bool offers(ring_operation operation) const noexcept override {
        return offers_[static_cast<std::size_t>(operation)];
    }
    [[nodiscard]] bool prepare(const ring_call& call, std::uint64_t token) noexcept override;
    [[nodiscard]] bool prepare_cancel(std::uint64_t token) noexcept override;
    [[nodiscard]] result<std::size_t> submit() noexcept override;
    [[nodiscard]] bool ready() const noexcept override;
    [[nodiscard]] std::size_t reap(std::span<ring_event> into) noexcept override;
    [[nodiscard]] bool lost() const noexcept override { return lost_; }
    void notify(bool wanted) noexcept override;
    void close() noexcept override;
    void leave_to_parent() noexcept override;

  private:
    result<> set_up_any() noexcept;
    result<> set_up(unsigned depth, unsigned flags) noexcept;
    result<> set_up_in_own_memory(unsigned depth, unsigned flags) noexcept;
    result<> ask_what_it_offers() noexcept;
    result<bool> makes_fsync() noexcept;
    [[nodiscard]] bool has_deferred_work() const noexcept;

    io_uring ring_ = {};
    ring_memory memory_;  // or none: the kernel's is mapped
    unsigned depth_ = 0;
    std::array<bool, ring_operations> offers_ = {};
    bool closed_ = false;
    bool lost_ = false;
};

linux_ring::~linux_ring() {
    errno_guard guard;
    if (memory_)
        close();
    else if (ring_.ring_fd >= 0)
        io_uring_queue_exit(&ring_);
}

/// liburing gives a negative errno.
result<> status_of(int returned) noexcept {
    if (returned < 0) return error(-returned);
    return {};
}

/// The first kind of ring that the kernel can make, as large as it will.
result<> linux_ring::set_up_any() noexcept {
    result<> made = error(ENOSYS);
    for (unsigned flags : {deferred, cooperative, plain}) {
        for (unsigned depth : depths) {
            made = set_up(depth, flags);
            // Too much of it, or flags that it does not know. Anything else it says of any ring.
            if (made || (made.error().value() != EINVAL && made.error().value() != ENOMEM)) return made;
        }
    }
    return made;
}

result<> linux_ring::open(int eventfd, unsigned workers) noexcept {
    errno_guard guard;
    auto made = set_up_any();
    if (!made) return made;
    made = ask_what_it_offers();
    if (!made) return made;
    if (eventfd >= 0) {
        made = status_of(io_uring_register_eventfd(&ring_, eventfd));
        if (!made) return made;
        notify(false);
    }
    // Bounded, and enough that calls which hang leave others some (F8). Old kernels have limits of their own.
    unsigned most[2] = {workers, workers};
    static_cast<void>(io_uring_register_iowq_max_workers(&ring_, most));
    return {};
}

result<> linux_ring::set_up(unsigned depth, unsigned flags) noexcept {
    if (flags & setup_no_mmap) return set_up_in_own_memory(depth, flags);
    io_uring_params how = {};
    how.flags = flags;
    auto made = status_of(io_uring_queue_init_params(depth, &ring_, &how));
    if (!made) {
        ring_ = {};
        ring_.ring_fd = -1;
        return made;
    }
    io_uring_ring_dontfork(&ring_);
    depth_ = depth;
    return {};
}

/// What newer versions of liburing do for io_uring_queue_init_mem.
result<> linux_ring::set_up_in_own_memory(unsigned depth, unsigned flags) noexcept {
    auto allocated = memory_.allocate(depth);
    if (!allocated) return allocated;
    io_uring_params how = {};
    how.flags = flags;
    // Both have `user_addr` in their last eight bytes, which Debian 12's header does not name.
    const auto queues_at = reinterpret_cast<std::uintptr_t>(memory_.queues());
    const auto submissions_at = reinterpret_cast<std::uintptr_t>(memory_.submissions());
    static_assert(sizeof how.cq_off == 40 && sizeof how.sq_off == 40);
    std::memcpy(reinterpret_cast<std::byte*>(&how.cq_off) + 32, &queues_at, sizeof queues_at);
    std::memcpy(reinterpret_cast<std::byte*>(&how.sq_off) + 32, &submissions_at, sizeof submissions_at);
    auto fd = attempt([&] { return static_cast<int>(::syscall(SYS_io_uring_setup, depth, &how)); });
    if (!fd) {
        memory_.~ring_memory();
        new (&memory_) ring_memory;
        return std::unexpected(fd.error());
    }
    ring_ = {};
    ring_.ring_fd = ring_.enter_ring_fd = *fd;
    ring_.flags = how.flags;
    ring_.features = how.features;
    std::byte* queues = memory_.queues();
    auto field = [queues](unsigned offset) { return reinterpret_cast<unsigned*>(queues + offset); };
    io_uring_sq& sq = ring_.sq;
    sq.khead = field(how.sq_off.head);
    sq.ktail = field(how.sq_off.tail);
    sq.kring_mask = field(how.sq_off.ring_mask);
    sq.kring_entries = field(how.sq_off.ring_entries);
    sq.kflags = field(how.sq_off.flags);
    sq.kdropped = field(how.sq_off.dropped);
    sq.array = field(how.sq_off.array);
    sq.sqes = reinterpret_cast<io_uring_sqe*>(memory_.submissions());
    sq.ring_mask = *sq.kring_mask;
    sq.ring_entries = *sq.kring_entries;
    io_uring_cq& cq = ring_.cq;
    cq.khead = field(how.cq_off.head);
    cq.ktail = field(how.cq_off.tail);
    cq.kring_mask = field(how.cq_off.ring_mask);
    cq.kring_entries = field(how.cq_off.ring_entries);
    cq.kflags = field(how.cq_off.flags);
    cq.koverflow = field(how.cq_off.overflow);
    cq.cqes = reinterpret_cast<io_uring_cqe*>(queues + how.cq_off.cqes);
    cq.ring_mask = *cq.kring_mask;
    cq.ring_entries = *cq.kring_entries;
    // The kernel's order of submissions is ours.
    for (unsigned i = 0; i < sq.ring_entries; ++i)
        sq.array[i] = i;
    depth_ = depth;
    return {};
}

result<> linux_ring::ask_what_it_offers() noexcept {
    io_uring_probe* probe = io_uring_get_probe_ring(&ring_);
    for (std::size_t i = 0; i < ring_operations; ++i)
        offers_[i] = probe && io_uring_opcode_supported(probe, opcode(static_cast<ring_operation>(i)));
    io_uring_free_probe(probe);
    // Before 5.12, threads of the kernel took /proc/self for their own.
    if (!(ring_.features & IORING_FEAT_NATIVE_WORKERS))
        offers_[static_cast<std::size_t>(ring_operation::statx)] = false;
    const auto fsync = makes_fsync();
    if (!fsync) return std::unexpected(fsync.error());
    for (const ring_operation each : {ring_operation::fsync, ring_operation::fdatasync})
        offers_[static_cast<std::size_t>(each)] = *fsync;
    return {};
}

/// Makes one, of a file of our own: an error of fsync is told but once, so it must be clear that none speaks
/// of the ring. An event that comes too late is taken for that of a cancel, which says nothing either.
result<bool> linux_ring::makes_fsync() noexcept {
    const scoped_fd file(::memfd_create("aio-fsync", MFD_CLOEXEC));
    if (file.get() < 0) return false;
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    io_uring_prep_fsync(entry, file.get(), 0);
    io_uring_sqe_set_data64(entry, token_of_cancel);
    auto submitted = status_of(io_uring_submit(&ring_));
    if (!submitted) return std::unexpected(submitted.error());
    __kernel_timespec longest = {.tv_sec = 1, .tv_nsec = 0};
    io_uring_cqe* event = nullptr;
    if (io_uring_wait_cqe_timeout(&ring_, &event, &longest) < 0) return false;
    const bool made = event->res == 0;
    io_uring_cqe_seen(&ring_, event);
    return made;
}

bool linux_ring::prepare(const ring_call& call, std::uint64_t token) noexcept {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (!entry) return false;
    const auto size = static_cast<unsigned>(std::min<std::size_t>(call.size, 0x7ffff000));
    const auto offset = static_cast<std::uint64_t>(call.offset);
    io_uring_prep_rw(opcode(call.operation), entry, call.fd, call.address, size, offset);
    if (call.nowait) entry->rw_flags = RWF_NOWAIT;
    switch (call.operation) {
        case ring_operation::fdatasync:
            entry->fsync_flags = IORING_FSYNC_DATASYNC;
            break;
        case ring_operation::sync_file_range:
            entry->sync_range_flags = static_cast<unsigned>(call.flags);
            break;
        case ring_operation::fallocate:
            io_uring_prep_fallocate(entry, call.fd, call.flags, static_cast<off_t>(offset),
                                    static_cast<off_t>(call.size));
            break;
        case ring_operation::statx:
            io_uring_prep_statx(entry, call.fd, call.path, call.flags | AT_NO_AUTOMOUNT, status_wanted,
                                static_cast<struct ::statx*>(call.address));
            break;
        default:
            break;
    }
    io_uring_sqe_set_data64(entry, token);
    return true;
}

bool linux_ring::prepare_cancel(std::uint64_t token) noexcept {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (!entry) return false;
    io_uring_prep_cancel64(entry, token, 0);
    io_uring_sqe_set_data64(entry, token_of_cancel);
    return true;
}

result<std::size_t> linux_ring::submit() noexcept {
    errno_guard guard;
    for (;;) {
        const int taken = io_uring_submit(&ring_);
        if (taken >= 0) return static_cast<std::size_t>(taken);
        if (taken == -EINTR) continue;
        if (taken == -EAGAIN || taken == -EBUSY) return error(EAGAIN);
        lost_ = true;
        return error(-taken);
    }
}

/// What only the kernel can turn into events, when this thread asks for it.
bool linux_ring::has_deferred_work() const noexcept {
    const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
    return !closed_ && !lost_ && (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW));
}

bool linux_ring::ready() const noexcept {
    return io_uring_cq_ready(&ring_) || has_deferred_work();
}

std::size_t linux_ring::reap(std::span<ring_event> into) noexcept {
    if (has_deferred_work()) {
        errno_guard guard;
        const int entered = io_uring_get_events(&ring_);
        if (entered < 0 && entered != -EINTR && entered != -EAGAIN && entered != -EBUSY) lost_ = true;
    }
    const unsigned there = std::min<unsigned>(io_uring_cq_ready(&ring_), static_cast<unsigned>(into.size()));
    const unsigned head = *ring_.cq.khead;
    for (unsigned i = 0; i < there; ++i) {
        const io_uring_cqe& each = ring_.cq.cqes[(head + i) & ring_.cq.ring_mask];
        into[i] = {each.user_data, each.res};
    }
    io_uring_cq_advance(&ring_, there);
    return there;
}

void linux_ring::notify(bool wanted) noexcept {
    static_cast<void>(io_uring_cq_eventfd_toggle(&ring_, wanted));
    // Sequentially consistent: the kernel notes that there is work, and then looks whether it is to signal;
    // who asked it to looks afterwards whether there is work. One of them sees the other.
    if (wanted) std::atomic_thread_fence(std::memory_order_seq_cst);
}

void linux_ring::close() noexcept {
    if (std::exchange(closed_, true)) return;
    errno_guard guard;
    notify(true);
    if (memory_) {
        if (ring_.ring_fd >= 0) ::close(std::exchange(ring_.ring_fd, -1));
        return;
    }
    // What it did not take yet it is not to have any more: others make that, on memory that is theirs then.
    // The queue's end is ours, as no thread of the kernel's reads it (F7).
    io_uring_sq& sq = ring_.sq;
    sq.sqe_head = sq.sqe_tail = __atomic_load_n(sq.khead, __ATOMIC_ACQUIRE);
    __atomic_store_n(sq.ktail, sq.sqe_tail, __ATOMIC_RELEASE);
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (!entry) return;  // all the same: it only takes longer
    io_uring_prep_cancel64(entry, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
    io_uring_sqe_set_data64(entry, token_of_cancel);
    static_cast<void>(submit());
}

void linux_ring::leave_to_parent() noexcept {
    errno_guard guard;
    if (ring_.ring_fd >= 0) ::close(ring_.ring_fd);
}

}  // namespace

result<std::unique_ptr<ring>> make_linux_ring(int eventfd, unsigned workers) noexcept {
    std::unique_ptr<linux_ring> made(new (std::nothrow) linux_ring);
    if (!made) return error(ENOMEM);
    auto opened = made->open(eventfd, workers);
    if (!opened) return std::unexpected(opened.error());
    return made;
}

}  // namespace aio::detail
