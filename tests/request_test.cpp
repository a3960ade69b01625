// SPDX-License-Identifier: MIT
// What every request promises, whatever it does: M-1 to M-5, M-8, M-11, M-14, G-14.
#include "support/engines.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <thread>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Request : public engine_test {};

TEST_P(Request, IsDeliveredOnceByPollAndNeverBySubmit) {  // M-2
    auto io = make_context();
    int delivered = 0;
    std::thread::id where;
    request started = io->submit(busy(0s), [&](result<> outcome) {
        ++delivered;
        where = std::this_thread::get_id();
        EXPECT_TRUE(outcome);
    });
    EXPECT_EQ(delivered, 0);
    EXPECT_FALSE(started.done());
    EXPECT_TRUE(io->wait());
    EXPECT_EQ(delivered, 0) << "wait delivers nothing (C-WAIT)";
    EXPECT_TRUE(io->flush());
    EXPECT_EQ(delivered, 1);
    EXPECT_EQ(where, std::this_thread::get_id());
    EXPECT_TRUE(started.done());
    io->flush();
    EXPECT_EQ(delivered, 1);
}

TEST_P(Request, AnsweredInlineIsStillDeliveredByPollOnly) {  // M-2, R-NOP
    auto io = make_context();
    bool delivered = false;
    io->submit(nop(), [&](result<>) { delivered = true; });
    EXPECT_FALSE(delivered);
    EXPECT_EQ(io->statistics().outstanding, 1U);
    EXPECT_EQ(io->poll().delivered, 1U);
    EXPECT_TRUE(delivered);
}

TEST_P(Request, SubmittedByACallbackIsDeliveredAfterItReturns) {  // M-2
    auto io = make_context();
    bool inside = false;
    bool nested = false;
    io->submit(nop(), [&](result<>) {
        inside = true;
        io->submit(nop(), [&](result<>) {
            EXPECT_FALSE(inside);
            nested = true;
        });
        inside = false;
    });
    io->flush();
    EXPECT_TRUE(nested);
}

TEST_P(Request, GivesTheSameOutcomeInEveryWayOfUse) {
    temporary_tree tree;
    tree.write("file", "twelve bytes");
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        auto io = make_context();
        const std::string path = tree / "file";
        auto status = use(how, *io, stat(path));
        ASSERT_TRUE(status) << status.error().message();
        EXPECT_EQ(status->size, 12U);
        const std::string missing = tree / "missing";
        auto failed = use(how, *io, stat(missing));
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error(), std::errc::no_such_file_or_directory);
        EXPECT_EQ(failed.error().value(), ENOENT) << "the kernel's number, untouched";
    }
}

TEST_P(Request, LeavesErrnoAlone) {  // M-3
    auto io = make_context();
    errno = 77;
    io->submit(stat("/nonexistent"), [](result<file_status> outcome) {
        EXPECT_FALSE(outcome);
        EXPECT_EQ(errno, 77);
    });
    EXPECT_EQ(errno, 77);
    io->flush();
    EXPECT_EQ(errno, 77);
    static_cast<void>(io->run(open("/nonexistent", O_RDONLY)));
    io->poll();
    io->wait();
    EXPECT_EQ(errno, 77);
}

TEST_P(Request, IsNoLongerCountedWhenItsCallbackRuns) {  // M-11
    auto io = make_context();
    std::size_t last = 99;
    for (int i = 0; i < 3; ++i)
        io->submit(busy(0s), [&](result<>) { last = io->statistics().outstanding; });
    EXPECT_EQ(io->statistics().outstanding, 3U);
    io->flush();
    EXPECT_EQ(last, 0U);
}

TEST_P(Request, ReleasesItsCallbackInPollOnceItWasCalled) {  // M-8
    auto io = make_context();
    auto owned = std::make_shared<int>(1);
    std::weak_ptr<int> watched = owned;
    request kept = io->submit(
        busy(0s), [owned = std::move(owned), &watched](result<>) { EXPECT_FALSE(watched.expired()); });
    io->wait();
    EXPECT_FALSE(watched.expired()) << "released outside of poll";
    io->flush();
    EXPECT_TRUE(watched.expired()) << "the handle must not keep the callback";
    EXPECT_TRUE(kept.done());
}

TEST_P(Request, TakesCallbacksThatCanOnlyBeMoved) {
    auto io = make_context();
    int got = 0;
    io->submit(call([] { return 5; }),
               [&got, by = std::make_unique<int>(2)](result<int> five) { got = *five * *by; });
    io->flush();
    EXPECT_EQ(got, 10);
}

TEST_P(Request, CopiesItsPath) {  // M-8
    auto io = make_queueing_context();
    std::string path = "/";
    bool found = false;
    io->submit(stat(path), [&](result<file_status> status) { found = status && status->is_directory(); });
    path = "?";
    path.clear();
    path.shrink_to_fit();
    io->flush();
    EXPECT_TRUE(found);
}

TEST_P(Request, KeepsAFileOpenUntilItIsDone) {  // M-8, B-29
    temporary_tree tree;
    const std::string path = tree.write("file", "content");
    auto io = make_queueing_context();
    auto opened = io->run(open(path, O_RDONLY));
    ASSERT_TRUE(opened);
    std::string got;
    io->submit(read(*opened, 100), [&](result<std::string> text) { got = text.value_or("failed"); });
    *opened = file();
    io->flush();
    EXPECT_EQ(got, "content");
}

TEST_P(Request, KeepsNothingOfACallThatWasCancelledBeforeItBegan) {
    temporary_tree tree;
    const std::string path = tree.write("file", "content");
    auto io = make_queueing_context();
    auto opened = io->run(open(path, O_RDONLY));
    ASSERT_TRUE(opened);
    const int fd = opened->fd();
    request handle = io->submit(read(*opened, 100), [](result<std::string> text) { EXPECT_FALSE(text); });
    *opened = file();
    EXPECT_GE(::fcntl(fd, F_GETFD), 0);
    handle.cancel();
    io->flush();
    EXPECT_LT(::fcntl(fd, F_GETFD), 0) << "the handle keeps it";
}

TEST_P(Request, KeepsNothingOfAFunctionThatIsOver) {
    auto io = make_queueing_context();
    for (const bool is_cancelled : {true, false}) {
        auto owned = std::make_shared<int>(1);
        const std::weak_ptr<int> watched = owned;
        request handle = io->submit(call([owned = std::move(owned)] { return *owned; }),
                                    [&](result<int>) { EXPECT_TRUE(watched.expired()); });
        if (is_cancelled) handle.cancel();
        EXPECT_FALSE(watched.expired());
        io->flush();
    }
}

TEST_P(Request, CountsOperandsAsTheyAreWhenTheCallIsMade) {  // M-9
    temporary_tree tree;
    tree.write("relative");
    auto io = make_queueing_context();
    const auto before = std::filesystem::current_path();
    result<file_status> got = error(EINVAL);
    io->submit(stat("relative"), [&](result<file_status> status) { got = std::move(status); });
    std::filesystem::current_path(tree.root());
    io->flush();
    std::filesystem::current_path(before);
    EXPECT_TRUE(got);
}

TEST_P(Request, HandleOutlivesTheRequestAndTheContext) {  // M-1, M-14
    request done;
    request queued;
    {
        auto io = make_queueing_context();
        done = io->submit(nop(), [](result<>) {});
        io->poll();
        queued = io->submit(busy(0s), [](result<>) { ADD_FAILURE() << "called by the destructor"; });
        EXPECT_TRUE(done.done());
        EXPECT_FALSE(queued.done());
    }
    for (request* each : {&done, &queued}) {
        EXPECT_TRUE(each->done());
        each->cancel();
        each->forget();
        EXPECT_FALSE(each->priority(3));
        EXPECT_FALSE(each->callback<result<>>([](result<>) {}));
    }
}

TEST_P(Request, EmptyHandleDoesNothing) {
    request none;
    EXPECT_FALSE(none);
    EXPECT_TRUE(none.done());
    none.cancel();
    none.forget();
    EXPECT_FALSE(none.priority(1));
    EXPECT_FALSE(none.callback<result<>>([](result<>) {}));
    EXPECT_EQ(none, request());
}

TEST_P(Request, GoesOnWithoutItsHandle) {
    auto io = make_context();
    bool delivered = false;
    {
        request dropped = io->submit(busy(0s), [&](result<>) { delivered = true; });
    }
    io->flush();
    EXPECT_TRUE(delivered);
}

TEST_P(Request, CanBeReplacedByAnotherFromItsOwnCallback) {  // a handle destroyed inside its own callback
    auto io = make_context();
    auto held = std::make_unique<request>();
    bool second = false;
    *held = io->submit(busy(0s), [&](result<>) {
        held.reset();
        io->submit(busy(0s), [&](result<>) { second = true; });
    });
    io->flush();
    EXPECT_TRUE(second);
}

TEST_P(Request, TakesAnotherCallbackWhileQueued) {  // G-14
    auto io = make_queueing_context();
    auto owned = std::make_shared<int>();
    std::weak_ptr<int> first = owned;
    request started = io->submit(call([] { return 3; }), [owned = std::move(owned)](result<int>) {
        ADD_FAILURE() << "the replaced callback was called";
    });
    int got = 0;
    EXPECT_FALSE(started.callback<result<>>([](result<>) {})) << "another type";
    EXPECT_TRUE(started.callback<result<int>>([&](result<int> three) { got = *three; }));
    EXPECT_TRUE(started.callback<result<int>>([&](result<int> three) { got = 10 * *three; }));
    io->flush();
    EXPECT_EQ(got, 30);
    EXPECT_TRUE(first.expired()) << "destroyed with the request";
    EXPECT_FALSE(started.callback<result<int>>([](result<int>) {})) << "done";
}

TEST_P(Request, TakesACallbackWhereItHadNone) {  // G-14, T-07
    auto io = make_queueing_context();
    request started = io->submit(call([] { return 3; }));
    int got = 0;
    EXPECT_TRUE(started.callback<result<int>>([&](result<int> three) { got = three.value_or(-1); }));
    io->flush();
    EXPECT_EQ(got, 3);
}

TEST_P(Request, NeverHandsOutAValueThatIsGone) {  // G-14, M-15: the value may have been destroyed already
    for (int i = 0; i < 20; ++i) {
        auto io = make_context();
        request started = io->submit(open("/", O_RDONLY | O_DIRECTORY));
        io->wait();
        int calls = 0;
        bool replaced = started.callback<result<file>>([&](result<file> opened) {
            ++calls;
            if (opened) {
                EXPECT_EQ(::fcntl(opened->fd(), F_GETFD), FD_CLOEXEC);
            }
        });
        io->flush();
        EXPECT_EQ(calls, replaced ? 1 : 0);
    }
}

TEST_P(Request, WithoutCallbackReleasesWhatItMade) {  // M-15: the fixture counts descriptors
    auto io = make_context();
    for (int i = 0; i < 20; ++i)
        io->submit(open("/", O_RDONLY | O_DIRECTORY));
    for (int i = 0; i < 20; ++i)
        io->submit(open_directory("/"));
    for (int i = 0; i < 20; ++i)
        io->submit(readdir("/", {.keep_open = true}));
    for (int i = 0; i < 20; ++i)
        io->submit(call([] { return file(::open("/", O_RDONLY | O_CLOEXEC)); }));
    EXPECT_TRUE(io->flush());
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_P(Request, IgnoredByItsCallbackReleasesWhatItMade) {  // M-15
    auto io = make_context();
    for (int i = 0; i < 20; ++i)
        io->submit(open("/", O_RDONLY | O_DIRECTORY), [](const result<file>&) {});
    EXPECT_TRUE(io->flush());
}

TEST_P(Request, ResultsAreIndependentOfEachOther) {  // B-36
    auto io = make_context();
    temporary_tree tree;
    const std::string a = tree.write("a", "first");
    const std::string b = tree.write("b", "second");
    auto first = io->run(load(a));
    auto second = io->run(load(b));
    EXPECT_EQ(first.value(), "first");
    EXPECT_EQ(second.value(), "second");
}

TEST_P(Request, OfAUsersFunctionGivesWhatTheFunctionGives) {
    auto io = make_context();
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        EXPECT_EQ(use(how, *io, call([] { return std::string("text"); })).value(), "text");
        EXPECT_TRUE(use(how, *io, call([] {})));
        EXPECT_EQ(use(how, *io, call([]() -> result<int> { return 4; })).value(), 4);
        EXPECT_EQ(use(how, *io, call([]() -> result<int> { return error(EPERM); })).error().value(), EPERM);
        EXPECT_EQ(
            *use(how, *io, call([p = std::make_unique<int>(9)]() mutable { return std::move(p); })).value(),
            9);
    }
}

TEST_P(Request, OfAUsersFunctionTurnsExceptionsIntoErrors) {
    auto io = make_context();
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        auto coded =
            use(how, *io, call([]() -> int { throw std::system_error(EXDEV, std::system_category()); }));
        EXPECT_EQ(coded.error(), std::errc::cross_device_link);
        auto memory = use(how, *io, call([]() -> int { throw std::bad_alloc(); }));
        EXPECT_EQ(memory.error().value(), ENOMEM);
        auto other = use(how, *io, call([]() -> int { throw std::logic_error("?"); }));
        EXPECT_EQ(other.error(), std::errc::state_not_recoverable);
        auto no_exception = use(how, *io, call([]() -> int { throw 5; }));
        EXPECT_EQ(no_exception.error(), std::errc::state_not_recoverable);
    }
}

TEST_P(Request, MovesToAnotherContextVariable) {
    auto io = make_context();
    context moved = std::move(*io);
    bool delivered = false;
    moved.submit(busy(0s), [&](result<>) { delivered = true; });
    *io = std::move(moved);
    io->flush();
    EXPECT_TRUE(delivered);
}

AIO_ON_EVERY_ENGINE(Request);

}  // namespace
}  // namespace aio::test
