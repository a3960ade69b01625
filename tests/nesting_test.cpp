// SPDX-License-Identifier: MIT
// Polls inside what poll calls: callbacks, coroutines, what they destroy, functions of trees. M-13, A-11.
#include "support/child.hpp"
#include "support/engines.hpp"
#include "support/patience.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Nesting : public engine_test {};

TEST_P(Nesting, FlushInACallbackDeliversTheRest) {  // M-13
    for (int round = 0; round < 20; ++round) {
        auto io = make_context();
        std::vector<int> order;
        io->submit(busy(0s), [&](result<>) {
            order.push_back(1);
            io->submit(busy(2ms), [&](result<>) { order.push_back(2); });
            EXPECT_TRUE(io->flush());
            order.push_back(3);
        });
        io->flush();
        EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
        // A worker may still be about to signal: then it is readable once too often.
        EXPECT_TRUE(eventually([&] { return io->poll(), !is_readable(io->fd()); }));
    }
}

TEST_P(Nesting, RunInCallbacksAndCoroutines) {  // M-13
    struct tasks {
        static task<int> inner() {
            auto slept = co_await busy(1ms);
            co_return slept ? 7 : -1;
        }
        static task<int> outer(context& io) {
            auto slept = co_await busy(0s);
            co_return slept ? io.run(inner()) : -1;
        }
    };
    for (int round = 0; round < 20; ++round) {
        auto io = make_context();
        EXPECT_EQ(io->run(tasks::outer(*io)), 7);
        int got = 0;
        io->submit(busy(0s), [&](result<>) { got = io->run(tasks::outer(*io)); });
        io->flush();
        EXPECT_EQ(got, 7);
    }
}

TEST_P(Nesting, FlushInsideACoroutineLetsOthersFinish) {  // M-13
    auto io = make_context();
    int finished = 0;
    struct tasks {
        static task<> other(int& finished) {
            for (int i = 0; i < 3; ++i) {
                auto slept = co_await busy(100us);
                EXPECT_TRUE(slept);
            }
            ++finished;
        }
        static task<> nesting(context& io, int& finished) {
            auto slept = co_await busy(0s);
            EXPECT_TRUE(slept);
            EXPECT_TRUE(io.flush()) << "what is left is this task itself";
            EXPECT_EQ(finished, 5);
            EXPECT_EQ(io.outstanding(), 1U);
            EXPECT_FALSE(io.wait());
        }
    };
    for (int i = 0; i < 5; ++i)
        io->submit(tasks::other(finished), [] {});
    io->submit(tasks::nesting(*io, finished), [] {});
    io->flush();
    EXPECT_EQ(finished, 5);
}

TEST_P(Nesting, FlushInsideACoroutineDoesNotWaitForThoseThatAwaitIt) {  // M-13
    auto io = make_context();
    bool slow_ended = false;
    struct tasks {
        static task<> flushing(context& io, bool& slow_ended) {
            auto slept = co_await busy(0s);
            EXPECT_TRUE(slept);
            io.submit(busy(2ms), [&](result<>) { slow_ended = true; });
            EXPECT_TRUE(io.flush());
            EXPECT_TRUE(slow_ended);
        }
        static task<> awaiting(context& io, bool& slow_ended) {
            co_await flushing(io, slow_ended).with({.deadline = 1h});  // a request of its own
        }
        static task<int> awaiting_a_group(context& io, bool& slow_ended) {
            group all(io);
            all.add(awaiting(io, slow_ended));
            auto ended = co_await all;
            co_return ended ? 1 : -1;
        }
        static task<int> running(context& io, bool& slow_ended) {
            auto slept = co_await busy(0s);
            co_return slept ? io.run(awaiting_a_group(io, slow_ended)) : -1;
        }
    };
    EXPECT_EQ(io->run(tasks::running(*io, slow_ended)), 1);
}

TEST_P(Nesting, ShutdownInsideACoroutineReturns) {  // M-13
    auto io = make_context();
    bool canceled = false;
    struct tasks {
        static task<int> ending(context& io) {
            auto slept = co_await busy(0s);
            EXPECT_TRUE(slept);
            EXPECT_EQ(io.shutdown().outstanding, 2U);
            EXPECT_EQ(io.outstanding(), 1U);
            auto refused = co_await busy(0s);
            co_return refused ? 0 : refused.error().value();
        }
    };
    io->submit(busy(100ms), [&](result<> got) { canceled = got.error() == std::errc::operation_canceled; });
    EXPECT_EQ(io->run(tasks::ending(*io)), ECANCELED);
    EXPECT_TRUE(canceled);
}

// Destructors that poll.

/// Has a context do something as it goes.
struct at_its_end {
    context* io;
    void (*what)(context&);

    at_its_end(context& of, void (*does)(context&)) : io(&of), what(does) {}
    at_its_end(at_its_end&& other) noexcept : io(std::exchange(other.io, nullptr)), what(other.what) {}
    at_its_end& operator=(at_its_end&&) = delete;
    ~at_its_end() {
        if (io) what(*io);
    }
};

constexpr void (*all_ends[])(context&) = {
    [](context& io) { EXPECT_TRUE(io.flush()); },
    [](context& io) { io.wait(); },
    [](context& io) { io.shutdown(); },
    [](context& io) { io.poll(); },
};

task<int> sleeping_with(at_its_end) {
    auto slept = co_await busy(20ms);
    co_return slept ? 1 : 0;
}

TEST_P(Nesting, WhatATaskThatIsAbandonedOwnsMayPoll) {
    for (const auto what : all_ends)
        for (const bool is_callbacks : {false, true}) {
            auto io = make_context();
            {
                group all(*io);
                if (is_callbacks)
                    all.add(sleeping_with({*io, [](context&) {}}), [owned = at_its_end(*io, what)](int) {});
                else
                    all.add(sleeping_with({*io, what}));
                io->poll();
            }
            io->flush();
            EXPECT_EQ(io->outstanding(), 0U);
        }
}

TEST_P(Nesting, WhatATaskOwnsMayPollAsItsContextEnds) {
    for (const auto what : all_ends)
        for (const bool begun : {false, true}) {
            auto io = make_context();
            io->submit(sleeping_with({*io, what}));
            if (begun) io->poll();
        }
}

TEST_P(Nesting, ACallbackOutlivesTheTaskThatReadsIntoWhatItOwns) {  // safety.md "Whose memory"
    struct looks {
        std::weak_ptr<int> owned;
        bool& outlived;
        looks(std::weak_ptr<int> what, bool& answer) : owned(std::move(what)), outlived(answer) {}
        looks(looks&&) = default;
        looks& operator=(looks&&) = delete;
        ~looks() {
            if (owned.lock()) outlived = true;
        }
    };
    struct tasks {
        static task<> reading(looks) { static_cast<void>(co_await busy(20ms)); }
    };
    auto io = make_context();
    bool outlived = false;
    {
        group all(*io);
        auto buffer = std::make_shared<int>();
        looks looking(buffer, outlived);
        all.add(tasks::reading(std::move(looking)), [buffer = std::move(buffer)] {});
        io->poll();
        outlived = false;
    }
    EXPECT_TRUE(outlived);
}

// Functions of trees.

class NestingInTrees : public engine_test {
  protected:
    void SetUp() override {
        engine_test::SetUp();
        tree_.emplace();
        for (int i = 0; i < 20; ++i) {
            const std::string directory = "root/" + std::to_string(i);
            std::filesystem::create_directories(*tree_ / directory);
            for (int j = 0; j < 20; ++j)
                tree_->write(directory + "/" + std::to_string(j), "text");
        }
    }
    void TearDown() override {
        tree_.reset();
        engine_test::TearDown();
    }
    [[nodiscard]] std::string root() const { return *tree_ / "root"; }

    static constexpr std::size_t entries = 1 + 20 * 21;

  private:
    std::optional<temporary_tree> tree_;
};

TEST_P(NestingInTrees, ABatchFunctionMayPoll) {
    struct walk_state {
        context& io;
        void (*what)(context&);
        std::size_t seen = 0;
        bool inside = false;
        bool over = false;

        void meet(const walk_batch& batch) {
            EXPECT_FALSE(inside);
            EXPECT_FALSE(over);
            inside = true;
            seen += batch.size();
            what(io);
            EXPECT_FALSE(over) << "it ended while it was reporting";
            inside = false;
        }
    };
    for (const auto what : std::initializer_list<void (*)(context&)>{
             [](context& io) { EXPECT_TRUE(io.flush()); },
             [](context& io) { io.wait(1ms); },  // parts of the walk may end
             [](context& io) { io.poll(); }}) {
        auto io = make_context();
        walk_state now{*io, what};
        io->submit(walk(root(), [&now](const walk_batch& batch) { now.meet(batch); }),
                   [&now](const tree_result& done) {
                       EXPECT_TRUE(done);
                       now.over = true;
                   });
        EXPECT_TRUE(io->flush());
        EXPECT_TRUE(now.over);
        EXPECT_EQ(now.seen, entries);
    }
}

TEST_P(NestingInTrees, AFunctionMayDestroyWhatItsTreeIsIn) {
    auto io = make_context();
    std::optional<group> all(std::in_place, *io);
    int calls = 0;
    disk_usage_options how;
    how.tree.progress = [&](const tree_progress&) {
        ++calls;
        all.reset();
        io->poll();
    };
    all->add(disk_usage(root(), how), [](const tree_result&) { ADD_FAILURE(); });
    EXPECT_TRUE(io->flush());
    EXPECT_GE(calls, 1);
    EXPECT_EQ(io->outstanding(), 0U);
}

TEST_P(NestingInTrees, AFunctionMayShutDown) {
    auto io = make_context();
    disk_usage_options how;
    bool over = false;
    how.tree.progress = [&](const tree_progress&) {
        io->shutdown();
        EXPECT_FALSE(over);
    };
    io->submit(disk_usage(root(), how), [&](const tree_result&) { over = true; });
    EXPECT_TRUE(io->flush());
    EXPECT_TRUE(over);
}

TEST_P(NestingInTrees, ForkInAFunctionLeavesTheTreeToTheParent) {  // C-FORK
    auto io = make_context();
    pid_t child = -1;
    int calls_in_child = 0;
    disk_usage_options how;
    how.tree.progress = [&](const tree_progress&) {
        if (child < 0)
            child = ::fork();
        else if (child == 0)
            ++calls_in_child;
    };
    bool over = false;
    io->submit(disk_usage(root(), how), [&](const tree_result& done) { over = done && child != 0; });
    const bool idle = io->flush();
    if (child == 0) ::_exit(idle && !over && !calls_in_child ? 7 : 8);
    ASSERT_GT(child, 0);
    EXPECT_TRUE(over);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

AIO_ON_EVERY_ENGINE(Nesting);
AIO_ON_EVERY_ENGINE(NestingInTrees);

}  // namespace

}  // namespace aio::test
