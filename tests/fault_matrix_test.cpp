// SPDX-License-Identifier: MIT
// The fault matrix: every operation, on every engine, in every way of use, meets every error that its row
// names, short counts, and what may be said of any call, at each of the system calls that it makes.
#include "support/allocations.hpp"
#include "support/failing_ring.hpp"
#include "support/operations.hpp"
#include "support/system_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

/// What any call may say: that a signal came, that it would block, that there is no such thing here.
constexpr int of_any_call[] = {EINTR, EAGAIN, ENOSYS, EOPNOTSUPP, EINVAL};

/// Where an error is not the outcome, since the operation has another way: docs/behaviour.md says so.
struct way_out {
    std::string_view operation;    // its beginning
    std::string_view call;         // its beginning
    std::vector<int> errors = {};  // all, if empty
    int n = -1;                    // only of the operation's n-th call
};
// clang-format off
const way_out ways_out[] = {
    {"", "", {EINTR}},                                       // made again
    {"", "preadv2"},                                         // C-ROUTES: a worker makes the call
    {"", "pwritev2"},                                        // by which the ring route asks for offsets: too
    {"read_exactly", "", {EAGAIN}},                          // R-READALL waits
    {"pread_exactly", "", {EAGAIN}},
    {"readv_exactly", "", {EAGAIN}},
    {"load", "pread", {EAGAIN}},
    {"write_all", "", {EAGAIN}},                             // R-WRITEALL waits
    {"writev_all", "", {EAGAIN}},
    {"open_directory", "openat", {EACCES}},                  // R-OPENDIR: as a base it is enough
    {"make_directories", "mkdirat", {}, 1},                  // R-MKDIRS: it is there, whatever mkdir says of it
    {"sendfile", "sendfile", {ENOSYS, EINVAL, EOPNOTSUPP}},  // R-SENDFILE copies in pieces
    {"readahead", "readahead", {ENOSYS}},                    // R-READAHEAD reads
    {"sync_file_range", "sync_file_range", {ENOSYS}},        // R-SYNCRANGE is fdatasync
    {"scandir", "statx", {EACCES, EIO, EMFILE, ENFILE, ESTALE, EAGAIN, ENOSYS, EOPNOTSUPP, EINVAL}},
    {"scandir", "ring statx", {EACCES, EIO, EMFILE, ENFILE, ESTALE}},
};                                                           // R-SCANDIR: an entry of the others
// clang-format on

/// Whose outcome says what close said. Otherwise something is closed of which nothing is to be learnt.
bool is_about_close(std::string_view operation) {
    return operation.starts_with("clos") || operation == "pathsync";
}

/// C-ROUTES: what a ring fails at, a worker makes, but for errors of syncing, which are told once; and rights
/// that are missing are the call's own, after one like it was made.
bool is_left_to_workers(std::string_view call, int error) {
    constexpr int refusals[] = {EAGAIN, EINVAL, ENOSYS, EOPNOTSUPP, ENOMEM};
    if (!call.starts_with("ring ")) return false;
    if (call == "ring fsync" || call == "ring fdatasync") return error == EAGAIN;
    return call.starts_with("ring read") || call.starts_with("ring write") ||
           std::ranges::find(refusals, error) != std::end(refusals);
}

bool has_way_out(std::string_view operation, std::string_view call, int error, int n) {
    if (call == "close" && !is_about_close(operation)) return true;
    if (is_left_to_workers(call, error)) return true;
    return std::ranges::any_of(ways_out, [&](const way_out& each) {
        return operation.starts_with(each.operation) && call.starts_with(each.call) &&
               (each.n < 0 || each.n == n) &&
               (each.errors.empty() || std::ranges::find(each.errors, error) != each.errors.end());
    });
}

/// The parts of `pieces` that the first `bytes` bytes go to.
std::vector<iovec> front_of(std::span<const iovec> pieces, std::size_t bytes) {
    std::vector<iovec> front;
    for (iovec each : pieces) {
        each.iov_len = std::min(each.iov_len, bytes);
        bytes -= each.iov_len;
        front.push_back(each);
    }
    return front;
}

class FaultMatrix : public operation_test {
  protected:
    static void TearDownTestSuite() { std::printf("fault matrix: %zu cells\n", all_cells); }

    void SetUp() override {
        operation_test::SetUp();
        engine_context io = make_used_context();
        scene at(in_memory());
        const std::size_t before = count_descriptors_below(at.root);
        const auto moved = operation.good(way::run, *io, at);
        ASSERT_TRUE(moved);
        size_ = *moved;
        closes_ = before - count_descriptors_below(at.root);
    }

    /// One that has its ring, if it uses one.
    [[nodiscard]] engine_context make_used_context() const {
        engine_context io = make_context();
        scene at(in_memory());
        EXPECT_TRUE(operation.good(way::run, *io, at));
        return io;
    }

    /// All that may befall a system call of the operation.
    [[nodiscard]] std::vector<fault> faults() const {
        std::vector<fault> all;
        const auto named = operation.row ? operation.row->errors : detail::errors::opening;
        if (operation.row && named.each().empty()) return all;  // it makes none, or none that fails
        for (const auto& some : {named.each(), std::span<const int>(of_any_call)})
            for (int each : some)
                all.push_back({.error = each});
        all.push_back({.short_count = true});
        return all;
    }

    /// One use of the operation, whose call `n`, or all from there on, meet `what`; false if it makes no more
    /// than `n`.
    bool meets(context& io, way how, const fault& what, int n, lasting lasts) {
        scene at(in_memory());
        const std::string before = at.look();
        const std::size_t descriptors = count_descriptors_below(at.root);
        result<std::size_t> outcome;
        std::string call;
        {
            const failing_system_call fails({at.root}, what, n, lasts);
            outcome = operation.good(how, io, at);
            call = fails.happened();
        }
        if (call.empty()) return false;
        ++cells_;
        SCOPED_TRACE(std::string(name_of(how)) + ": " + call + " (" + std::to_string(n) + ") " +
                     (what.short_count ? "is short" : ::strerrorname_np(what.error)) +
                     (lasts == lasting::one ? "" : " from then on"));
        if (what.short_count)
            is_continued(outcome, call);
        else if (lasts == lasting::one &&
                 (has_way_out(operation.name, call, what.error, n) || (outcome && is_tried_at_once(call))))
            EXPECT_EQ(outcome, size_);
        else
            arrives(outcome, what.error, at, before);
        EXPECT_TRUE(at.buffer.intact_but(touched(at, outcome)));

        EXPECT_EQ(count_descriptors_below(at.root), descriptors - closes_);
        EXPECT_TRUE(io.run(nop()));
        const statistics now = io.statistics();
        EXPECT_EQ(now.outstanding + now.ready + now.running + now.pending + now.abandoned, 0U);
        return true;
    }

    std::size_t cells_ = 0;
    static inline std::size_t all_cells = 0;

  private:
    /// C-ROUTES: of stat and open, what is asked at once and goes wrong is a worker's to find out about. Its
    /// calls have the same names.
    [[nodiscard]] bool is_tried_at_once(std::string_view call) const {
        const std::string_view on = std::get<0>(GetParam()).name;
        return (on == "automatic" || on == "inline") && (call == "statx" || call == "close");
    }
    [[nodiscard]] bool moves_all() const {
        return !operation.row || operation.row->short_counts == detail::short_counts::none;
    }
    [[nodiscard]] bool reads_vectors() const { return std::string_view(operation.name).starts_with("readv"); }

    /// A short count is the outcome, unless the operation promises more.
    void is_continued(const result<std::size_t>& outcome, std::string_view call) const {
        ASSERT_TRUE(outcome) << outcome.error().message();
        if (moves_all() || call == "preadv2") {
            EXPECT_EQ(*outcome, size_);
        } else {
            EXPECT_GE(*outcome, 1U);
            EXPECT_LE(*outcome, size_);
            if (!call.starts_with("ring ")) {
                EXPECT_LT(*outcome, size_);  // asked once more, if it was in memory
            }
        }
    }

    /// The error is the outcome, and there is no effect.
    void arrives(const result<std::size_t>& outcome, int error, const scene& at,
                 const std::string& before) const {
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().value(), error) << outcome.error().message();
        EXPECT_EQ(outcome.error().category(), std::system_category());
        if (std::string_view(operation.name) != "make_directories") {
            EXPECT_EQ(at.look(), before);
        }
    }

    [[nodiscard]] std::vector<iovec> touched(const scene& at, const result<std::size_t>& outcome) const {
        const std::size_t bytes = outcome.value_or(0);
        if (reads_vectors()) return front_of(at.vectors(), bytes);
        return {iovec{at.buffer.bytes().data(), bytes}};
    }

    std::size_t size_ = 0;    // what it moves without a fault
    std::size_t closes_ = 0;  // descriptors of the scene
    const failing_rings rings_;
};

TEST_P(FaultMatrix, OfEveryCall) {
    auto io = make_used_context();
    for (way how : all_ways)
        for (const fault& what : faults())
            for (int n = 0; meets(*io, how, what, n, lasting::one); ++n)
                ASSERT_LT(n, 100);
    EXPECT_TRUE(cells_ || faults().empty());
    all_cells += cells_;
}

TEST_P(FaultMatrix, OfAllCalls) {  // another way does not help then, if it needs calls that tell
    auto io = make_used_context();
    for (way how : all_ways)
        for (const fault& what : faults()) {
            const bool read_by_hand = std::string_view(operation.name) == "readahead" && what.error == ENOSYS;
            if (what.error && what.error != EINTR && !read_by_hand)
                meets(*io, how, what, 0, lasting::from_then_on);
        }
    all_cells += cells_;
}

/// An operation that promises all never passes off a write of nothing as that.
TEST_P(FaultMatrix, AWriteThatMovesNothingIsNoSuccess) {
    if (!std::string_view(operation.name).starts_with("write_all")) return;
    auto io = make_used_context();
    for (way how : all_ways) {
        scene at(in_memory());
        const judged_system_calls nothing({at.root}, [](std::string_view call, const std::string&, auto) {
            return fault{.nothing = call == "write"};
        });
        const auto outcome = operation.good(how, *io, at);
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().value(), EIO);
        EXPECT_EQ(io->statistics().outstanding, 0U);
        ++all_cells;
    }
}

/// Neither memory nor mappings are left by a round of faults. Only of the first may some stay, in the caches
/// of this thread and of the C library, and by chance of the next, if more was in use at once.
TEST_P(FaultMatrix, LeavesNoMemoryBehind) {
    const std::size_t threads = count_threads();
    auto left_by_round = [&] {
        const std::size_t bytes = allocated_bytes();
        const std::size_t mappings = count_mappings();
        {
            engine_context io = make_used_context();
            for (const fault& what : faults())
                for (int n = 0; meets(*io, way::callback, what, n, lasting::one); ++n)
                    continue;
        }
        EXPECT_TRUE(eventually([&] { return count_threads() <= threads; }));
        std::this_thread::sleep_for(std::chrono::milliseconds(5));  // a worker's last acts are not announced
        return allocated_bytes() > bytes || count_mappings() > mappings;
    };
    int rounds = 0;
    while (left_by_round() && ++rounds < 6)
        continue;
    EXPECT_LT(rounds, 6) << "each leaves something";
}

AIO_WITH_EVERY_OPERATION(FaultMatrix);

}  // namespace
}  // namespace aio::test
