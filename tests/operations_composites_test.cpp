// SPDX-License-Identifier: MIT
// load, scandir, pathsync.
#include "operations_fixture.hpp"

#include "operations/listing.hpp"
#include "operations/scandir.hpp"
#include "support/patience.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

namespace {

using aio::test::failure;
using namespace std::chrono_literals;

class Load : public aio::test::operations {};
class Pathsync : public aio::test::operations {};

class Scandir : public aio::test::operations {
  protected:
    using names = std::set<std::string>;

    static names set(const std::vector<std::string>& of) {
        names made(of.begin(), of.end());
        EXPECT_EQ(made.size(), of.size()) << "each name once";
        return made;
    }
    static void expect(const aio::result<aio::scan_result>& made, const names& directories,
                       const names& others) {
        ASSERT_TRUE(made) << made.error().message();
        EXPECT_EQ(set(made->directories), directories);
        EXPECT_EQ(set(made->others), others);
    }
};

// R-LOAD
TEST_F(Load, GivesTheWholeFileOfAnySize) {
    for (std::size_t size :
         {0U, 1U, 15U, 16U, 4096U, 16384U, 16385U, (1U << 20) - 1, 1U << 20, (1U << 20) + 1, 5'000'000U}) {
        std::string text(size, ' ');
        for (std::size_t i = 0; i < size; ++i)
            text[i] = static_cast<char>(i * 31 >> 3);
        auto loaded = run(aio::load(make_file("f", text)));
        ASSERT_TRUE(loaded) << size;
        EXPECT_TRUE(*loaded == text) << size;
    }
}

// Upstream gives 0 bytes.
TEST_F(Load, DoesNotBelieveStat) {
    EXPECT_EQ(run(aio::load("/proc/version")), content("/proc/version"));
    const std::string maps = *run(aio::load("/proc/self/smaps"));  // grows while it is read, piece by piece
    EXPECT_GT(maps.size(), 4096U);
    EXPECT_TRUE(maps.ends_with('\n'));
}

TEST_F(Load, ReadsAFifoToItsEnd) {
    const std::string fifo = make_fifo("fifo");
    std::jthread writer([&] {
        std::ofstream out(fifo);
        for (int i = 0; i < 3; ++i) {
            out << std::string(30'000, static_cast<char>('a' + i)) << std::flush;
            std::this_thread::sleep_for(2ms);
        }
    });
    EXPECT_EQ(run(aio::load(fifo)),
              std::string(30'000, 'a') + std::string(30'000, 'b') + std::string(30'000, 'c'));
}

TEST_F(Load, StopsAtTheLimit) {
    const std::string name = make_file("f", "0123456789");
    EXPECT_EQ(run(aio::load(name, 10)), "0123456789");
    EXPECT_EQ(failure(run(aio::load(name, 9))), EFBIG);
    EXPECT_EQ(failure(run(aio::load(name, 0))), EFBIG);
    EXPECT_EQ(run(aio::load(make_file("empty"), 0)), "");
    EXPECT_EQ(failure(run(aio::load("/dev/zero", 3 << 20))), EFBIG);
}

TEST_F(Load, BadPathsAreRefused) {
    aio::test::expect_bad_paths_refused(root, [&](aio::path_view p) { return failure(run(aio::load(p))); });
    EXPECT_EQ(failure(run(aio::load(root))), EISDIR);
}

TEST_F(Load, KeepsItsOwnCopyOfThePathAndTheBase) {
    make_file("f", "123");
    auto base = std::make_optional(open_root());
    std::string name = "f";
    auto task = aio::load({*base, std::string_view(name)});
    name = "somewhere else, far away, and long enough to be on the heap";
    base.reset();
    EXPECT_EQ(run(std::move(task)), "123");
    {
        auto never_started = aio::load({open_root(), "f"});
    }
}

TEST_F(Load, CancelledEndsAtOnceAlsoWhileARequestHangs) {
    const std::string fifo = make_fifo("fifo");
    std::optional<int> got;
    auto request = io->submit(aio::load(fifo), [&](aio::result<std::string> made) { got = failure(made); });
    io->wait(20ms);
    io->poll();
    request.cancel();
    io->flush(aio::test::long_enough());
    EXPECT_EQ(got, ECANCELED);
    aio::file release(
        ::open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));  // lets the abandoned open return
    EXPECT_TRUE(aio::test::eventually([&] { return io->statistics().abandoned == 0; }));
}

// R-SCANDIR
TEST_F(Scandir, TellsDirectoriesFromTheRest) {
    make_file("file");
    make_file("dir.with.dots.txt");
    make_fifo("fifo");
    for (const char* name : {"d", "directory", ".hidden", "d.d"})
        ASSERT_EQ(::mkdir(path(name).c_str(), 0700), 0);
    ASSERT_EQ(::symlink("d", path("to-directory").c_str()), 0);
    ASSERT_EQ(::symlink("nowhere", path("dangling").c_str()), 0);
    const names directories = {"d", "directory", ".hidden", "d.d"};
    const names others = {"file", "dir.with.dots.txt", "fifo", "to-directory", "dangling"};
    for (std::size_t requests : {0U, 1U, 2U, 4U, 100U})
        expect(run(aio::scandir(root, requests)), directories, others);
    expect(run(aio::scandir(open_root())), directories, others);
    ASSERT_EQ(::symlink(".", path("self").c_str()), 0);
    expect(run(aio::scandir(path("self/d"))), {}, {});
    expect(run(aio::scandir(path("self"))), directories,
           {"file", "dir.with.dots.txt", "fifo", "to-directory", "dangling", "self"});
}

TEST_F(Scandir, BadPathsAreRefused) {
    aio::test::expect_bad_paths_refused(root,
                                        [&](aio::path_view p) { return failure(run(aio::scandir(p))); });
    EXPECT_EQ(failure(run(aio::scandir(make_file("f")))), ENOTDIR);
}

// B-30
TEST_F(Scandir, CallsItsCallbackOnce) {
    int calls = 0;
    io->submit(aio::scandir(path("missing")), [&](aio::result<aio::scan_result>) { ++calls; });
    io->submit(aio::scandir(make_file("f")), [&](aio::result<aio::scan_result>) { ++calls; });
    io->submit(aio::scandir(root), [&](aio::result<aio::scan_result>) { ++calls; });
    io->submit(aio::scandir(root), [&](aio::result<aio::scan_result>) { ++calls; }).cancel();
    io->flush();
    EXPECT_EQ(calls, 4);
}

TEST_F(Scandir, UnsearchableDirectoriesAreAmongTheOthers) {
    ASSERT_EQ(::chmod(root.c_str(), 0755), 0);
    ASSERT_EQ(::mkdir(path("open").c_str(), 0755), 0);
    ASSERT_EQ(::mkdir(path("closed").c_str(), 0755), 0);
    ASSERT_EQ(::chmod(path("open").c_str(), 0755), 0);
    ASSERT_EQ(::chmod(path("closed").c_str(), 0444), 0);
    EXPECT_EQ(as_nobody([&] {
                  aio::context theirs;
                  auto made = theirs.run(aio::scandir(root));
                  if (!made) return 1;
                  if (made->directories != std::vector<std::string>{"open"}) return 2;
                  if (made->others != std::vector<std::string>{"closed"}) return 3;
                  return 0;
              }),
              0);
}

TEST_F(Scandir, KeepsWithinItsRequests) {
    for (int i = 0; i < 50; ++i)
        ASSERT_EQ(::mkdir(path("d" + std::to_string(i)).c_str(), 0700), 0);
    std::size_t most = 0;
    bool done = false;
    io->submit(aio::scandir(root, 3), [&](aio::result<aio::scan_result> made) {
        done = true;
        EXPECT_EQ(made->directories.size(), 50U);
    });
    while (!done) {
        const auto counts = io->statistics();
        most = std::max(most, counts.ready + counts.running);
        io->poll();
    }
    EXPECT_LE(most, 3U);
}

TEST_F(Scandir, CancelledInTheMiddleLeavesNothing) {
    for (int i = 0; i < 200; ++i)
        ASSERT_EQ(::mkdir(path("d" + std::to_string(i)).c_str(), 0700), 0);
    for (int turns = 0; turns < 40; ++turns) {
        int outcome = -1;
        auto request = io->submit(aio::scandir(root, 8),
                                  [&](aio::result<aio::scan_result> made) { outcome = failure(made); });
        for (int i = 0; i < turns && !request.done(); ++i) {
            io->wait(1s);
            io->poll({.requests = 1});
        }
        request.cancel();
        io->flush();
        EXPECT_TRUE(outcome == ECANCELED || outcome == 0) << outcome;
    }
}

/// What readdir gives where the file system does not tell types.
aio::directory_listing untyped(const std::string& root, std::optional<std::string> also = {}) {
    aio::directory_listing::builder builder;
    for (const auto& each : std::filesystem::directory_iterator(root))
        EXPECT_TRUE(builder.add(each.path().filename().string(), aio::file_type::unknown, 1));
    if (also) {
        EXPECT_TRUE(builder.add(*also, aio::file_type::unknown, 1));
    }
    return std::move(builder).finish({.directories_first = true});
}

TEST_F(Scandir, AsksForTypesThatTheFileSystemDoesNotTell) {
    make_file("file");
    ASSERT_EQ(::mkdir(path("d").c_str(), 0700), 0);
    ASSERT_EQ(::mkdir(path("long.directory.name").c_str(), 0700), 0);
    ASSERT_EQ(::symlink("d", path("to-directory").c_str()), 0);
    auto base = open_root();
    const auto listing = untyped(root, "vanished");
    expect(run(aio::detail::classify(base, listing, {}, 2)), {"d", "long.directory.name"},
           {"file", "to-directory", "vanished"});
    // Stops asking when all directories are found: what it would find is told wrong on purpose.
    expect(run(aio::detail::classify(base, listing, 1, 1)), {"d"},
           {"long.directory.name", "file", "to-directory", "vanished"});
    expect(run(aio::detail::classify(base, listing, 0, 1)), {},
           {"d", "long.directory.name", "file", "to-directory", "vanished"});
}

TEST(Links, TellTheNumberOfDirectoriesOnlyIfNothingChanged) {
    aio::file_status before;
    before.links = 5;
    before.mtime = {1000, 0};
    const auto told = [&](const aio::file_status& after, std::time_t now) {
        return aio::detail::directories_in(before, after, now);
    };
    EXPECT_EQ(told(before, 2000), 3U);
    EXPECT_EQ(told(before, 1000), std::nullopt) << "may change within the second";
    aio::file_status after = before;
    after.mtime.tv_nsec = 1;
    EXPECT_EQ(told(after, 2000), std::nullopt);
    after = before;
    after.size = 1;
    EXPECT_EQ(told(after, 2000), std::nullopt);
    after = before;
    after.inode = 1;
    EXPECT_EQ(told(after, 2000), std::nullopt);
    before.links = 1;  // a file system that does not count
    EXPECT_EQ(told(before, 2000), std::nullopt);
    before.links = 2;
    EXPECT_EQ(told(before, 2000), 0U);
}

// R-PATHSYNC
TEST_F(Pathsync, SyncsFilesAndDirectories) {
    EXPECT_EQ(failure(run(aio::pathsync(root))), 0);
    EXPECT_EQ(failure(run(aio::pathsync(make_file("f")))), 0);
    EXPECT_EQ(failure(run(aio::pathsync(open_root()))), 0);
    EXPECT_EQ(failure(run(aio::pathsync({open_root(), "f"}))), 0);
}

TEST_F(Pathsync, SaysWhatFailed) {
    EXPECT_EQ(failure(run(aio::pathsync(make_fifo("fifo")))), EINVAL) << "and does not wait for a writer";
    EXPECT_EQ(failure(run(aio::pathsync("/dev/null"))), EINVAL);
    aio::test::expect_bad_paths_refused(root,
                                        [&](aio::path_view p) { return failure(run(aio::pathsync(p))); });
}

}  // namespace
