// SPDX-License-Identifier: MIT
// Linux: an epoll instance over an eventfd (results) and a timerfd (deadlines), so that one number shows
// both.
#include "notifier.hpp"

#include "system_call.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace aio::detail {

notifier::~notifier() {
    close();
}

void notifier::close() noexcept {
    errno_guard guard;
    for (int* fd : {&fd_, &event_, &timer_})
        if (*fd >= 0) ::close(std::exchange(*fd, -1));
}

result<> notifier::open() noexcept {
    auto epoll = attempt([] { return ::epoll_create1(EPOLL_CLOEXEC); });
    if (!epoll) return std::unexpected(epoll.error());
    fd_ = *epoll;
    return open_sources();
}

/// What the epoll instance watches.
result<> notifier::open_sources() noexcept {
    auto failed = [this](std::error_code why) {
        close();
        return std::unexpected(why);
    };
    auto event = attempt([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
    if (!event) return failed(event.error());
    event_ = *event;
    auto timer = attempt([] { return ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); });
    if (!timer) return failed(timer.error());
    timer_ = *timer;
    for (int source : {event_, timer_}) {
        epoll_event interest = {.events = EPOLLIN, .data = {.fd = source}};
        auto added = attempt([&] { return ::epoll_ctl(fd_, EPOLL_CTL_ADD, source, &interest); });
        if (!added) return failed(added.error());
    }
    return {};
}

result<> notifier::open_as(notifier& old) noexcept {
    const int number = std::exchange(old.fd_, -1);
    old.close();  // two, which is room for what follows in a table that is full
    auto epoll = attempt([] { return ::epoll_create1(EPOLL_CLOEXEC); });
    if (!epoll) return std::unexpected(epoll.error());
    auto moved = attempt([&] { return ::dup3(*epoll, number, O_CLOEXEC); });
    ::close(*epoll);
    if (!moved) return std::unexpected(moved.error());
    fd_ = number;
    return open_sources();
}

void notifier::signal() noexcept {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then it is readable.
    static_cast<void>(attempt([&] { return ::write(event_, &one, sizeof one); }));
}

void notifier::wait(clock::time_point until) noexcept {
    timespec left = {};
    const timespec* limit = nullptr;
    if (until != clock::time_point::max()) {
        const auto rest = std::max(until - clock::now(), clock::duration::zero());
        const auto seconds = std::chrono::floor<std::chrono::seconds>(rest);
        left = {seconds.count(), std::chrono::nanoseconds(rest - seconds).count()};
        limit = &left;
    }
    pollfd watched = {.fd = event_, .events = POLLIN, .revents = 0};
    // Whatever it says, the caller looks again.
    static_cast<void>(attempt_once([&] { return ::ppoll(&watched, 1, limit, nullptr); }));
}

void notifier::acknowledge() noexcept {
    std::uint64_t count = 0;
    static_cast<void>(
        attempt([&] { return ::read(event_, &count, sizeof count); }));  // EAGAIN: not signalled
}

void notifier::arm(clock::time_point when) noexcept {
    itimerspec setting = {};
    if (when != clock::time_point::max()) {
        // The steady clock is CLOCK_MONOTONIC. Zero would disarm the timer: what is past is due at once.
        auto since = std::max(when.time_since_epoch(), clock::duration(1));
        auto seconds = std::chrono::floor<std::chrono::seconds>(since);
        setting.it_value.tv_sec = seconds.count();
        setting.it_value.tv_nsec = std::chrono::nanoseconds(since - seconds).count();
    }
    static_cast<void>(
        attempt([&] { return ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &setting, nullptr); }));
}

}  // namespace aio::detail
