// SPDX-License-Identifier: MIT
// router: of few calls those that may be quick are made at once; of many, the faster way is found by trying.
#include "router.hpp"

#include "operations/rows.hpp"
#include "operations_fixture.hpp"
#include "ring.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <aio/aio.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace aio::test {

namespace {

using detail::contest;
using detail::traffic;
using detail::way;

constexpr traffic many{
    .in_flight = 1000, .elsewhere = 1000, .in_poll = true, .can_batch = true, .usual = true};

traffic but(bool traffic::* what) {
    traffic other = many;
    other.*what = false;
    return other;
}
traffic outside_polls(std::size_t in_flight, std::size_t elsewhere) {
    return {in_flight, elsewhere, false, false, true};
}

detail::call reading(int fd, std::int64_t offset = 0) {
    detail::call arguments;
    arguments.at.fd = fd;
    arguments.data = {.buffer = nullptr, .size = 1, .offset = offset};
    return arguments;
}

class Router : public operations {
  protected:
    void SetUp() override {
        operations::SetUp();
        file_ = open(make_file("f"));
    }
    void TearDown() override {
        file_ = {};
        operations::TearDown();
    }

    way read(const traffic& now) { return router_.choose(detail::rows::read, reading(file_.fd()), now); }
    way stat(const traffic& now) {
        detail::call arguments;
        arguments.at.path = "f";
        return router_.choose(detail::rows::stat, arguments, now);
    }
    void read_at_once() {
        EXPECT_TRUE(at_once_.submit(detail::rows::read, reading(file_.fd()), [] { return 0; }));
    }
    void next_poll() { router_.next_poll(delivered_ += contest::window); }
    /// Until the first window is over, and another way is tried.
    template <class Choose>
    void exhaust_patience(Choose&& choose) {
        for (int polls = 0; polls < 3; ++polls) {
            static_cast<void>(choose());
            next_poll();
        }
    }

    file file_;
    detail::inline_route at_once_;
    detail::router router_{at_once_};
    std::size_t delivered_ = 0;
};

TEST_F(Router, FewAreMadeAtOnce) {
    for (const bool in_poll : {false, true})
        for (const std::size_t n : {std::size_t{1}, std::size_t{2}}) {
            EXPECT_EQ(read({n, n, in_poll, true, true}), way::at_once);
            EXPECT_EQ(stat({n, n, in_poll, true, true}), way::at_once);
        }
}

TEST_F(Router, OfManyReadsThePollerMakesOnlyItsShare) {
    EXPECT_EQ(read(outside_polls(16, 0)), way::at_once) << "these are over before a worker wakes";
    EXPECT_EQ(read(outside_polls(1000, 0)), way::by_others) << "the others have nothing to do";
    EXPECT_EQ(read(outside_polls(1000, 1000)), way::at_once);
    EXPECT_EQ(stat(outside_polls(60, 60)), way::by_others) << "which costs a worker less";
}

TEST_F(Router, ManyReadsAreTriedInBatchesIfTheFileWasReadAtOnce) {
    EXPECT_EQ(read(many), way::at_once) << "what is usually the best comes first";
    exhaust_patience([&] { return read(many); });
    EXPECT_EQ(read(many), way::at_once) << "nothing is known of the file";
    read_at_once();
    EXPECT_EQ(read(many), way::batched);
    EXPECT_EQ(read(but(&traffic::can_batch)), way::at_once);
    EXPECT_EQ(read(outside_polls(1000, 1000)), way::at_once);
    traffic crowded = many;
    crowded.elsewhere = 0;
    std::size_t again = 0;
    while (again < 100 && at_once_.files().is_read_again(file_.fd()))
        ++again;
    EXPECT_GE(again, 8U);
    EXPECT_LT(again, 100U) << "the number may be another file's by now";
    EXPECT_EQ(read(crowded), way::at_once) << "by workers, it would never be known again";
    read_at_once();
    EXPECT_EQ(read(many), way::batched);
    detail::descriptor_memory::forget_all();
    EXPECT_EQ(read(many), way::at_once) << "it may be another file";
}

TEST_F(Router, ReadsByThePositionAreForWhoCanLockIt) {
    read_at_once();
    exhaust_patience([&] { return read(many); });
    const auto reading_on = reading(file_.fd(), detail::file_position);
    EXPECT_EQ(router_.choose(detail::rows::read, reading_on, many), way::by_others);
    EXPECT_EQ(router_.choose(detail::rows::read, reading_on, outside_polls(1, 1)), way::by_others);
}

TEST_F(Router, ReadsAreBatchedAsLongAsThePollHasTime) {
    read_at_once();
    exhaust_patience([&] { return read(many); });
    EXPECT_EQ(read(many), way::batched);
    at_once_.charge(std::int64_t(1) << 30);
    EXPECT_NE(read(many), way::batched);
}

TEST_F(Router, ABatchThatTookLongIsTheLastUntilOneReadShowsWhy) {
    read_at_once();
    exhaust_patience([&] { return read(many); });
    at_once_.note_batch(std::chrono::milliseconds(2));
    EXPECT_EQ(read(many), way::batched) << "it was a big one, or somebody else's turn";
    at_once_.note_batch(std::chrono::seconds(1));
    EXPECT_EQ(read(many), way::at_once);
    read_at_once();
    EXPECT_EQ(read(many), way::batched);
}

TEST_F(Router, AlsoIfOthersReadTheCacheIsLookedAt) {
    exhaust_patience([&] { return read(many); });  // batched
    exhaust_patience([&] { return read(many); });  // at once
    int at_once = 0, by_others = 0;
    for (int polls = 0; polls < 100 && by_others == 0; ++polls) {
        if (read(many) == way::by_others) ++by_others;
        next_poll();
    }
    for (int i = 0; i < 320; ++i)
        ++(read(many) == way::by_others ? by_others : at_once);
    EXPECT_GT(by_others, 100);
    EXPECT_GE(at_once, 8);
}

TEST_F(Router, ManyLookUpsAreTriedInBatchesIfTheyAreNotUrgent) {
    EXPECT_EQ(stat(many), way::by_others);
    exhaust_patience([&] { return stat(many); });
    EXPECT_EQ(stat(many), way::batched);
    EXPECT_EQ(stat(but(&traffic::usual)), way::by_others)
        << "it would wait for, or precede, what came before";
    EXPECT_EQ(stat(but(&traffic::can_batch)), way::by_others);
    EXPECT_EQ(router_.choose(detail::rows::stat, reading(file_.fd()), many), way::by_others) << "no path";
}

TEST_F(Router, OneThingIsTriedAtATime) {  // or each would be judged by the other's
    read_at_once();
    exhaust_patience([&] { return static_cast<void>(read(many)), stat(many); });
    EXPECT_NE(read(many) == way::batched, stat(many) == way::batched);
}

// In a context. What is the best is the host's affair; that all is tried, and the same, is ours.

class RouterInUse : public operations {
  protected:
    /// Keeps every lane busy until the ring has been tried, if there is one. `submit` takes a lane, a number
    /// that no other request has, and what its callback is to call.
    template <class Submit>
    static void keep_busy(context& io, Submit submit) {
        constexpr std::size_t enough = 12 * (contest::window + contest::settling);
        constexpr int rounds = 30;  // a slow machine makes it doubt what it sees
        std::size_t begun = 0;
        std::size_t end = 0;
        const auto go_on = [&](const auto& self, std::size_t lane) -> void {
            if (begun < end) submit(lane, begun++, [&self, lane] { self(self, lane); });
        };
        const auto tried = [&] { return io.statistics().ring_completed > contest::settling / 8; };
        for (int round = 0; round == 0 || (round < rounds && has_ring() && !tried()); ++round) {
            end += enough;
            for (std::size_t lane = 0; lane < lanes; ++lane)
                go_on(go_on, lane);
            io.flush();
        }
        EXPECT_EQ(io.statistics().outstanding, 0U);
        EXPECT_TRUE(tried() || !has_ring());
    }
    static bool has_ring() { return detail::offers_of_rings().has_value(); }

    static constexpr std::size_t lanes = 64;
};

TEST_F(RouterInUse, ManyReadsAreTheSameHoweverTheyAreMade) {
    std::vector<file> files;
    for (int i = 0; i < 8; ++i)
        files.push_back(
            open(make_file("f" + std::to_string(i), std::string(64, static_cast<char>('a' + i)))));
    std::size_t wrong = 0;
    std::array<std::array<std::byte, 16>, lanes> buffers{};
    keep_busy(*io, [&](std::size_t lane, std::size_t n, auto then) {
        const std::size_t which = n % files.size();
        auto& into = buffers[lane];
        io->submit(aio::read(files[which], into, 8), [&, which, then](const result<std::size_t>& count) {
            wrong += count != into.size() || into.front() != static_cast<std::byte>('a' + which);
            then();
        });
    });
    EXPECT_EQ(wrong, 0U);
    EXPECT_GT(io->statistics().inline_hits, 0U);
}

/// Of which each moves the position, once, whatever reads there are at offsets.
TEST_F(RouterInUse, ReadsByThePositionMissNothing) {
    constexpr std::size_t size = 1 << 20;
    constexpr std::size_t piece = 24;
    std::string content(size, ' ');
    for (std::size_t i = 0; i < size; ++i)
        content[i] = static_cast<char>('a' + i * 7 % 26);
    const file from = open(make_file("f", content));
    std::string read_on;
    bool reading_on = false;
    std::size_t wrong = 0;
    std::array<std::array<std::byte, piece>, lanes> buffers{};
    keep_busy(*io, [&](std::size_t lane, std::size_t n, auto then) {
        if (n % 3 == 0 && !std::exchange(reading_on, true)) {
            io->submit(
                aio::read_exactly(from, buffers[lane]), [&, lane, then](const result<std::size_t>& count) {
                    read_on.append(reinterpret_cast<const char*>(buffers[lane].data()), count.value_or(0));
                    reading_on = false;
                    then();
                });
            return;
        }
        const std::size_t at = n * 31 % (size - piece);
        io->submit(aio::read(from, buffers[lane], static_cast<std::int64_t>(at)),
                   [&, lane, at, then](const result<std::size_t>& count) {
                       wrong += count != piece || std::memcmp(buffers[lane].data(), &content[at], piece) != 0;
                       then();
                   });
    });
    EXPECT_EQ(wrong, 0U);
    EXPECT_GT(read_on.size(), piece);
    EXPECT_EQ(read_on, content.substr(0, read_on.size()));
    EXPECT_EQ(::lseek(from.fd(), 0, SEEK_CUR), static_cast<off_t>(read_on.size()));
}

TEST_F(RouterInUse, ManyLookUpsAreTheSameHoweverTheyAreMade) {
    const std::string there = make_file("there", "text");
    const std::string missing = path("missing");
    const file_status expected = run(aio::stat(there)).value();
    std::size_t wrong = 0;
    keep_busy(*io, [&](std::size_t, std::size_t n, auto then) {
        const bool is_there = n % 4 != 0;
        io->submit(aio::stat(is_there ? there : missing), [&, is_there,
                                                           then](const result<file_status>& found) {
            wrong += is_there ? !found || found->inode != expected.inode || found->size != expected.size ||
                                    found->mount_id != expected.mount_id || found->known != expected.known
                              : found.has_value() || found.error() != std::errc::no_such_file_or_directory;
            then();
        });
    });
    EXPECT_EQ(wrong, 0U);
    EXPECT_GT(io->statistics().threads_completed, 0U);
}

}  // namespace

}  // namespace aio::test
