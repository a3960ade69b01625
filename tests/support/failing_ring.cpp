// SPDX-License-Identifier: MIT
#include "support/failing_ring.hpp"

#include "support/system_calls.hpp"

#include <sys/eventfd.h>
#include <sys/uio.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace aio::test {

namespace {

using detail::ring;
using detail::ring_call;
using detail::ring_event;
using detail::ring_operation;

const char* name_of(ring_operation which) {
    constexpr const char* names[] = {"ring read",  "ring readv",     "ring write",           "ring writev",
                                     "ring fsync", "ring fdatasync", "ring sync_file_range", "ring fallocate",
                                     "ring statx"};
    static_assert(std::size(names) == detail::ring_operations);
    return names[static_cast<std::size_t>(which)];
}

bool is_vectored(ring_operation which) {
    return which == ring_operation::readv || which == ring_operation::writev;
}

/// How many bytes a call would move.
std::size_t bytes_of(const ring_call& call) {
    if (call.operation > ring_operation::writev) return 0;
    if (!is_vectored(call.operation)) return call.size;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < call.size; ++i)
        bytes += static_cast<const iovec*>(call.address)[i].iov_len;
    return bytes;
}

/// What fails never reaches the kernel: its event is here.
class failing_ring final : public ring {
  public:
    failing_ring(std::unique_ptr<ring> kernel, int eventfd) : kernel_(std::move(kernel)), eventfd_(eventfd) {
        failed_.reserve(kernel_->depth());
    }

    [[nodiscard]] unsigned depth() const noexcept override { return kernel_->depth(); }
    [[nodiscard]] bool offers(ring_operation which) const noexcept override { return kernel_->offers(which); }
    [[nodiscard]] bool prepare(const ring_call& call, std::uint64_t token) noexcept override {
        const fault becomes = fault_of(name_of(call.operation), bytes_of(call), call.fd, call.path);
        if (becomes.error) {
            failed_.push_back({token, -becomes.error});
            ++unsubmitted_;
            return true;
        }
        ring_call shorter = call;
        if (becomes.short_count) shorter.size = std::max<std::size_t>(1, call.size / 2);
        return kernel_->prepare(shorter, token);
    }
    [[nodiscard]] bool prepare_cancel(std::uint64_t token) noexcept override {
        return kernel_->prepare_cancel(token);
    }
    [[nodiscard]] result<std::size_t> submit() noexcept override {
        auto taken = kernel_->submit();
        if (!taken) return taken;
        signal();
        return *taken + std::exchange(unsubmitted_, 0);
    }
    [[nodiscard]] bool ready() const noexcept override { return !failed_.empty() || kernel_->ready(); }
    [[nodiscard]] std::size_t reap(std::span<ring_event> into) noexcept override {
        const std::size_t failed = std::min(failed_.size(), into.size());
        std::copy_n(failed_.begin(), failed, into.begin());
        failed_.erase(failed_.begin(), failed_.begin() + static_cast<std::ptrdiff_t>(failed));
        return failed + kernel_->reap(into.subspan(failed));
    }
    [[nodiscard]] bool lost() const noexcept override { return kernel_->lost(); }
    void notify(bool wanted) noexcept override {
        notifies_ = wanted;
        kernel_->notify(wanted);
        signal();
    }
    void close() noexcept override { kernel_->close(); }
    void leave_to_parent() noexcept override { kernel_->leave_to_parent(); }

  private:
    void signal() const noexcept {
        if (notifies_ && !failed_.empty()) ::eventfd_write(eventfd_, 1);
    }

    std::unique_ptr<ring> kernel_;
    int eventfd_;
    bool notifies_ = false;
    std::vector<ring_event> failed_;
    std::size_t unsubmitted_ = 0;
};

result<std::unique_ptr<ring>> make_failing_ring(int eventfd, unsigned workers) {
    detail::use_ring_maker(nullptr);
    auto kernel = detail::make_ring(eventfd, workers);
    detail::use_ring_maker(&make_failing_ring);
    if (!kernel) return std::unexpected(kernel.error());
    return std::make_unique<failing_ring>(std::move(*kernel), eventfd);
}

}  // namespace

failing_rings::failing_rings() {
    detail::use_ring_maker(&make_failing_ring);
}
failing_rings::~failing_rings() {
    detail::use_ring_maker(nullptr);
}

}  // namespace aio::test
