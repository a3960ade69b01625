// SPDX-License-Identifier: MIT
// The ring route, on rings that lie, refuse, lose and interrupt: same results, no request lost. F1-F4, F10.
#include "operations_fixture.hpp"
#include "support/fake_ring.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"
#include "support/seeds.hpp"
#include "support/system_calls.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/uio.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;
using detail::ring_call;
using detail::ring_operation;

const std::string text = [] {
    std::string made(100'000, ' ');
    for (std::size_t i = 0; i < made.size(); ++i)
        made[i] = static_cast<char>('a' + i % 23);
    return made;
}();

class Ring : public operations {
  protected:
    void SetUp() override {
        operations::SetUp();
        kernel.emplace();
        io.emplace(context_options{.routes = routes_used::ring});
    }
    void TearDown() override {
        io.reset();
        // Whoever waits for what is left in a ring has ended before the kernel goes.
        auto ours = [](const std::string& name) { return name.ends_with("/aio"); };
        EXPECT_TRUE(eventually([&] { return std::ranges::none_of(names_of_other_threads(), ours); }));
        kernel.reset();
        operations::TearDown();
    }

    aio::file make_and_open(std::string_view content = text, int flags = O_RDWR) {
        return aio::file(::open(make_file("f", content).c_str(), flags | O_CLOEXEC));
    }
    /// Every call of the ring ends so.
    void all(fate what) {
        kernel->decide = [what](const ring_call&) { return what; };
    }
    /// Each operation that a ring makes does what it should.
    void expect_that_all_is_well() {
        const aio::file f = make_and_open();
        std::string buffer(1000, ' ');
        const auto bytes = std::as_writable_bytes(std::span(buffer));
        EXPECT_EQ(run(read(f, bytes, 23)), 1000U);
        EXPECT_EQ(buffer, text.substr(0, 1000));
        EXPECT_EQ(run(read(f, 100, 46)), text.substr(0, 100));
        EXPECT_EQ(run(read_exactly(f, text.size() + 1, 0)), text);
        EXPECT_EQ(run(read_exactly(f, bytes, std::int64_t(text.size()) - 10)), 10U);
        std::array<iovec, 2> parts = {iovec{buffer.data(), 10}, iovec{buffer.data() + 10, 20}};
        EXPECT_EQ(run(read(f, std::span<const iovec>(parts), 23)), 30U);
        EXPECT_EQ(run(write_all(f, text, 7)), text.size());
        EXPECT_EQ(run(write(f, "0123456", 0)), 7U);
        EXPECT_EQ(content(path("f")), "0123456" + text);
        EXPECT_EQ(run(write(f, std::span<const iovec>(parts), 0)), 30U);
        EXPECT_TRUE(run(fsync(f)));
        EXPECT_TRUE(run(fdatasync(f)));
        EXPECT_TRUE(run(sync_file_range(f, 0, 0, SYNC_FILE_RANGE_WRITE)));
        EXPECT_TRUE(run(fallocate(f, 0, 0, 200'000)));
        EXPECT_EQ(run(read(f, 1, 200'000)), "");
        EXPECT_EQ(run(stat(path("f")))->size, 200'000U);
        EXPECT_EQ(run(lstat(path("f")))->size, 200'000U);
        EXPECT_EQ(io->statistics().outstanding, 0U);
        EXPECT_EQ(io->statistics().running, 0U);
    }

    /// Leaves a write of which the ring has made a half to the one worker, who is at the gate.
    void leave_half_made(const aio::file& to, const gate& closed, bool awaited = false) {
        io.emplace(context_options{.threads = {.max = 1}, .routes = routes_used::ring});
        io->submit(closed.work());
        closed.await_entered();
        kernel->decide = [calls = 0](const ring_call&) mutable {
            return calls++ ? fate{.error = EIO} : fate{.shortened = true};
        };
        half_made.reset();
        const auto receive = [this](result<std::size_t> got) { half_made = got; };
        if (awaited)
            io->submit(awaiting(write_all(to, text, 0)), receive);
        else
            io->submit(write_all(to, text, 0), receive);
        EXPECT_TRUE(eventually([&] { return io->poll(), io->statistics().ready == 1; }));
    }

    std::optional<fake_kernel> kernel;
    std::optional<result<std::size_t>> half_made;
};

TEST_F(Ring, MakesWhatItCan) {
    expect_that_all_is_well();
    EXPECT_GE(kernel->calls, 15U);
    EXPECT_EQ(io->statistics().threads, 0U);
}

TEST_F(Ring, UnaskedCancellationsAreMadeByWorkers) {  // F1, F2
    all({.error = ECANCELED});
    expect_that_all_is_well();
}

TEST_F(Ring, NumbersThatNobodyShouldSeeAreNotSeen) {  // F3
    for (int number : {512, 513, 514, 516, EINTR, EAGAIN}) {
        SCOPED_TRACE(number);
        all({.error = number});
        expect_that_all_is_well();
    }
}

TEST_F(Ring,
       WhatIsRefusedIsMadeByWorkersAndSoonNotAskedForAnyMore) {  // half the opcodes, or a lie about them
    for (int number : {EINVAL, EACCES, EPERM, ENOSYS, EOPNOTSUPP, ENOMEM}) {
        SCOPED_TRACE(number);
        kernel->decide = [number](const ring_call& call) {
            return fate{.error = call.operation == ring_operation::read ? number : 0};
        };
        expect_that_all_is_well();
    }
    const aio::file f = make_and_open();
    for (int i = 0; i < 40; ++i)
        EXPECT_EQ(run(read(f, 1, 0)), "a");
    const std::size_t before = kernel->calls;
    for (int i = 0; i < 60; ++i)
        EXPECT_EQ(run(read(f, 1, 0)), "a");
    EXPECT_LE(kernel->calls - before, 1U) << "now and then, in case it can again";
}

TEST_F(Ring, AnErrorOfAWriteIsNotFinal) {  // F10: a short write of FUSE's is EIO on a ring
    all({.error = EIO});
    const aio::file f = make_and_open("");
    EXPECT_EQ(run(write_all(f, text, 0)), text.size());
    EXPECT_EQ(run(read_exactly(f, text.size(), 0)), text);
}

TEST_F(Ring, AnErrorThatIsToldOnceIsFinal) {  // fsync: the next one would say that all is well
    const aio::file f = make_and_open();
    for (int number : {EIO, ENOSPC, EDQUOT, EROFS, EBADF}) {
        all({.error = number});
        EXPECT_EQ(failure(run(fsync(f))), number);
        EXPECT_EQ(failure(run(fdatasync(f))), number);
        EXPECT_EQ(failure(run(fallocate(f, 0, 0, 10))), number);
    }
    // What servers say of writes they did not make, as of rights that ended: also what a ring refuses with.
    for (int number : {EACCES, EPERM, EINVAL, ENOMEM, ENOSYS, EOPNOTSUPP}) {
        all({.error = number});
        EXPECT_EQ(failure(run(fsync(f))), number);
        EXPECT_EQ(failure(run(fdatasync(f))), number);
    }
    EXPECT_EQ(io->statistics().threads, 0U);
}

TEST_F(Ring, AStatusIsWhatTheRingSaysOrAWorker) {
    make_file("f", "text");
    for (const fate each : {fate{.nothing = true}, fate{.error = EACCES}, fate{.error = EINVAL}}) {
        all(each);
        EXPECT_EQ(run(stat(path("f")))->size, 4U) << "a success without an answer, and refusals, say nothing";
    }
    const std::size_t by_workers = io->statistics().threads_submitted;
    EXPECT_EQ(by_workers, 3U);
    all({});
    EXPECT_EQ(run(stat(path("f")))->size, 4U);
    EXPECT_EQ(failure(run(stat(path("none")))), ENOENT);
    EXPECT_EQ(failure(run(lstat(path("f/none")))), ENOTDIR);
    all({.error = EACCES});
    EXPECT_EQ(failure(run(stat(path("f")))), EACCES) << "it has made one: nothing forbids it";
    EXPECT_EQ(io->statistics().threads_submitted, by_workers);
}

TEST_F(Ring,
       AFileThatWouldMakeTheSubmitterWaitIsTheWorkers) {  // as all of FUSE, of which a ring does not know it
    kernel->decide = [](const ring_call& call) { return fate{.error = call.nowait ? EOPNOTSUPP : 0}; };
    const aio::file f = make_and_open();
    for (int i = 0; i < 60; ++i) {
        EXPECT_EQ(run(read(f, 3, i)), text.substr(std::size_t(i), 3));
        EXPECT_EQ(run(write_all(f, text, 0)), text.size());
    }
    EXPECT_EQ(io->statistics().threads_submitted, 120U);
    EXPECT_EQ(kernel->calls, 120U) << "it says nothing of others";
}

TEST_F(Ring, WhatIsNotThereAtOnceIsAskedForOnceMore) {
    for (const fate first : {fate{.error = EAGAIN}, fate{.shortened = true}}) {
        kernel->decide = [first](const ring_call& call) { return call.nowait ? first : fate{}; };
        expect_that_all_is_well();
    }
    const aio::file f = make_and_open();
    kernel->calls = 0;
    EXPECT_EQ(run(read(f, 10, 0)), text.substr(0, 10));
    EXPECT_EQ(kernel->calls, 2U);
    EXPECT_EQ(io->statistics().threads, 0U);
}

TEST_F(Ring, CallsThatHangInThreadsOfTheKernelLeaveOthersRoom) {  // F8
    io.emplace(context_options{.threads = {.max = 4}, .routes = routes_used::ring});
    kernel->decide = [](const ring_call& call) {
        return fate{.held = call.operation == ring_operation::fsync};
    };
    const aio::file f = make_and_open();
    std::size_t synced = 0;
    for (int i = 0; i < 40; ++i)
        io->submit(fsync(f), [&](result<> done) { synced += done.has_value(); });
    EXPECT_EQ(run(read(f, 10, 0)), text.substr(0, 10));
    EXPECT_TRUE(eventually([&] { return io->poll(), synced == 36; })) << "by workers";
    EXPECT_EQ(io->statistics().running, 4U);
    kernel->release();
    EXPECT_TRUE(eventually([&] { return io->poll(), synced == 40; }));
}

TEST_F(Ring, ShortCountsAreTheCallersExceptOfTheLoopingForms) {  // R-READ
    all({.shortened = true});
    const aio::file f = make_and_open();
    EXPECT_EQ(run(read(f, 100, 0)), text.substr(0, 50));
    EXPECT_EQ(run(write(f, "0123456789", 0)), 5U);
    EXPECT_EQ(run(read_exactly(f, text.size(), 0)).value().size(), text.size());
    EXPECT_EQ(run(write_all(f, text, 0)), text.size());
    EXPECT_EQ(content(path("f")), text);
    EXPECT_EQ(io->statistics().threads, 0U);
}

TEST_F(Ring, NoMoreIsInFlightThanItHasRoomForAndTheRestGoesByPriority) {
    kernel->depth = 4;
    all({.held = true});
    const aio::file f = make_and_open();
    std::vector<int> order;
    for (int i = 0; i < 30; ++i)
        io->submit(read(f, 1, i).with({.priority = i % 3}), [&, i](result<std::string> got) {
            EXPECT_EQ(got, text.substr(static_cast<std::size_t>(i), 1));
            order.push_back(i);
        });
    EXPECT_EQ(io->statistics().running, 4U);
    EXPECT_EQ(io->statistics().ready, 26U);
    while (io->statistics().outstanding) {
        kernel->release();
        io->wait(1s);
        io->poll();
    }
    EXPECT_EQ(order.size(), 30U);
    EXPECT_EQ(kernel->most_in_flight, 4U);
    const std::vector<std::int64_t> rest(kernel->offsets.begin() + 4, kernel->offsets.end());
    EXPECT_TRUE(std::ranges::is_sorted(rest, std::greater{}, [](std::int64_t each) { return each % 3; }));
}

TEST_F(Ring, WhatWaitsForRoomCanBeTakenBack) {
    kernel->depth = 2;
    all({.held = true});
    const aio::file f = make_and_open();
    std::vector<request> waiting;
    int canceled = 0;
    for (int i = 0; i < 10; ++i)
        waiting.push_back(io->submit(
            read(f, 1, i), [&](result<std::string> got) { canceled += failure(got) == ECANCELED; }));
    EXPECT_TRUE(waiting[5].priority(4));
    std::thread([&] { waiting[9].cancel(); }).join();
    waiting[8].cancel();
    io->poll();
    EXPECT_EQ(canceled, 2);
    EXPECT_EQ(kernel->calls, 2U);
    for (request& each : waiting)
        each.cancel();
    io->flush(long_enough());
    EXPECT_EQ(canceled, 10);
    EXPECT_EQ(io->statistics().running, 0U);
}

TEST_F(Ring, CancelIsPassedOnAndMeansNoEffect) {  // C-CANCEL; F3: −512 of what was asked for
    const aio::file f = make_and_open();
    for (int answer : {ECANCELED, EINTR, 512}) {
        for (bool other_thread : {false, true}) {
            kernel->cancel_error = answer;
            all({.held = true});
            int outcome = -1;
            std::string buffer(100, '-');
            request reading = io->submit(read(f, std::as_writable_bytes(std::span(buffer)), 0),
                                         [&](result<std::size_t> got) { outcome = failure(got); });
            if (other_thread)
                std::thread([&] { reading.cancel(); }).join();
            else
                reading.cancel();
            EXPECT_TRUE(io->flush(long_enough()));
            EXPECT_EQ(outcome, ECANCELED);
            EXPECT_EQ(buffer, std::string(100, '-'));
        }
    }
}

TEST_F(Ring, ADeadlineEndsACallOnTheCallersMemoryWhereTheKernelCan) {  // C-DEADLINE
    all({.held = true});
    const aio::file f = make_and_open();
    std::string buffer(100, '-');
    auto got = run(read(f, std::as_writable_bytes(std::span(buffer)), 0).with({.deadline = 10ms}));
    EXPECT_EQ(failure(got), ETIMEDOUT);
    EXPECT_EQ(kernel->cancels_asked, 1U);
}

TEST_F(Ring, OnlyItsOwnEventEndsACall) {  // F4: a cancel that found nothing does not mean that it is over
    kernel->cancels = false;
    all({.held = true});
    const aio::file f = make_and_open();
    std::optional<result<std::size_t>> outcome;
    std::string buffer(100, '-');
    request reading = io->submit(read(f, std::as_writable_bytes(std::span(buffer)), 0),
                                 [&](result<std::size_t> got) { outcome = got; });
    reading.cancel();
    reading.cancel();
    EXPECT_FALSE(io->flush(20ms));
    EXPECT_EQ(kernel->cancels_asked, 1U);
    EXPECT_FALSE(outcome) << "the kernel may still write to it";
    kernel->release();
    EXPECT_TRUE(io->flush(long_enough()));
    EXPECT_EQ(outcome, 100U) << "it took effect: the true result";
}

TEST_F(Ring, WhatItSaysTwiceEndsNothingElse) {  // the first call's place is the second one's
    const aio::file f = make_and_open();
    kernel->repeats = true;
    EXPECT_EQ(run(read(f, 10, 0)), text.substr(0, 10));
    all({.held = true});
    std::string got;
    io->submit(read(f, 100, 23), [&got](result<std::string> given) { got = given.value_or("failed"); });
    EXPECT_FALSE(io->flush(20ms));
    EXPECT_EQ(got, "");
    kernel->release();
    EXPECT_TRUE(io->flush(long_enough()));
    EXPECT_EQ(got, text.substr(0, 100));
}

TEST_F(Ring, AnAbandonedReadKeepsItsMemoryUntilTheKernelIsDone) {  // F4, safety.md
    kernel->cancels = false;
    all({.held = true});
    const aio::file f = make_and_open();
    int outcome = -1;
    request reading = io->submit(read(f, 5000, 0), [&](result<std::string> got) { outcome = failure(got); });
    reading.cancel();
    EXPECT_TRUE(io->flush(long_enough())) << "what owns its memory is given up at once";
    EXPECT_EQ(outcome, ECANCELED);
    EXPECT_EQ(io->statistics().abandoned, 1U);
    kernel->release();
    EXPECT_TRUE(eventually([&] { return io->poll(), io->statistics().abandoned == 0; }));
}

TEST_F(Ring, DestructionWaitsForTheCallersMemoryAlone) {
    const aio::file f = make_and_open();
    std::string buffer(100, '-');
    all({.held = true});
    io->submit(read(f, 5000, 0), [](result<std::string>) { ADD_FAILURE(); });
    io->submit(read(f, std::as_writable_bytes(std::span(buffer)), 0),
               [](result<std::size_t>) { ADD_FAILURE(); });
    io->poll();
    io.reset();  // cancels, and the kernel obeys
    EXPECT_EQ(kernel->cancels_asked, 2U);
}

TEST_F(Ring, RefusedAtStartEverythingIsMadeByWorkers) {
    for (int number : {EPERM, ENOSYS, ENOMEM, EMFILE, EINVAL}) {
        SCOPED_TRACE(number);
        kernel->refuses = number;
        io.emplace(context_options{.routes = routes_used::ring});
        expect_that_all_is_well();
    }
    EXPECT_EQ(kernel->made, 0U);
}

TEST_F(Ring, LostBeforeItTookAnythingNothingIsLost) {
    kernel->submit_error = EBADFD;
    expect_that_all_is_well();
    EXPECT_EQ(kernel->calls, 0U);
}

TEST_F(Ring, LostWithCallsInFlightNothingIsLost) {
    all({.held = true});
    const aio::file f = make_and_open();
    std::vector<request> requests;
    int right = 0;
    int canceled = 0;
    for (int i = 0; i < 30; ++i)  // 16 of them in flight, the rest waiting
        requests.push_back(io->submit(read_exactly(f, 10, 0), [&](result<std::string> got) {
            right += got == text.substr(0, 10);
            canceled += failure(got) == ECANCELED;
        }));
    kernel->submit_error = EPERM;
    requests[3].cancel();  // which needs a submit
    EXPECT_TRUE(io->flush(long_enough()));
    EXPECT_EQ(right, 29);
    EXPECT_EQ(canceled, 1);
    kernel->submit_error = 0;
    kernel->decide = nullptr;
    expect_that_all_is_well();
}

TEST_F(Ring, BusyForAWhileItIsTriedAgain) {
    const aio::file f = make_and_open();
    kernel->submit_error = EAGAIN;
    bool done = false;
    io->submit(read(f, 10, 0), [&](result<std::string> got) { done = got == text.substr(0, 10); });
    io->poll();
    EXPECT_FALSE(done);
    kernel->submit_error = 0;
    EXPECT_TRUE(is_readable(io->fd(), 1000)) << "a loop must come back to try again";
    EXPECT_TRUE(io->flush(long_enough()));
    EXPECT_TRUE(done);
}

TEST_F(Ring, AnotherPollingThreadTakesOver) {
    all({.held = true});
    const aio::file f = make_and_open();
    int right = 0;
    for (int i = 0; i < 20; ++i)
        io->submit(read(f, 10, 0), [&](result<std::string> got) { right += got == text.substr(0, 10); });
    std::thread([&] {
        EXPECT_TRUE(io->flush(long_enough())) << "the old ring's calls end, and are made by workers";
        EXPECT_EQ(right, 20);
        kernel->decide = nullptr;
        io->submit(read(f, 10, 0), [&](result<std::string> got) { right += got.has_value(); });
        EXPECT_TRUE(io->flush(long_enough()));
    }).join();
    EXPECT_EQ(right, 21);
    EXPECT_EQ(kernel->made, 2U);
}

TEST_F(Ring, AnotherThreadThatBeginsToPollWaitsForWhoSubmits) {
    const aio::file f = make_and_open();
    std::jthread loop;
    bool all = false;
    kernel->when_made = [&] {
        // What is being submitted is outstanding already, and in no ring yet.
        loop = std::jthread([&] { all = io->flush(long_enough()); });
        std::this_thread::sleep_for(50ms);  // for a loop that does not wait for us; ours does, however long
    };
    bool done = false;
    io->submit(fsync(f), [&](result<> got) { done = got.has_value(); });
    loop.join();
    EXPECT_TRUE(all);
    EXPECT_TRUE(done);
}

TEST_F(Ring, WhoWaitsForTheKernelOutsideAPollMissesNobodyElse) {
    kernel->cancels = false;
    all({.held = true, .until = std::chrono::steady_clock::now() + 300ms});
    const aio::file f = make_and_open();
    std::string buffer(100, '-');
    bool arrived = false;
    io->submit(busy(50ms), [&](result<>) { arrived = true; });
    io->submit(nop(), [](result<>) { throw 1; });
    // The exception leaves the buffer behind: run returns when the kernel is done with it.
    EXPECT_THROW(static_cast<void>(run(read(f, std::as_writable_bytes(std::span(buffer)), 0))), int);
    EXPECT_EQ(buffer, text.substr(0, 100));
    EXPECT_FALSE(arrived);
    EXPECT_TRUE(becomes_readable(io->fd())) << "a result came in the meantime";
    EXPECT_TRUE(io->flush(long_enough()));
    EXPECT_TRUE(arrived);
}

TEST_F(Ring, ADeadlineThatAnotherThreadSetsEndsAWaitForTheKernel) {
    all({.held = true});
    const aio::file f = make_and_open();
    io->submit(fsync(f), [](result<>) {});
    const gate closed;
    std::thread other([&] {
        std::this_thread::sleep_for(20ms);  // the wait has begun, most likely; if not, all is well anyway
        io->submit(closed.work().with({.deadline = 50ms}));
    });
    EXPECT_TRUE(io->wait(long_enough()));
    EXPECT_TRUE(eventually([&] { return io->poll(), io->statistics().outstanding == 1; }));
    other.join();
    kernel->release();
    EXPECT_TRUE(io->flush(long_enough()));
}

TEST_F(Ring, AWriteOfWhichAPartIsMadeIsNotCanceled) {  // C-CANCEL: canceled means no effect
    const aio::file f = make_and_open("");
    // Short, and then cancelled; or wrong, as if it had been short (F10), and cancelled in vain.
    for (const bool wrong : {false, true})
        for (const bool whole : {false, true}) {
            kernel->cancels = !wrong;
            kernel->decide = [&, calls = 0](const ring_call&) mutable {
                return wrong     ? fate{.error = EIO, .held = true}
                       : calls++ ? fate{.held = true}
                                 : fate{.shortened = true};
            };
            ASSERT_EQ(::ftruncate(f.fd(), 0), 0);
            std::optional<result<std::size_t>> outcome;
            request writing = io->submit(whole ? write_all(f, text, 0) : write(f, text, 0),
                                         [&](result<std::size_t> got) { outcome = got; });
            io->poll();
            EXPECT_FALSE(outcome);
            writing.cancel();
            kernel->release();
            EXPECT_TRUE(io->flush(long_enough()));
            EXPECT_EQ(outcome, text.size());
            EXPECT_EQ(content(path("f")), text);
        }
}

TEST_F(Ring, AWriteThatMovesNothingIsTheWorkersToMake) {  // R-WRITEALL: 0 is neither success nor the end
    const aio::file f = make_and_open("");
    for (const bool after_a_part : {false, true}) {
        kernel->decide = [&, calls = 0](const ring_call&) mutable {
            return fate{.shortened = after_a_part && !calls, .nothing = calls++ || !after_a_part};
        };
        ASSERT_EQ(::ftruncate(f.fd(), 0), 0);
        EXPECT_EQ(run(write_all(f, text, 0)), text.size());
        EXPECT_EQ(content(path("f")), text);
    }
    all({.nothing = true});
    EXPECT_EQ(run(write(f, "0123456", 0)), 0U) << "the caller's to go on with";
    EXPECT_EQ(run(read_exactly(f, text.size(), 0)), "") << "the end of the file";
    const judged_system_calls nothing({path("f")}, [](std::string_view call, const std::string&, auto) {
        return fault{.nothing = call == "pwrite"};
    });
    EXPECT_EQ(failure(run(write_all(f, text, 0))), EIO);
    EXPECT_EQ(io->statistics().outstanding + io->statistics().running, 0U);
}

TEST_F(Ring, AHalfMadeWriteThatWaitsForAWorkerIsNotCanceledByShutdown) {  // C-SHUTDOWN
    const aio::file f = make_and_open("");
    gate closed;
    leave_half_made(f, closed);
    // What never began is canceled, and so can let the worker go on.
    int canceled = 0;
    io->submit(stat("/"), [&](result<file_status> got) {
        canceled = failure(got);
        closed.open();
    });
    EXPECT_EQ(io->shutdown().outstanding, 3U);
    EXPECT_EQ(canceled, ECANCELED);
    EXPECT_EQ(half_made, text.size());
    EXPECT_EQ(content(path("f")), text);
    EXPECT_EQ(io->statistics().outstanding, 0U);
}

TEST_F(Ring, AHalfMadeWriteIsNotWaitedForWhenAllWorkersAreStuck) {  // C-SHUTDOWN, C-DESTROY
    const aio::file f = make_and_open("");
    for (const bool shut_down : {true, false}) {
        gate closed;
        leave_half_made(f, closed);
        if (shut_down) {
            EXPECT_EQ(io->shutdown(20ms).using_buffers, 0U);
            ASSERT_TRUE(half_made);
            EXPECT_EQ(failure(*half_made), ETIMEDOUT);
        }
        io.reset();
        EXPECT_EQ(half_made.has_value(), shut_down);
    }
    gate closed;
    leave_half_made(f, closed, true);
    io.reset();
    EXPECT_FALSE(half_made);
    EXPECT_EQ(content(path("f")), text.substr(0, text.size() / 2));
}

TEST_F(Ring, AHalfMadeWriteOfADestroyedCoroutineIsNotMade) {  // C-DESTROY: its buffer is gone
    const aio::file f = make_and_open("");
    io.emplace(context_options{.threads = {.max = 1}, .routes = routes_used::ring});
    gate closed;
    io->submit(closed.work());
    closed.await_entered();
    kernel->decide = [calls = 0](const ring_call&) mutable {
        return calls++ ? fate{.held = true} : fate{.shortened = true};
    };
    {
        group all(*io);
        all.add(awaiting(write_all(f, text, 0)));
        EXPECT_TRUE(eventually([&] { return io->poll(), kernel->calls == 2; }));
    }  // ends the call in the ring, and waits for nothing else
    closed.open();
    EXPECT_TRUE(io->flush(long_enough()));
    EXPECT_EQ(content(path("f")), text.substr(0, text.size() / 2));
}

TEST_F(Ring, AnotherThreadCancelsOneOfSeveralAndTheOthersGoOn) {
    all({.held = true});
    const aio::file f = make_and_open();
    std::vector<request> requests;
    std::vector<std::string> got(5);
    int canceled = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
        requests.push_back(
            io->submit(read(f, 10, static_cast<std::int64_t>(i)), [&, i](result<std::string> given) {
                canceled += failure(given) == ECANCELED;
                got[i] = given.value_or("none");
            }));
    std::thread([&] { requests[2].cancel(); }).join();
    EXPECT_TRUE(eventually([&] { return io->poll(), canceled == 1; }));
    EXPECT_TRUE(eventually([&] { return io->poll(), io->statistics().abandoned == 0; }));
    EXPECT_EQ(kernel->cancels_asked, 1U);
    EXPECT_EQ(io->statistics().running, 4U);
    kernel->release();
    EXPECT_TRUE(io->flush(long_enough()));
    for (std::size_t i = 0; i < got.size(); ++i)
        EXPECT_EQ(got[i], i == 2 ? "none" : text.substr(i, 10));
    EXPECT_EQ(canceled, 1);
}

TEST_F(Ring, WhatWaitsForRoomAtTheEndOfItsContextIsNeverMade) {  // C-DESTROY
    kernel->depth = 2;
    all({.held = true});
    const aio::file f = make_and_open("");
    const auto owned = std::make_shared<int>();
    for (int i = 0; i < 10; ++i)
        io->submit(write(f, "text", i), [owned](result<std::size_t>) { ADD_FAILURE(); });
    EXPECT_EQ(io->statistics().ready, 8U);
    io.reset();
    EXPECT_EQ(kernel->calls, 2U);
    EXPECT_EQ(kernel->cancels_asked, 2U);
    EXPECT_EQ(owned.use_count(), 1) << "callbacks are destroyed";
    EXPECT_EQ(content(path("f")), "");
}

TEST_F(Ring, CancelledBeforeItIsHandedOverItIsCancelledAllTheSame) {
    all({.held = true});
    const aio::file f = make_and_open();
    std::string buffer(100, '-');
    for (const bool by_stop : {false, true}) {
        int outcome = -1;
        io->submit(nop(), [&](result<>) {
            std::stop_source stop;
            request reading = io->submit(
                read(f, std::as_writable_bytes(std::span(buffer)), 0).with({.stop = stop.get_token()}),
                [&](result<std::size_t> got) { outcome = failure(got); });
            if (by_stop)
                std::thread([&] { stop.request_stop(); }).join();
            else
                reading.cancel();
        });
        EXPECT_TRUE(io->flush(long_enough()));
        EXPECT_EQ(outcome, ECANCELED);
    }
}

TEST_F(Ring, WhatTheRingIsTooBusyToCancelIsCancelledLater) {
    kernel->cancels = true;
    all({.held = true});
    const aio::file f = make_and_open();
    std::string buffer(100, '-');
    int outcome = -1;
    kernel->submit_error = EAGAIN;
    request reading = io->submit(read(f, std::as_writable_bytes(std::span(buffer)), 0),
                                 [&](result<std::size_t> got) { outcome = failure(got); });
    reading.cancel();
    io->poll();
    EXPECT_EQ(outcome, -1);
    kernel->submit_error = 0;
    EXPECT_TRUE(io->flush(long_enough()));
    EXPECT_EQ(outcome, ECANCELED);
}

TEST_F(Ring, NoMoreIsAskedOfARingThatIsClosed) {  // nobody would hand it over
    const aio::file f = make_and_open();
    result<std::string> got;
    io->submit(read_exactly(f, 2 * text.size(), 0), [&](result<std::string> all) { got = std::move(all); });
    std::thread([&] { EXPECT_TRUE(io->flush(long_enough())) << "the rest is the workers' to read"; }).join();
    EXPECT_EQ(got, text);
    EXPECT_EQ(kernel->calls, 1U);
}

TEST_F(Ring, AReadThatIsCutOffByTheEndOfItsContextLetsGo) {
    const aio::file f = make_and_open();
    io->submit(read_exactly(f, 2 * text.size(), 0), [](result<std::string>) { ADD_FAILURE(); });
    io.reset();  // TearDown waits for whoever waits for it
}

TEST_F(Ring, WhatHasNoOffsetsSaysSo) {  // a ring would read a pipe, whatever the offset
    auto [out, in] = make_pipe();
    EXPECT_EQ(run(write(in, "text")), 4U);
    EXPECT_EQ(failure(run(read(out, 4, 0))), ESPIPE);
    EXPECT_EQ(failure(run(write(in, "text", 0))), ESPIPE);
    EXPECT_EQ(run(read(out, 4)), "text");
    EXPECT_EQ(kernel->calls, 0U);
}

TEST_F(Ring, AppendsAreTheWorkers) {  // made again after an error, they would come twice
    const aio::file f = make_and_open("", O_RDWR | O_APPEND);
    EXPECT_EQ(run(write(f, "a", 0)), 1U);
    EXPECT_EQ(kernel->calls, 0U);
    EXPECT_EQ(content(path("f")), "a");
}

/// Everything that can happen to a ring, from a seed: every read has the right bytes, every write arrives,
/// and each request ends once.
TEST_F(Ring, WhateverHappensEachRequestEndsOnceAndRight) {
    play_seeds(200, [&](std::uint64_t seed) {
        std::mt19937_64 dice(seed);
        auto one_in = [&](unsigned n) { return dice() % n == 0; };
        kernel->seed = seed;
        kernel->depth = 1 + static_cast<unsigned>(dice() % 16);
        kernel->cancels = one_in(2);
        kernel->repeats = one_in(2);
        constexpr int cancelled[] = {ECANCELED, EINTR, 512};
        kernel->cancel_error = cancelled[dice() % 3];
        kernel->submit_error = 0;
        kernel->decide = [&](const ring_call& call) -> fate {
            constexpr int errors[] = {ECANCELED, 512, 514, EINTR, EAGAIN, EIO, EINVAL, EOPNOTSUPP};
            const bool once =
                call.operation == ring_operation::sync_file_range || call.operation == ring_operation::fsync;
            if (one_in(4)) return {.error = errors[dice() % (once ? 5 : 8)]};
            return {.shortened = one_in(4), .held = one_in(4)};
        };
        io.emplace(context_options{.routes = routes_used::ring});
        const aio::file f = make_and_open();
        const aio::file written =
            aio::file(::open(path("w").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        std::vector<std::string> buffers(60, std::string(50, '-'));
        std::vector<request> requests;
        std::size_t ended = 0;
        for (std::size_t i = 0; i < buffers.size(); ++i) {
            const auto offset = static_cast<std::int64_t>(i * 50);
            auto counted = [&ended](const auto& got) {
                ++ended;
                EXPECT_TRUE(got || failure(got) == ECANCELED) << got.error().message();
            };
            const auto bytes = std::as_writable_bytes(std::span(buffers[i]));
            switch (dice() % 5) {
                case 0:
                    requests.push_back(
                        io->submit(read_exactly(f, bytes, offset), [&, i, counted](result<std::size_t> got) {
                            counted(got);
                            if (!got) return;
                            EXPECT_EQ(buffers[i], text.substr(i * 50, 50));
                        }));
                    break;
                case 1:
                    requests.push_back(
                        io->submit(read_exactly(f, 50, offset), [&, i, counted](result<std::string> got) {
                            counted(got);
                            EXPECT_EQ(got.value_or(text.substr(i * 50, 50)), text.substr(i * 50, 50));
                        }));
                    break;
                case 2:
                    requests.push_back(io->submit(
                        write_all(written, std::string_view(text).substr(i * 50, 50), offset),
                        [&, i, counted](result<std::size_t> got) {
                            counted(got);
                            if (!got) return;
                            std::string there(50, ' ');
                            EXPECT_EQ(::pread(written.fd(), there.data(), 50, static_cast<off_t>(i * 50)),
                                      50);
                            EXPECT_EQ(there, text.substr(i * 50, 50));
                        }));
                    break;
                case 3:
                    requests.push_back(io->submit(fsync(written), counted));
                    break;
                default:
                    requests.push_back(
                        io->submit(sync_file_range(written, 0, 0, SYNC_FILE_RANGE_WRITE), counted));
            }
            if (one_in(6)) requests[dice() % requests.size()].cancel();
            if (one_in(8)) io->poll();
            if (one_in(200)) kernel->submit_error = EPERM;
        }
        while (io->statistics().outstanding) {
            kernel->release();
            io->wait(1s);
            io->poll();
        }
        EXPECT_EQ(ended, requests.size());
    });
}

}  // namespace
}  // namespace aio::test
