// SPDX-License-Identifier: MIT
#include "support/fake_ring.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>
#include <random>
#include <utility>

namespace aio::test {

using detail::ring_call;
using detail::ring_event;
using detail::ring_operation;

namespace {

fake_kernel* current = nullptr;

int make_call(const ring_call& call) {
    auto result = [](ssize_t made) { return made < 0 ? -errno : static_cast<int>(made); };
    const auto* vectors = static_cast<const iovec*>(call.address);
    const int n = static_cast<int>(call.size);
    const auto length = static_cast<off_t>(call.size);
    switch (call.operation) {
        case ring_operation::read:
            return result(::pread(call.fd, call.address, call.size, call.offset));
        case ring_operation::readv:
            return result(::preadv(call.fd, vectors, n, call.offset));
        case ring_operation::write:
            return result(::pwrite(call.fd, call.address, call.size, call.offset));
        case ring_operation::writev:
            return result(::pwritev(call.fd, vectors, n, call.offset));
        case ring_operation::fsync:
            return result(::fsync(call.fd));
        case ring_operation::fdatasync:
            return result(::fdatasync(call.fd));
        case ring_operation::sync_file_range:
            return result(::sync_file_range(call.fd, call.offset, length, static_cast<unsigned>(call.flags)));
        case ring_operation::fallocate:
            return result(::fallocate(call.fd, call.flags, call.offset, length));
        case ring_operation::statx:
            return result(::statx(call.fd, call.path, call.flags, STATX_BASIC_STATS,
                                  static_cast<struct ::statx*>(call.address)));
    }
    return -EINVAL;
}

}  // namespace

class fake_kernel::fake_ring final : public detail::ring {
  public:
    fake_ring(fake_kernel& kernel, int eventfd) : kernel_(kernel), eventfd_(eventfd), order_(kernel.seed) {
        kernel_.rings_.push_back(this);
    }
    ~fake_ring() override {
        EXPECT_TRUE(prepared_.empty() || closed_);
        EXPECT_TRUE(flights_.empty()) << "the kernel may still write to what is in flight";
        std::erase(kernel_.rings_, this);
    }

    unsigned depth() const noexcept override { return kernel_.depth; }
    bool offers(ring_operation) const noexcept override { return true; }
    bool prepare(const ring_call& call, std::uint64_t token) noexcept override {
        if (prepared_.size() >= kernel_.depth) return false;
        prepared_.push_back({call, token, {}, false});
        return true;
    }
    bool prepare_cancel(std::uint64_t token) noexcept override {
        if (prepared_.size() >= kernel_.depth) return false;
        prepared_.push_back({{}, token, {}, true});
        return true;
    }
    result<std::size_t> submit() noexcept override {
        if (kernel_.submit_error) {
            lost_ = kernel_.submit_error != EAGAIN;
            return error(kernel_.submit_error);
        }
        const std::size_t taken = prepared_.size();
        for (flight& each : prepared_) {
            if (each.cancels) {
                cancel(each.token);
                continue;
            }
            ++kernel_.calls;
            kernel_.offsets.push_back(each.call.offset);
            if (kernel_.decide) each.what = kernel_.decide(each.call);
            flights_.push_back(each);
        }
        prepared_.clear();
        if (kernel_.repeats) std::ranges::copy(std::exchange(said_, {}), std::back_inserter(events_));
        kernel_.most_in_flight = std::max(kernel_.most_in_flight, flights_.size());
        if (ready()) signal();
        return taken;
    }
    bool ready() const noexcept override {
        return !events_.empty() ||
               std::ranges::any_of(flights_, [](const flight& each) { return !is_held(each); });
    }
    std::size_t reap(std::span<ring_event> into) noexcept override {
        std::vector<flight> held;
        for (flight& each : flights_)
            is_held(each) ? held.push_back(each) : events_.push_back({each.token, end(each)});
        flights_ = std::move(held);
        std::ranges::shuffle(events_, order_);
        const std::size_t some = std::min(events_.size(), into.size());
        std::copy_n(events_.begin(), some, into.begin());
        if (some != 0) said_.assign(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(some));
        events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(some));
        return some;
    }
    bool lost() const noexcept override { return lost_; }
    void notify(bool wanted) noexcept override { notifies_ = wanted; }
    void close() noexcept override {
        closed_ = true;
        prepared_.clear();
        notifies_ = true;
        for (flight& each : flights_)
            if (each.what.held) each.what = {.error = ECANCELED};
        signal();
    }
    void leave_to_parent() noexcept override {}

    void release() {
        for (flight& each : flights_)
            each.what.held = false;
        signal();
    }

  private:
    struct flight {
        ring_call call;
        std::uint64_t token;
        fate what;
        bool cancels;  // another's
    };

    static bool is_held(const flight& one) noexcept {
        return one.what.held && std::chrono::steady_clock::now() < one.what.until;
    }

    /// Its own event says nothing, whatever it says, and may come first (F4).
    void cancel(std::uint64_t token) {
        ++kernel_.cancels_asked;
        auto target = std::ranges::find(flights_, token, &flight::token);
        events_.push_back({token_of_cancel, target == flights_.end() ? -ENOENT : -EALREADY});
        if (kernel_.cancels && target != flights_.end() && target->what.held)
            target->what = {.error = kernel_.cancel_error};
    }

    static int end(const flight& one) noexcept {
        if (one.what.error) return -one.what.error;
        if (one.what.nothing) return 0;
        ring_call call = one.call;
        const bool bytes = call.operation == ring_operation::read || call.operation == ring_operation::write;
        if (one.what.shortened && bytes && call.size > 1) call.size /= 2;
        return make_call(call);
    }
    void signal() noexcept {
        const std::uint64_t one = 1;
        if (notifies_) static_cast<void>(!::write(eventfd_, &one, sizeof one));
    }

    fake_kernel& kernel_;
    int eventfd_;
    std::mt19937_64 order_;
    std::vector<flight> prepared_;
    std::vector<flight> flights_;
    std::vector<ring_event> events_;
    std::vector<ring_event> said_;
    bool notifies_ = false;
    bool closed_ = false;
    bool lost_ = false;
};

fake_kernel::fake_kernel() {
    current = this;
    detail::use_ring_maker(make);
}

fake_kernel::~fake_kernel() {
    EXPECT_TRUE(rings_.empty());
    detail::use_ring_maker(nullptr);
    current = nullptr;
}

result<std::unique_ptr<detail::ring>> fake_kernel::make(int eventfd, unsigned) {
    if (current->refuses) return error(current->refuses);
    ++current->made;
    if (current->when_made) current->when_made();
    return std::make_unique<fake_ring>(*current, eventfd);
}

void fake_kernel::release() {
    for (fake_ring* each : rings_)
        each->release();
}

}  // namespace aio::test
