// SPDX-License-Identifier: MIT
#include "loop/bare.hpp"

#include <aio/loop/epoll.hpp>

namespace aio::test {

template <std::uint32_t Trigger>
class epoll_loop {
  public:
    using adapter = loop::epoll;
    static constexpr bool ends_by_itself = false;
    static constexpr bool may_be_destroyed_first = true;
    static constexpr bool belongs_to_a_thread = false;

    ~epoll_loop() { ::close(instance_); }

    std::unique_ptr<adapter> attach(context& io, const poll_budget& budget) {
        return std::make_unique<adapter>(io, instance_, EPOLLIN | Trigger, budget);
    }
    void run() {
        for (stopped_ = false; !stopped_;) {
            epoll_event event;
            if (::epoll_wait(instance_, &event, 1, timers_.timeout()) == 1)
                static_cast<adapter*>(event.data.ptr)->ready();
            timers_.call();
        }
    }
    void stop() { stopped_ = true; }
    void every(std::chrono::milliseconds period, tick call) { timers_.every(period, std::move(call)); }

  private:
    int instance_ = ::epoll_create1(EPOLL_CLOEXEC);
    bare_timers timers_;
    bool stopped_ = false;
};

using epolls = testing::Types<epoll_loop<0>, epoll_loop<EPOLLET>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Epoll, AnyLoop, epolls);

TEST(Epoll, KnowsItsEvents) {
    context io;
    int instance = ::epoll_create1(EPOLL_CLOEXEC);
    loop::epoll files(io, instance);
    io.submit(aio::nop());
    epoll_event event = {};
    ASSERT_EQ(::epoll_wait(instance, &event, 1, 10'000), 1);
    EXPECT_TRUE(files.owns(event));
    EXPECT_TRUE(files.busy());
    files.ready();
    EXPECT_FALSE(files.busy());
    EXPECT_FALSE(files.owns({.events = EPOLLIN, .data = {.fd = 0}}));
    ::close(instance);
}

TEST(Epoll, ADuplicateServesAnotherLoop) {
    context io;
    int instance = ::epoll_create1(EPOLL_CLOEXEC);
    int other = ::epoll_create1(EPOLL_CLOEXEC);
    loop::epoll files(io, instance);
    int duplicate = ::fcntl(io.fd(), F_DUPFD_CLOEXEC, 0);
    epoll_event wanted = {.events = EPOLLIN, .data = {.fd = duplicate}};
    ASSERT_EQ(::epoll_ctl(other, EPOLL_CTL_ADD, duplicate, &wanted), 0);
    for (int round = 0; round < 3; ++round) {
        bool arrived = false;
        io.submit(aio::busy(1ms), [&](result<>) { arrived = true; });
        while (!arrived) {  // readiness may be spurious
            epoll_event event = {};
            ASSERT_EQ(::epoll_wait(other, &event, 1, 10'000), 1);
            EXPECT_EQ(event.data.fd, duplicate);
            io.poll();
        }
    }
    for (int each : {duplicate, other, instance})
        ::close(each);
}

TEST(Epoll, SaysWhatIsWrongWithTheInstance) {
    context io;
    try {
        loop::epoll files(io, -1);
        FAIL() << "attached";
    } catch (const std::system_error& thrown) {
        EXPECT_EQ(thrown.code(), std::errc::bad_file_descriptor);
    }
    int instance = ::epoll_create1(EPOLL_CLOEXEC);
    loop::epoll files(io, instance);  // the failure has not left it attached
    ::close(instance);
}

}  // namespace aio::test
