// SPDX-License-Identifier: MIT
// when_all and when_any.
#include "support/engines.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class When : public engine_test {};

task<int> after(std::chrono::nanoseconds time, int value) {
    auto done = co_await busy(time);
    co_return done ? value : -1;
}

task<int> throwing(std::string what) {
    auto done = co_await busy(0s);
    if (done) throw std::runtime_error(what);
    co_return 0;
}

TEST_P(When, AllGivesEveryOutcomeInOrder) {
    auto io = make_context();
    struct tasks {
        static task<int> both() {
            auto [root, missing, one] =
                co_await when_all(stat("/"), open("/nonexistent", O_RDONLY), after(1ms, 1));
            co_return root.value().is_directory() && missing.error().value() == ENOENT ? one : -1;
        }
    };
    EXPECT_EQ(io->run(tasks::both()), 1);
}

TEST_P(When, AllRunsThemTogether) {
    auto io = make_queueing_context();
    struct tasks {
        static task<> three() {
            std::vector<operation<>> works;
            for (int i = 0; i < 3; ++i)
                works.push_back(busy(0s));
            auto outcomes = co_await when_all(std::move(works));
            EXPECT_EQ(outcomes.size(), 3U);
        }
    };
    io->submit(tasks::three(), [] {});
    io->poll();
    EXPECT_EQ(io->statistics().ready, 3U);
    io->flush();
}

TEST_P(When, AllAndAnyOfNothingReturnAtOnce) {
    auto io = make_context();
    struct tasks {
        static task<std::size_t> none() {
            std::vector<operation<>> empty;
            auto all = co_await when_all(std::move(empty));
            std::vector<operation<>> nothing;
            auto any = co_await when_any(std::move(nothing));
            co_return all.size() + any.index + 1 + any.outcomes.size();
        }
    };
    EXPECT_EQ(io->run(tasks::none()), 0U);
}

TEST_P(When, AnyCancelsTheOthersAndWaitsForThem) {
    auto io = make_context();
    struct tasks {
        static task<std::size_t> race() {
            auto [index, outcomes] = co_await when_any(after(300ms, 1), after(1ms, 2), after(300ms, 3));
            EXPECT_EQ(std::get<0>(outcomes), -1);
            EXPECT_EQ(std::get<1>(outcomes), 2);
            EXPECT_EQ(std::get<2>(outcomes), -1);
            co_return index;
        }
        static task<std::size_t> race_of_many() {
            std::vector<operation<>> works;
            for (int i = 0; i < 4; ++i)
                works.push_back(busy(i == 2 ? 0ms : 300ms));
            auto first = co_await when_any(std::move(works));
            for (std::size_t i = 0; i < 4; ++i)
                EXPECT_EQ(first.outcomes[i].has_value(), i == 2);
            co_return first.index;
        }
    };
    EXPECT_EQ(io->run(tasks::race()), 1U);
    EXPECT_EQ(io->run(tasks::race_of_many()), 2U);
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(When, AnyLosesNoValue) {  // M-15: a loser that succeeded all the same has its value in the tuple
    auto io = make_queueing_context();
    struct tasks {
        static task<> race() {
            for (int i = 0; i < 10; ++i) {
                auto first =
                    co_await when_any(open("/", O_RDONLY | O_DIRECTORY), open("/", O_RDONLY | O_DIRECTORY));
                int opened =
                    std::get<0>(first.outcomes).has_value() + std::get<1>(first.outcomes).has_value();
                EXPECT_GE(opened, 1);
            }
        }
    };
    io->submit(tasks::race(), [] {});
    io->flush();
}

TEST_P(When, ExceptionOfATaskIsThrownWhenAllHaveEnded) {
    auto io = make_context();
    struct tasks {
        static task<std::string> catching(bool any) {
            bool other = false;
            std::string what;
            try {
                if (any) {
                    auto first = co_await when_any(throwing("first"), noting(other));
                    what = std::to_string(first.index);
                } else {
                    auto both = co_await when_all(throwing("first"), noting(other), throwing("second"));
                    what = std::to_string(std::get<0>(both));
                }
            } catch (const std::runtime_error& thrown) {
                what = thrown.what();
            }
            EXPECT_TRUE(other);
            co_return what;
        }
        static task<int> noting(bool& ended) {
            auto done = co_await busy(2ms);
            ended = true;
            co_return done.has_value();
        }
    };
    const std::string thrown = io->run(tasks::catching(false));
    EXPECT_TRUE(thrown == "first" || thrown == "second") << thrown;
    EXPECT_EQ(io->run(tasks::catching(true)), "first");
}

TEST_P(When, IsCancelledAsAWhole) {
    auto io = make_queueing_context();
    struct tasks {
        static task<int> waiting() {
            auto [first, second] = co_await when_all(busy(0s), busy(0s));
            co_return !first + !second;
        }
    };
    int canceled = 0;
    request started = io->submit(tasks::waiting(), [&](int count) { canceled = count; });
    io->poll();
    started.cancel();
    io->poll();
    EXPECT_EQ(canceled, 2);
}

TEST_P(When, StartedInACancelledTaskIsCancelledAtOnce) {
    auto io = make_context();
    struct tasks {
        static task<int> waiting() {
            auto first = co_await busy(1h);
            auto [second, third] = co_await when_all(busy(1h), busy(1h));
            co_return !first + !second + !third;
        }
    };
    int canceled = 0;
    request started = io->submit(tasks::waiting(), [&](int count) { canceled = count; });
    started.cancel();
    io->flush();
    EXPECT_EQ(canceled, 3);
}

TEST_P(When, InFlightIsDestroyedWithItsContext) {
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    struct tasks {
        static task<int> holding(std::shared_ptr<int> owned) {
            auto done = co_await busy(1h);
            co_return done.has_value() + static_cast<int>(owned.use_count());
        }
        static task<> waiting(std::shared_ptr<int> owned) {
            auto both = co_await when_all(holding(owned), holding(owned), stat("/"));
            ADD_FAILURE();
            static_cast<void>(both);
        }
    };
    {
        auto io = make_queueing_context();
        io->submit(tasks::waiting(std::move(owned)), [] { ADD_FAILURE(); });
        io->poll();
        EXPECT_FALSE(watched.expired());
    }
    EXPECT_TRUE(watched.expired());
}

TEST_P(When, VectorInFlightIsDestroyedWithItsContext) {
    const auto owned = std::make_shared<int>();
    struct tasks {
        static task<int> holding(std::shared_ptr<int> owned) {
            auto done = co_await busy(1h);
            co_return done.has_value() + static_cast<int>(owned.use_count());
        }
        static task<> waiting(std::shared_ptr<int> owned, bool any) {
            std::vector<task<int>> works;
            for (int i = 0; i < 3; ++i)
                works.push_back(holding(owned));
            if (any) {
                auto first = co_await when_any(std::move(works));
                ADD_FAILURE() << first.index;
            } else {
                auto all = co_await when_all(std::move(works));
                ADD_FAILURE() << all.size();
            }
        }
    };
    {
        auto io = make_queueing_context();
        io->submit(tasks::waiting(owned, false), [] { ADD_FAILURE(); });
        io->submit(tasks::waiting(owned, true), [] { ADD_FAILURE(); });
        io->poll();
        EXPECT_GT(owned.use_count(), 6);
    }
    EXPECT_EQ(owned.use_count(), 1);
}

TEST_P(When, TakesOptionsOfEach) {
    auto io = make_context();
    struct tasks {
        static task<bool> racing() {
            auto [slow, quick] =
                co_await when_all(busy(300ms).with({.deadline = 2ms}), busy(0s).with({.priority = 4}));
            co_return slow.error() == std::errc::timed_out&& quick.has_value();
        }
    };
    EXPECT_TRUE(io->run(tasks::racing()));
}

AIO_ON_EVERY_ENGINE(When);

}  // namespace
}  // namespace aio::test
