// SPDX-License-Identifier: MIT
// router: of few calls those that may be quick are made at once; of many, the faster way is found by trying.
#include "router.hpp"

#include "operations/rows.hpp"
#include "operations_fixture.hpp"
#include "ring.hpp"

#include <gtest/gtest.h>
#include <aio/aio.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace aio::test {

namespace {

using detail::contest;
using detail::traffic;
using detail::way;

detail::call reading(int fd) {
    detail::call arguments;
    arguments.at.fd = fd;
    arguments.data = {.buffer = nullptr, .size = 0, .offset = 0};
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
    way read(const traffic& now, int priority = 0) {
        return router_.choose(detail::rows::read, reading(file_.fd()), now, priority);
    }
    way stat(const traffic& now, int priority = 0) {
        detail::call arguments;
        arguments.at.path = "f";
        return router_.choose(detail::rows::stat, arguments, now, priority);
    }
    /// Until the first window is over, and another way is tried.
    template <class Choose>
    void exhaust_patience(Choose&& choose) {
        for (std::size_t i = 0; i < 4; ++i) {
            choose();
            router_.next_poll(delivered_ += contest::window);
        }
    }
    /// As the inline route notes it.
    void read_at_once() {
        EXPECT_TRUE(at_once_.submit(detail::rows::read, reading(file_.fd()), [] { return 0; }));
    }

    file file_;
    detail::inline_route at_once_;
    detail::router router_{at_once_};
    std::size_t delivered_ = 0;
};

TEST_F(Router, FewAreMadeAtOnce) {
    for (const bool in_poll : {false, true})
        for (const std::size_t n : {1, 2}) {
            EXPECT_EQ(read({n, n, in_poll, true}), way::at_once);
            EXPECT_EQ(stat({n, n, in_poll, true}), way::at_once);
        }
}

TEST_F(Router, OfManyReadsThePollerMakesOnlyItsShare) {
    EXPECT_EQ(read({16, 0, false, false}), way::at_once) << "these are over before a worker wakes";
    EXPECT_EQ(read({1000, 0, false, false}), way::by_workers) << "the others have nothing to do";
    EXPECT_EQ(read({1000, 1000, false, false}), way::at_once);
    EXPECT_EQ(stat({60, 60, false, false}), way::by_workers) << "which costs a worker less";
}

TEST_F(Router, ManyReadsAreTriedInBatchesIfTheFileWasReadAtOnce) {
    const traffic many{1000, 1000, true, true};
    EXPECT_EQ(read(many), way::at_once) << "what is usually the best comes first";
    exhaust_patience([&] { read(many); });
    EXPECT_EQ(read(many), way::at_once) << "nothing is known of the file";
    read_at_once();
    std::size_t batched = 0;
    while (batched < 100 && read(many) == way::batched)
        ++batched;
    EXPECT_GE(batched, 8U);
    EXPECT_LT(batched, 100U) << "the number may be another file's by now";
    read_at_once();
    EXPECT_EQ(read(many), way::batched);
    EXPECT_EQ(read({1000, 1000, true, false}), way::at_once) << "no ring";
    EXPECT_EQ(read({1000, 1000, false, true}), way::at_once) << "no poll hands it over with others";
    detail::descriptor_memory::forget_all();
    EXPECT_EQ(read(many), way::at_once) << "it may be another file";
}

TEST_F(Router, ReadsAreBatchedAsLongAsThePollHasTime) {
    const traffic many{1000, 1000, true, true};
    read_at_once();
    exhaust_patience([&] { read(many); });
    EXPECT_EQ(read(many), way::batched);
    at_once_.charge(std::int64_t(1) << 30);
    EXPECT_NE(read(many), way::batched);
}

TEST_F(Router, ManyLookUpsAreTriedInBatchesIfTheyAreNotUrgent) {
    const traffic many{1000, 1000, true, true};
    EXPECT_EQ(stat(many), way::by_workers);
    exhaust_patience([&] { stat(many); });
    EXPECT_EQ(stat(many), way::batched);
    EXPECT_EQ(stat(many, 1), way::by_workers) << "the kernel's threads would make what came before";
    EXPECT_EQ(stat({1000, 1000, true, false}), way::by_workers) << "no ring";
    const auto open_file = router_.choose(detail::rows::stat, reading(file_.fd()), many, 0);  // no path
    EXPECT_EQ(open_file, way::by_workers);
    detail::call arguments;
    arguments.at.path = "f";
    EXPECT_EQ(router_.choose(detail::rows::open, arguments, many, 0), way::by_workers) << "not by rings";
}

// In a context. What is the best is the host's affair; that all is tried, and the same, is ours.

class RouterInUse : public operations {
  protected:
    /// Keeps every lane busy until enough is done. `submit` takes a lane, a number that no other request has,
    /// and what its callback is to call.
    template <class Submit>
    static void keep_busy(context& io, Submit submit) {
        constexpr std::size_t enough = 12 * (contest::window + contest::settling);
        std::size_t begun = 0;
        const auto go_on = [&](const auto& self, std::size_t lane) -> void {
            if (begun < enough) submit(lane, begun++, [&self, lane] { self(self, lane); });
        };
        for (std::size_t lane = 0; lane < lanes; ++lane)
            go_on(go_on, lane);
        io.flush();
        EXPECT_EQ(io.statistics().outstanding, 0U);
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
    const statistics counted = io->statistics();
    EXPECT_GT(counted.inline_hits, contest::window);
    if (has_ring()) {
        EXPECT_GT(counted.ring_completed, contest::settling);
    }
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
    const statistics counted = io->statistics();
    EXPECT_GT(counted.threads_completed, contest::window);
    if (has_ring()) {
        EXPECT_GT(counted.ring_completed, contest::settling / 8);
    }
}

}  // namespace

}  // namespace aio::test
