// SPDX-License-Identifier: MIT
// The test files of the seed's distribution (ioaio.md section 3), re-expressed. Their loop is `pcb`: while
// requests are outstanding, wait until the descriptor is readable, then poll.
#include "support/child.hpp"
#include "support/leaks.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

class Seed : public leak_checked {
  protected:
    static void pcb(context& io) {
        while (io.statistics().outstanding) {
            ASSERT_TRUE(becomes_readable(io.fd())) << "with requests outstanding it must become readable";
            io.poll();
        }
    }
    static std::set<std::string> names_in(const std::string& directory) {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(directory))
            names.insert(entry.path().filename());
        return names;
    }
};

TEST_F(Seed, Load) {  // T-00: limits can be set, and the end does not hang with a limit of 0
    child_end end = run_in_child([] {
        context io;
        io.threads({.min = 10});
        io.threads({.max = 0});
        std::exit(0);
    });
    EXPECT_EQ(unexpected_end(end), "");
}

TEST_F(Seed, Stat) {  // T-01
    temporary_tree tree;
    const std::string path = tree.write("AIO.xs", "source");
    context io;
    file opened;
    io.submit(open(path, O_RDONLY), [&](result<file> given) { opened = std::move(given.value()); });
    pcb(io);
    EXPECT_TRUE(opened);
    int checks = 0;
    const std::string root = tree.root();
    io.submit(stat(root), [&](result<file_status> status) { checks += status.value().is_directory(); });
    pcb(io);
    file_status by_path;
    io.submit(stat(path), [&](result<file_status> status) {
        by_path = status.value();
        checks += by_path.is_regular();
    });
    pcb(io);
    io.submit(lstat(path), [&](result<file_status> status) { checks += status.value().is_regular(); });
    pcb(io);
    const int duplicate = ::fcntl(opened.fd(), F_DUPFD_CLOEXEC, 0);
    EXPECT_GE(duplicate, 0) << "the descriptor is real, and the handle's";
    ::close(duplicate);
    io.submit(stat(opened), [&](result<file_status> status) {
        checks += same_file(status.value(), by_path) && status->size == by_path.size &&
                  status->mode == by_path.mode && status->links == by_path.links &&
                  status->uid == by_path.uid && status->mtime.tv_nsec == by_path.mtime.tv_nsec;
    });
    pcb(io);
    io.submit(close(std::move(opened)), [&](result<> closed) { checks += closed.has_value(); });
    pcb(io);
    EXPECT_EQ(checks, 5);
}

TEST_F(Seed, Read) {  // T-02
    temporary_tree tree;
    const std::string path = tree.write("file", "0123456789abcdefghijklmnopqrstuvwxyz");
    context io;
    file opened;
    io.submit(open(path, O_RDONLY), [&](result<file> given) { opened = std::move(given.value()); });
    pcb(io);
    std::string buffer = "xxxyyyyyyyyyyyyyyyyyyyyyyyy";
    io.submit(read(opened, std::as_writable_bytes(std::span(buffer)).subspan(3, 15), 7),
              [&](result<std::size_t> got) { buffer.resize(3 + got.value()); });
    pcb(io);
    EXPECT_EQ(buffer, "xxx789abcdefghijkl");
}

TEST_F(Seed, Errors) {  // T-03
    temporary_tree tree;
    context io;
    std::vector<std::string> seen;
    auto note = [&](std::string what) {
        return [&seen, what](const auto& outcome) {
            seen.push_back(what + (outcome ? "" : " " + std::to_string(outcome.error().value())));
        };
    };
    const std::string dir = tree / "dir";
    const std::string path = dir + "/file";
    io.submit(open(path, O_WRONLY | O_CREAT, 0644), note("open"));
    pcb(io);
    io.submit(mkdir(dir, 0755), note("mkdir"));
    pcb(io);
    file written;
    io.submit(open(path, O_WRONLY | O_CREAT, 0644),
              [&](result<file> given) { written = std::move(given.value()); });
    pcb(io);
    ASSERT_EQ(::write(written.fd(), "x", 1), 1);
    EXPECT_TRUE(exists(path));
    io.submit(unlink(dir + "/missing"), note("unlink"));
    pcb(io);
    file readable;
    io.submit(open(path, O_RDONLY), [&](result<file> given) { readable = std::move(given.value()); });
    pcb(io);
    io.submit(write(readable, "text"), note("write"));  // as 3.15: EBADF to the callback
    pcb(io);
    io.submit(symlink("a\\b\\c", dir + "/link"), note("symlink"));
    pcb(io);
    io.submit(readlink(dir + "/link"), [&](result<std::string> text) { seen.push_back(text.value()); });
    pcb(io);
    io.submit(unlink(dir + "/link"), note("unlink"));
    io.submit(unlink(path), note("unlink"));
    pcb(io);
    io.submit(rmdir(dir), note("rmdir"));
    pcb(io);
    EXPECT_EQ(seen,
              (std::vector<std::string>{"open " + std::to_string(ENOENT), "mkdir",
                                        "unlink " + std::to_string(ENOENT), "write " + std::to_string(EBADF),
                                        "symlink", "a\\b\\c", "unlink", "unlink", "rmdir"}));
}

TEST_F(Seed, Fork) {  // T-04
    context io;
    std::vector<int> order;
    io.submit(nop(), [&](result<>) { order.push_back(6); });
    io.submit(busy(300ms), [&](result<>) { order.push_back(8); });
    child_end end = run_in_child([&] {
        order.clear();
        io.submit(stat("/"), [&](result<file_status>) { order.push_back(3); });
        order.push_back(2);
        while (io.statistics().outstanding) {
            require(becomes_readable(io.fd()));
            io.poll();
        }
        order.push_back(4);
        require(order == std::vector<int>({2, 3, 4}));
    });
    EXPECT_EQ(unexpected_end(end), "");
    io.submit(stat("/"), [&](result<file_status>) { order.push_back(7); });
    order.push_back(5);
    pcb(io);
    EXPECT_EQ(order, (std::vector<int>{5, 6, 7, 8}));
}

TEST_F(Seed, Readdir) {  // T-05
    temporary_tree tree;
    for (int i = 0; i < 200; ++i)
        tree.write("file" + std::to_string(i));
    for (int i = 0; i < 20; ++i)
        std::filesystem::create_directory(tree / ("dir" + std::to_string(i)));
    const std::string root = tree.root();
    const std::set<std::string> expected = names_in(root);
    context io;
    io.submit(readdir(root), [&](result<directory_listing> listing) {
        std::set<std::string> names;
        for (auto entry : listing.value())
            names.emplace(entry.name);
        EXPECT_EQ(names, expected);
        EXPECT_EQ(listing->size(), expected.size());
    });
    pcb(io);
    io.submit(scandir(root, 0), [&](result<scan_result> scanned) {
        std::set<std::string> names(scanned.value().directories.begin(), scanned->directories.end());
        EXPECT_EQ(names.size(), 20U);
        names.insert(scanned->others.begin(), scanned->others.end());
        EXPECT_EQ(names, expected);
    });
    pcb(io);
    std::vector<std::string> first;
    io.submit(readdir(root, {.stat_order = true}), [&](result<directory_listing> listing) {
        std::uint64_t last = 0;
        for (auto entry : listing.value()) {
            EXPECT_GE(entry.inode, last);
            last = entry.inode;
            first.emplace_back(entry.name);
        }
    });
    pcb(io);
    io.submit(readdir(root, {.stat_order = true}), [&](result<directory_listing> listing) {
        std::vector<std::string> names;
        for (auto entry : listing.value())
            names.emplace_back(entry.name);
        EXPECT_EQ(names, first);
    });
    pcb(io);
}

TEST_F(Seed, Group) {  // T-06
    context io;
    std::vector<int> order;
    group first(io, {}, [&](result<> outcome) {
        EXPECT_EQ(outcome.error(), std::errc::file_exists);
        order.push_back(4);
    });
    first.result(std::make_error_code(std::errc::file_exists));
    first.add(busy(0s), [&](result<>) { order.push_back(3); });
    first.add(busy(0s), [&](result<>) { order.push_back(99); }).forget();
    pcb(io);
    group second(io, {}, [&](result<>) { order.push_back(98); });
    second.add(busy(0s), [&](result<>) { order.push_back(97); });
    second.forget();
    pcb(io);
    group empty(io, {}, [&](result<>) { order.push_back(8); });
    order.push_back(7);
    pcb(io);
    io.submit(busy(0s), [&](result<>) { order.push_back(9); });
    pcb(io);
    io.submit(nop(), [&](result<>) { order.push_back(10); });
    pcb(io);
    EXPECT_EQ(order, (std::vector<int>{3, 4, 7, 8, 9, 10}));
}

TEST_F(Seed, Feeder) {  // T-07
    context io;
    int fed = 0;
    int members = 0;
    int ended = 0;
    group all(io, {.limit = 5}, [&](result<>) {
        ++ended;
        EXPECT_EQ(members, 10);
    });
    all.feed([&](group& to) {
        if (fed == 10) return;
        ++fed;
        request added = to.add(busy(1ms).with({.priority = fed}), [](result<>) { FAIL() << "replaced"; });
        EXPECT_TRUE(added.callback<result<>>([&](result<>) { ++members; }));
    });
    EXPECT_EQ(fed, 5);
    EXPECT_EQ(members, 0);
    pcb(io);
    EXPECT_EQ(fed, 10);
    EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace aio::test
