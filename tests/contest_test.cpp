// SPDX-License-Identifier: MIT
// contest: the faster way is found, kept, and given up when it is the faster no more.
#include "contest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

namespace aio::test {

namespace {

using namespace std::chrono_literals;
using detail::contest;

constexpr std::size_t batch = 64;

/// A program that always has so many requests in flight, by whichever way it is told.
class Contest : public ::testing::Test {
  protected:
    /// `polls` polls, each of which delivers a batch that took as long as its way does.
    void work(std::size_t polls) {
        for (std::size_t i = 0; i < polls; ++i) {
            const unsigned way = contest_.choose();
            ++used_[way];
            delivered_ += batch;
            now_ += batch * cost_[way];
            contest_.next_poll(delivered_, true, [&] { return ++looks_, now_; });
        }
    }

    void work_until_challenge() {
        for (int polls = 0; contest_.choose() == contest_.best() && polls < 10'000; ++polls)
            work(1);
        EXPECT_TRUE(contest_.challenges());
    }
    void do_something_else() {
        for (int polls = 0; polls < 2; ++polls)  // the first of which may have chosen
            contest_.next_poll(++delivered_, true, [&] { return now_; });
    }

    contest contest_{3};
    std::array<aio::clock::duration, 3> cost_{2us, 2us, 2us};
    std::array<std::size_t, 3> used_{};
    std::size_t delivered_ = 0;
    std::size_t looks_ = 0;
    aio::clock::time_point now_{};
};

constexpr std::size_t a_window = (contest::window + contest::settling) / batch + 3;

TEST_F(Contest, BeginsWithTheFirst) {
    work(contest::window / batch);
    EXPECT_EQ(used_[0], contest::window / batch);
}

TEST_F(Contest, FindsTheFastest) {
    for (unsigned best = 0; best < 3; ++best) {
        SCOPED_TRACE(best);
        contest_ = contest(3);
        delivered_ = 0;
        cost_ = {2us, 2us, 2us};
        cost_[best] = 1us;
        work(10 * a_window);
        EXPECT_EQ(contest_.best(), best);
    }
}

TEST_F(Contest, TriesTheOthersLessAndLess) {
    cost_ = {1us, 3us, 4us};
    work(20 * a_window);
    used_ = {};
    work(2000 * a_window);
    const std::size_t others = used_[1] + used_[2];
    EXPECT_GT(used_[1], 0U);
    EXPECT_GT(used_[2], 0U);
    EXPECT_LT(others * 20, used_[0]);
}

TEST_F(Contest, WhatIsMuchSlowerIsGivenUpBeforeItsWindowIsOver) {
    cost_ = {1us, 1ms, 1ms};
    work(3 * a_window);
    EXPECT_EQ(used_[1], 1U);
    cost_ = {1us, 4us, 4us};
    work(10 * a_window);
    EXPECT_GT(used_[2], 2U);
    EXPECT_LT(used_[2], contest::window / batch);
}

TEST_F(Contest, OfWhatComesSeldomTheFirstIsTheBest) {
    cost_ = {9us, 1us, 1us};
    work(10 * a_window);
    EXPECT_NE(contest_.best(), 0U);
    cost_ = {20ms, 15ms, 10ms};  // the program's own, which has changed meanwhile
    work(100 * a_window);
    EXPECT_EQ(contest_.best(), 0U);
}

TEST_F(Contest, ANewBestIsFound) {
    cost_ = {1us, 3us, 3us};
    work(200 * a_window);
    EXPECT_EQ(contest_.best(), 0U);
    cost_ = {9us, 3us, 3us};
    work(70 * a_window);
    EXPECT_NE(contest_.best(), 0U);
}

TEST_F(Contest, AsGoodIsNotGoodEnough) {
    cost_ = {100ns, 95ns, 95ns};
    work(300 * a_window);
    EXPECT_EQ(contest_.best(), 0U);
}

TEST_F(Contest, OnlyPollsThatFollowEachOtherCount) {
    cost_ = {9us, 1us, 1us};
    for (std::size_t i = 0; i < 1000; ++i) {
        work(4);
        do_something_else();
    }
    EXPECT_EQ(contest_.best(), 0U);
    EXPECT_EQ(used_[1] + used_[2], 0U);
}

TEST_F(Contest, PollsThatFindNothingDoNotCount) {
    cost_ = {9us, 1us, 1us};
    for (std::size_t i = 0; i < 3 * a_window; ++i) {
        work(1);
        contest_.next_poll(delivered_, true, [&] { return now_; });
    }
    EXPECT_EQ(contest_.best(), 1U);
}

TEST_F(Contest, AChallengeThatIsCutShortDecidesNothing) {
    work_until_challenge();
    do_something_else();
    EXPECT_EQ(contest_.choose(), 0U);
    EXPECT_EQ(contest_.best(), 0U);
    work_until_challenge();
}

TEST_F(Contest, OneAtATimeTriesSomethingElse) {
    cost_ = {9us, 1us, 1us};
    for (std::size_t i = 0; i < 10 * a_window; ++i) {
        EXPECT_EQ(contest_.choose(), 0U);
        now_ += 1us;
        contest_.next_poll(delivered_ += batch, false, [&] { return now_; });
    }
    EXPECT_EQ(contest_.best(), 0U);
}

TEST_F(Contest, CountsAnewInTheChildOfAFork) {
    work_until_challenge();
    delivered_ = 0;
    static_cast<void>(contest_.choose());
    contest_.next_poll(delivered_ += batch, true, [&] { return now_ += 1ns; });
    EXPECT_EQ(contest_.best(), 0U);
    EXPECT_EQ(contest_.choose(), 0U);
    cost_ = {9us, 1us, 1us};
    work(10 * a_window);
    EXPECT_NE(contest_.best(), 0U);
}

TEST_F(Contest, HardlyLooksAtTheClock) {
    cost_ = {1us, 2us, 2us};
    work(1000 * a_window);
    EXPECT_LT(looks_ * 10, used_[0] + used_[1] + used_[2]);
}

}  // namespace

}  // namespace aio::test
