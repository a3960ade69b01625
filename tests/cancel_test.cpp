// SPDX-License-Identifier: MIT
// Cancelling and forgetting, at every state: C-CANCEL, M-15, safety.md "Whose memory".
#include "support/engines.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Cancel : public engine_test {};

TEST_P(Cancel, QueuedIsDeliveredOnceAsCanceledAndNeverRuns) {  // C-CANCEL
    temporary_tree tree;
    const std::string kept = tree.write("kept");
    auto io = make_queueing_context();
    int delivered = 0;
    request started = io->submit(unlink(kept), [&](result<> outcome) {
        ++delivered;
        EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
        EXPECT_EQ(outcome.error().value(), ECANCELED);
    });
    started.cancel();
    started.cancel();
    EXPECT_EQ(delivered, 0) << "M-2";
    EXPECT_EQ(io->statistics().outstanding, 1U) << "counted until it is polled";
    EXPECT_EQ(io->statistics().ready, 0U);
    EXPECT_EQ(io->poll().delivered, 1U);
    io->flush();
    EXPECT_EQ(delivered, 1);
    EXPECT_TRUE(exists(kept));
    EXPECT_TRUE(started.done());
    started.cancel();
}

TEST_P(Cancel, QueuedGivesCanceledInEveryWayOfUse) {
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        auto io = make_context();
        std::stop_source source;
        source.request_stop();
        auto outcome = use(how, *io, busy(1h).with({.stop = source.get_token()}));
        EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
    }
}

TEST_P(Cancel, LateHasNoEffect) {
    auto io = make_context();
    result<> outcome = error(EINVAL);
    request pending = io->submit(nop(), [&](result<> given) { outcome = given; });
    pending.cancel();
    io->poll();
    EXPECT_TRUE(outcome) << "its outcome was fixed already";
}

TEST_P(Cancel, InsideTheOwnCallbackIsHarmless) {  // C-CANCEL [V]
    auto io = make_context();
    request self;
    int called = 0;
    self = io->submit(busy(0s), [&](result<>) {
        ++called;
        self.cancel();
        self.forget();
    });
    io->flush();
    EXPECT_EQ(called, 1);
}

TEST_P(Cancel, OfAnotherFromACallback) {
    auto io = make_queueing_context();
    std::vector<request> started;
    std::vector<std::string> outcomes;
    for (int i = 0; i < 3; ++i)
        started.push_back(io->submit(busy(0s), [&, i](result<> outcome) {
            outcomes.push_back(outcome ? "ok" : "canceled");
            if (i == 0) started[2].cancel();
        }));
    io->flush();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"ok", "canceled", "ok"}));
}

TEST_P(Cancel, ForgetDestroysTheCallbackUncalledAtPoll) {  // C-CANCEL: the seed's cancel
    auto io = make_queueing_context();
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    request started = io->submit(busy(0s), [owned = std::move(owned)](result<>) { ADD_FAILURE(); });
    started.forget();
    EXPECT_FALSE(watched.expired()) << "released at poll, not at cancel";
    EXPECT_EQ(io->statistics().outstanding, 1U);
    io->poll();
    EXPECT_TRUE(watched.expired());
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Cancel, ForgetSuppressesAResultThatIsThere) {
    auto io = make_context();
    request started = io->submit(nop(), [](result<>) { ADD_FAILURE(); });
    started.forget();
    io->flush();
}

TEST_P(Cancel, ForgetCannotBeTakenBack) {  // the seed: a cancelled request's callback never runs
    auto io = make_queueing_context();
    request started = io->submit(busy(0s), [](result<>) { ADD_FAILURE(); });
    started.forget();
    started.callback<result<>>([](result<>) { ADD_FAILURE() << "called after forget"; });
    io->flush();
}

TEST_P(Cancel, ForgottenResultsAreReleased) {  // M-15: cancelled open, readdir, open_directory
    auto io = make_context();
    for (int i = 0; i < 20; ++i) {
        std::vector<request> started;
        started.push_back(io->submit(open("/", O_RDONLY | O_DIRECTORY), [](result<file>) {}));
        started.push_back(io->submit(open_directory("/"), [](result<directory>) {}));
        started.push_back(io->submit(readdir("/usr", {.keep_open = true}), [](result<directory_listing>) {}));
        if (i % 2) io->wait();
        for (request& each : started)
            i % 3 ? each.forget() : each.cancel();
        io->flush();
    }
}

TEST_P(Cancel, ByAStopTokenWhileQueued) {
    auto io = make_queueing_context();
    std::stop_source source;
    result<> outcome;
    io->submit(busy(0s).with({.stop = source.get_token()}), [&](result<> given) { outcome = given; });
    source.request_stop();
    io->poll();
    EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
}

TEST_P(Cancel, ByAStopTokenAfterTheEndHasNoEffect) {
    std::stop_source source;
    {
        auto io = make_context();
        EXPECT_TRUE(io->run(busy(0s).with({.stop = source.get_token()})));
    }
    source.request_stop();
}

TEST_P(Cancel, ByAStopRequestedInTheOwnCallback) {
    auto io = make_context();
    std::stop_source source;
    int called = 0;
    io->submit(busy(0s).with({.stop = source.get_token()}), [&](result<>) {
        ++called;
        source.request_stop();
    });
    io->flush();
    EXPECT_EQ(called, 1);
}

TEST_P(Cancel, OfACompositeStopsIt) {
    temporary_tree tree;
    for (int i = 0; i < 50; ++i)
        std::filesystem::create_directory(tree / std::to_string(i));
    auto io = make_queueing_context();
    const std::string root = tree.root();
    int delivered = 0;
    request started = io->submit(scandir(root), [&](result<scan_result> found) {
        ++delivered;
        EXPECT_EQ(found.error(), std::errc::operation_canceled);
    });
    io->poll();
    started.cancel();
    io->flush();
    EXPECT_EQ(delivered, 1);
}

AIO_ON_EVERY_ENGINE(Cancel);

/// Calls that are running, which takes threads.
class CancelRunning : public leak_checked {
  protected:
    temporary_tree tree;
    std::optional<context> io;  // made after the fixture has counted
    std::string fifo;

    void SetUp() override {
        leak_checked::SetUp();
        io.emplace();
        fifo = tree / "fifo";
        ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    }
    void TearDown() override {
        io.reset();
        leak_checked::TearDown();
    }
    void await_running(std::size_t calls = 1) {
        ASSERT_TRUE(eventually([&] { return io->statistics().running >= calls; }));
    }
    /// Lets an open for reading that waits in a worker come back, and waits until it has.
    void let_open_return() {
        int writer = -1;  // the worker may still be on its way to the call
        EXPECT_TRUE(eventually([&] {
            writer = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
            return writer >= 0;
        }));
        EXPECT_TRUE(eventually([&] { return io->statistics().abandoned == 0; }));
        ::close(writer);
    }
};

TEST_F(CancelRunning, CallWithoutEffectEndsAtOnceAndItsLateSuccessIsUndone) {  // M-15: counts descriptors
    int delivered = 0;
    request started = io->submit(open(fifo, O_RDONLY), [&](result<file> opened) {
        ++delivered;
        EXPECT_EQ(opened.error(), std::errc::operation_canceled);
    });
    await_running();
    const std::size_t before = count_descriptors();
    started.cancel();
    EXPECT_EQ(io->statistics().abandoned, 1U);
    EXPECT_TRUE(io->flush(1s));
    EXPECT_EQ(delivered, 1);
    let_open_return();
    EXPECT_TRUE(eventually([&] { return count_descriptors() == before; }))
        << "opened too late, so closed again";
    EXPECT_EQ(delivered, 1);
}

TEST_F(CancelRunning, ACallbackPutInPlaceDiesInPollToo) {  // C-DESTROY
    auto owned = std::make_shared<int>();
    const std::weak_ptr<int> watched = owned;
    request started = io->submit(open(fifo, O_RDONLY), [](result<file>) { ADD_FAILURE(); });
    ASSERT_TRUE(started.callback<result<file>>([owned = std::move(owned)](result<file>) {}));
    await_running();
    started.cancel();
    EXPECT_TRUE(io->flush(long_enough()));
    EXPECT_TRUE(watched.expired()) << "its worker, still inside the call, would be the last to let go";
    let_open_return();
}

TEST_F(CancelRunning, CallWithoutEffectEndsAtOnceInATask) {
    request started = io->submit(awaiting(open(fifo, O_RDONLY)), [&](result<file> opened) {
        EXPECT_EQ(opened.error(), std::errc::operation_canceled);
    });
    io->poll();
    await_running();
    started.cancel();
    EXPECT_TRUE(io->flush(1s));
    let_open_return();
}

TEST_F(CancelRunning, ForgottenCallWithoutEffectIsReleasedAtOnce) {
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> watched = owned;
    request started =
        io->submit(open(fifo, O_RDONLY), [owned = std::move(owned)](result<file>) { ADD_FAILURE(); });
    await_running();
    started.forget();
    EXPECT_TRUE(io->flush(1s));
    EXPECT_TRUE(watched.expired());
    let_open_return();
}

TEST_F(CancelRunning, UsersFunctionDeliversItsTrueResult) {
    gate closed;
    result<int> outcome = error(EINVAL);
    request started = io->submit(closed.work(5), [&](result<int> five) { outcome = five; });
    closed.await_entered();
    started.cancel();
    EXPECT_FALSE(io->flush(20ms)) << "who knows what the function does";
    closed.open();
    io->flush();
    EXPECT_EQ(outcome.value(), 5);
}

TEST_F(CancelRunning, ForgottenUsersFunctionIsNotCalledBack) {
    gate closed;
    request started = io->submit(closed.work(std::make_unique<int>(5)), [](auto&&) { ADD_FAILURE(); });
    closed.await_entered();
    started.forget();
    EXPECT_EQ(io->statistics().outstanding, 1U);
    closed.open();
    EXPECT_TRUE(io->flush());
}

TEST_F(CancelRunning, ReadIntoTheCallersBufferEndsWhenTheKernelIsDone) {  // "Whose memory", second kind
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::array<std::byte, 16> buffer{};
    result<std::size_t> outcome = error(EINVAL);
    request started = io->submit(read(ends[0], std::span<std::byte>(buffer)),
                                 [&](result<std::size_t> got) { outcome = got; });
    await_running();
    started.cancel();
    EXPECT_FALSE(io->flush(20ms)) << "the kernel may still write to the buffer";
    ASSERT_EQ(::write(ends[1], "abc", 3), 3);
    io->flush();
    EXPECT_EQ(outcome.value(), 3U) << "its true result";
    EXPECT_EQ(buffer[2], std::byte('c'));
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(CancelRunning, FromAnotherThreadGivesExactlyOneOutcome) {
    const std::string file = tree.write("file", "x");
    for (int i = 0; i < 300; ++i) {
        int delivered = 0;
        std::vector<request> started;
        for (int j = 0; j < 4; ++j)
            started.push_back(io->submit(open(file, O_RDONLY), [&](result<aio::file> opened) {
                ++delivered;
                if (!opened) {
                    EXPECT_EQ(opened.error(), std::errc::operation_canceled);
                }
            }));
        std::thread other([&] {
            for (request& each : started)
                each.cancel();
        });
        io->flush();
        other.join();
        io->flush();
        EXPECT_EQ(delivered, 4);
    }
}

TEST_F(CancelRunning, ByAStopTokenFromAnotherThread) {
    for (int i = 0; i < 200; ++i) {
        std::stop_source source;
        int delivered = 0;
        for (int j = 0; j < 4; ++j) {
            io->submit(stat("/").with({.stop = source.get_token()}),
                       [&](result<file_status>) { ++delivered; });
            io->submit(awaiting(stat("/")).with({.stop = source.get_token()}),
                       [&](result<file_status>) { ++delivered; });
        }
        std::thread other([&] { source.request_stop(); });
        io->flush();
        EXPECT_EQ(delivered, 8);
        other.join();
    }
}

TEST_F(CancelRunning, TasksAndGroupsFromAnotherThread) {
    for (int i = 0; i < 200; ++i) {
        int delivered = 0;
        request job = io->submit(awaiting(busy(50us)), [&](result<>) { ++delivered; });
        group all(*io, {}, [&](result<>) { ++delivered; });
        all.add(busy(50us), [&](result<>) { ++delivered; });
        std::thread other([&] {
            job.cancel();
            all.cancel();
        });
        io->flush();
        other.join();
        io->flush();
        EXPECT_EQ(delivered, 3);
    }
}

TEST_F(CancelRunning, MessageWakesASleepingPoller) {
    request job =
        io->submit(awaiting(open(fifo, O_RDONLY)), [](result<file> opened) { EXPECT_FALSE(opened); });
    io->poll();
    std::thread other([&] {
        EXPECT_TRUE(eventually([&] { return io->statistics().running == 1; }));
        job.cancel();
    });
    EXPECT_TRUE(io->flush(long_enough()));
    other.join();
    let_open_return();
}

}  // namespace
}  // namespace aio::test
