// SPDX-License-Identifier: MIT
// relay: hands the operations of a job to its lanes, and takes and checks the results.
#pragma once

#include "files.hpp"
#include "measurement.hpp"
#include "workload.hpp"

#include <atomic>
#include <memory>
#include <new>
#include <vector>

namespace bench {

/// Which operations: `count` from `first` on, `stride` apart. Threads share a job so.
struct portion {
    std::uint64_t count;
    std::uint64_t first = 0;
    std::uint64_t stride = 1;
};

class relay {
  public:
    relay(const job& of, const portion& operations, std::size_t lanes, unsigned first_lane = 0);
    relay(const relay&) = delete;
    relay& operator=(const relay&) = delete;

    /// Calls start(lane) for each lane that has something to do.
    template <class Start>
    void begin(Start start) {
        for (lane& each : lanes_)
            if (each.stuck || assign(each)) timed(submit_, [&] { start(each); });
        if (work_.asks == question::memory) resident_ = resident();
    }

    /// Takes the result of a lane's call; true if the lane has another one to make.
    bool advance(lane& of, long result) {
        if (of.stuck || result < 0) [[unlikely]]
            return odd(of, result);
        checksum_ += steps_.value(of, result);
        if (++of.step < steps_.calls) {
            if (of.call.what == kind::open) of.fd = static_cast<int>(result);
            steps_.prepare(of, where_);
            return true;
        }
        settle(of);
        return assign(of);
    }

    /// Takes the result of a lane's only call, and gives it no other.
    void finish(lane& of, long result) {
        if (result < 0) return static_cast<void>(odd(of, result));
        checksum_ += steps_.value(of, result);
        settle(of);
    }

    /// Gives a lane its next operation; false if there are no more.
    bool assign(lane& to) {
        if (given_ == portion_.count || stop_.load(std::memory_order_relaxed)) return false;
        to.operation = portion_.first + portion_.stride * given_++;
        to.step = 0;
        ++running_;
        if (work_.asks == question::latency) to.began = clock::now();
        steps_.prepare(to, where_);
        return true;
    }

    [[nodiscard]] bool done() const { return running_ == 0; }

    /// A poll, timed where that is asked.
    template <class Poll>
    void polling(Poll poll) {
        timed(poll_, poll);
    }

    [[nodiscard]] std::vector<lane>& lanes() { return lanes_; }
    [[nodiscard]] const files& where() const { return where_; }
    void fail(long error) noexcept;
    /// No more operations are begun. Any thread.
    void stop() { stop_ = true; }
    /// What it measured, but for the time.
    measurement result();
    /// The process's memory, in bytes.
    static std::size_t resident();

  private:
    struct pages {
        void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t(4096)); }
    };

    void settle(lane& of) {
        --running_;
        if (stop_.load(std::memory_order_relaxed)) return;  // too late to count
        ++completed_;
        if (work_.asks == question::latency) [[unlikely]]
            note(latency_, of.began);
        if (completed_ == portion_.count && work_.stuck) where_.release();
    }
    bool odd(lane& of, long result);
    static void note(std::vector<std::uint32_t>& into, clock::time_point began) {
        into.push_back(
            static_cast<std::uint32_t>(std::min<std::int64_t>((clock::now() - began).count(), UINT32_MAX)));
    }
    template <class Work>
    void timed(std::vector<std::uint32_t>& into, Work work) {
        if (work_.asks != question::hold) return work();
        const auto began = clock::now();
        work();
        if (!stop_.load(std::memory_order_relaxed)) note(into, began);
    }

    const workload& work_;
    const steps& steps_;
    const files& where_;
    portion portion_;
    std::uint64_t given_ = 0, completed_ = 0, checksum_ = 0;
    std::size_t running_ = 0;
    std::size_t resident_ = 0;
    long error_ = 0;
    std::atomic<bool> stop_ = false;
    std::unique_ptr<std::byte[], pages> buffers_;
    std::vector<lane> lanes_;
    std::vector<std::uint32_t> latency_, submit_, poll_;
};

}  // namespace bench
