// SPDX-License-Identifier: MIT
#include "relay.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

namespace bench {

relay::relay(const job& of, const portion& operations, std::size_t lanes, unsigned first_lane)
    : work_(of.what),
      steps_(*of.what.steps),
      where_(of.where),
      portion_(operations),
      lanes_(of.what.stuck + lanes) {
    // A page each, as O_DIRECT demands.
    const std::size_t size = (work_.buffer + 4095) / 4096 * 4096;
    if (size) {
        buffers_.reset(static_cast<std::byte*>(::operator new(size * lanes_.size(), std::align_val_t(4096))));
        std::memset(buffers_.get(), 'b', size * lanes_.size());
    }
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        lanes_[i].index = first_lane + static_cast<unsigned>(i);
        if (size) lanes_[i].call.buffer = buffers_.get() + i * size;
        if (i >= work_.stuck) continue;
        lanes_[i].stuck = true;
        lanes_[i].call.what = kind::open;
        lanes_[i].call.path = where_.fifo();
        lanes_[i].call.flags = O_RDONLY;
        ++running_;
    }
    if (work_.asks == question::latency) latency_.reserve(operations.count);
}

bool relay::odd(lane& of, long result) {
    if (result < 0) fail(-result);
    --running_;
    if (of.stuck && result >= 0) ::close(static_cast<int>(result));
    return false;
}

void relay::fail(long error) noexcept {
    if (!error_) error_ = error;
    stop();
    if (work_.stuck) where_.release();
}

measurement relay::result() {
    if (error_) return measurement::failed(std::strerror(static_cast<int>(error_)));
    measurement found;
    found.operations = completed_;
    found.checksum = checksum_;
    found.has_checksum = completed_ == portion_.count;  // which they are is only known of all
    found.bytes_per_request = static_cast<double>(resident_);
    found.latency = durations::of(latency_);
    found.submit = durations::of(submit_);
    found.poll = durations::of(poll_);
    return found;
}

std::size_t relay::resident() {
    std::size_t whole = 0, pages = 0;
    std::ifstream("/proc/self/statm") >> whole >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace bench
