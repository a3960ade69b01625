// SPDX-License-Identifier: MIT
// Disks that fail: what the kernel says where a file system's disk does not read or write, on every engine
// and of the tool. Only for the machine of `./dev kernels`: it has a device mapper, and a disk that is
// nobody's.
#include "support/engines.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace aio::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block = 4096;
const std::string text(2 << 20, 'x');
const std::string other_text(2 << 20, 'y');
const std::string disk = "/failing";

// Of the device mapper.
constexpr const char* works = "linear /dev/vdb 0";
constexpr const char* fails = "error";
constexpr const char* fails_to_write = "flakey /dev/vdb 0 0 3600 1 error_writes";

void shell(const std::string& command) {
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

/// What the disk does from now on.
void let_the_disk_be(const std::string& target) {
    shell("dmsetup load failing --table \"0 $(cat /sys/block/vdb/size) " + target +
          "\" && dmsetup resume --noflush --nolockfs --noudevsync failing");
}

template <class Outcome>
int failure(const Outcome& outcome) {
    return outcome ? 0 : outcome.error().value();
}

std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& each : fs::directory_iterator(directory))
        names.push_back(each.path().filename());
    return names;
}

/// With a new file system on the disk, which holds `old` and, in `tree`, `cached` and `lost`.
class disk_that_fails {
  public:
    disk_that_fails() {
        let_the_disk_be(works);
        shell("mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 /dev/dm-0 >/dev/null");
        mount();
        fs::create_directory(disk + "/tree");
        for (const char* each : {"/old", "/tree/cached", "/tree/lost"})
            std::ofstream(disk + each) << text;
        forget();
    }
    disk_that_fails(const disk_that_fails&) = delete;
    disk_that_fails& operator=(const disk_that_fails&) = delete;
    ~disk_that_fails() {
        let_the_disk_be(works);
        unmount();
    }

    /// From now on no content can be read, but the first half of `old` and all of `tree/cached`, which are in
    /// memory, as are the names, and where there is room.
    void fail_to_read() {
        std::ofstream(disk + "/room") << text;  // or ENOSPC is what ext4 says of a map that it cannot read
        ::sync();
        ASSERT_TRUE(content_of(disk + "/tree/cached") == text);
        ASSERT_TRUE(exists(disk + "/tree/lost"));
        const file old(::open((disk + "/old").c_str(), O_RDONLY | O_CLOEXEC));
        std::vector<char> half(text.size() / 2);
        ASSERT_EQ(::posix_fadvise(old.fd(), 0, 0, POSIX_FADV_RANDOM), 0);  // and no more than that
        ASSERT_EQ(::pread(old.fd(), half.data(), half.size(), 0), static_cast<ssize_t>(half.size()));
        let_the_disk_be(fails);
    }
    /// Nor names.
    void fail_to_read_names() { let_the_disk_be(fails); }
    void fail_to_write() { let_the_disk_be(fails_to_write); }

    /// Works again; what was only in memory is gone.
    void replace() {
        let_the_disk_be(works);
        forget();
    }

  private:
    static void forget() {
        unmount();
        mount();
    }
    static void mount() {
        // Nothing is committed in between: an error then would make the file system read-only.
        ASSERT_EQ(::mount("/dev/dm-0", disk.c_str(), "ext4", MS_NOATIME, "commit=600"), 0) << errno;
    }
    static void unmount() { ASSERT_EQ(::umount(disk.c_str()), 0) << errno; }
};

class FailingDisk : public engine_test {
  protected:
    temporary_tree tree;
    const std::string source = tree.write("source", other_text);
    disk_that_fails ext4;
};

TEST_P(FailingDisk, ReadsAreEIO) {
    auto io = make_context();
    const file old(::open((disk + "/old").c_str(), O_RDONLY | O_CLOEXEC));
    const file direct(::open((disk + "/old").c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
    const file out(::open((tree / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ext4.fail_to_read();
    alignas(block) std::array<std::byte, block> buffer = {};
    const auto half = static_cast<std::int64_t>(text.size() / 2);
    EXPECT_EQ(io->run(read(old, std::span(buffer), 0)).value(), block) << "of what is in memory";
    EXPECT_EQ(failure(io->run(read(old, std::span(buffer), half))), EIO);
    EXPECT_EQ(failure(io->run(read(old, block, half))), EIO);
    EXPECT_EQ(failure(io->run(read_exactly(old, text.size(), 0))), EIO);
    EXPECT_EQ(failure(io->run(read(direct, std::span(buffer), 0))), EIO);
    EXPECT_EQ(failure(io->run(read(direct, std::span(buffer), half))), EIO);
    EXPECT_EQ(failure(io->run(sendfile(out, old, half, block))), EIO);
    EXPECT_EQ(failure(io->run(load(disk + "/old"))), EIO);
    EXPECT_EQ(failure(io->run(load(disk + "/tree/lost"))), EIO);
    EXPECT_TRUE(io->run(load(disk + "/tree/cached")).value() == text);
}

TEST_P(FailingDisk, ACopyOfWhatCannotBeReadIsNotThere) {
    auto io = make_context();
    ext4.fail_to_read();
    for (const std::string& to : {tree / "copy", disk + "/copy"}) {
        EXPECT_EQ(failure(io->run(copy(disk + "/old", to))), EIO) << to;
        EXPECT_EQ(failure(io->run(copy(disk + "/old", to, {.clone = reflink::never}))), EIO) << to;
    }
    EXPECT_EQ(failure(io->run(aio::move(disk + "/old", tree / "copy"))), EIO);
    EXPECT_EQ(names_in(tree.root()), std::vector<std::string>{"source"});
    EXPECT_FALSE(exists(disk + "/copy"));

    const tree_result all = io->run(copy_tree(disk + "/tree", tree / "copies"));
    EXPECT_EQ(failure(all), EIO);
    EXPECT_EQ(names_in(tree / "copies"), std::vector<std::string>{"cached"})
        << "one's failure stops no other";
    EXPECT_TRUE(content_of(tree / "copies/cached") == text);
    EXPECT_EQ(failure(io->run(aio::move(disk + "/tree", tree / "moved"))), EIO);
    EXPECT_FALSE(exists(tree / "moved"));

    ext4.replace();
    for (const char* each : {"/old", "/tree/cached", "/tree/lost"})
        EXPECT_TRUE(content_of(disk + each) == text) << each;
}

TEST_P(FailingDisk, NamesThatCannotBeReadAreEIO) {
    auto io = make_context();
    ext4.fail_to_read_names();
    EXPECT_EQ(failure(io->run(stat(disk + "/old"))), EIO);
    EXPECT_EQ(failure(io->run(open(disk + "/old", O_RDONLY))), EIO);
    EXPECT_EQ(failure(io->run(readdir(disk))), EIO);
    EXPECT_EQ(failure(io->run(scandir(disk))), EIO);
    EXPECT_EQ(failure(io->run(rmtree(disk + "/tree"))), EIO);
    EXPECT_EQ(failure(io->run(copy_tree(disk + "/tree", tree / "copies"))), EIO);
    EXPECT_FALSE(exists(tree / "copies"));
    ext4.replace();
    EXPECT_TRUE(content_of(disk + "/tree/lost") == text);
}

TEST_P(FailingDisk, WritesAreEIOWhenTheyReachTheDisk) {
    auto io = make_context();
    const file out(::open((disk + "/out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const file direct(::open((disk + "/old").c_str(), O_RDWR | O_DIRECT | O_CLOEXEC));
    ext4.fail_to_write();
    alignas(block) std::array<std::byte, block> buffer = {};
    EXPECT_EQ(failure(io->run(write(direct, std::span<const std::byte>(buffer), 0))), EIO);
    // Each error is reported once, to whoever asks first.
    EXPECT_EQ(io->run(write(out, text, 0)).value(), text.size());
    EXPECT_EQ(failure(io->run(fsync(out))), EIO);
    EXPECT_EQ(io->run(write(out, text, 0)).value(), text.size());
    EXPECT_EQ(failure(io->run(fdatasync(out))), EIO);
    EXPECT_EQ(io->run(write(out, text, 0)).value(), text.size());
    EXPECT_EQ(
        failure(io->run(sync_file_range(
            out, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER | SYNC_FILE_RANGE_WAIT_BEFORE))),
        EIO);
    EXPECT_EQ(io->run(write(out, text, 0)).value(), text.size());
    EXPECT_EQ(failure(io->run(pathsync(disk + "/out"))), EIO);
}

TEST_P(FailingDisk, WhatIsDurableIsThereOrNot) {
    auto io = make_context();
    ext4.fail_to_write();
    EXPECT_EQ(failure(io->run(store(disk + "/old", "new"))), EIO);
    EXPECT_EQ(failure(io->run(store(disk + "/new", "new"))), EIO);
    EXPECT_EQ(failure(io->run(copy(source, disk + "/old", {.durable = true}))), EIO);
    EXPECT_EQ(failure(io->run(copy(source, disk + "/new", {.durable = true}))), EIO);
    EXPECT_EQ(failure(io->run(aio::move(source, disk + "/new", {.durable = true}))), EIO);
    EXPECT_TRUE(content_of(source) == other_text);
    EXPECT_TRUE(content_of(disk + "/old") == text);
    EXPECT_FALSE(exists(disk + "/new"));
    for (const std::string& each : names_in(disk))
        EXPECT_FALSE(each.starts_with(".aio-"));

    ext4.replace();
    EXPECT_TRUE(content_of(disk + "/old") == text);
    EXPECT_FALSE(exists(disk + "/new"));
}

AIO_ON_EVERY_ENGINE(FailingDisk);

/// The tool, by each route.
class FailingDiskOfTool : public testing::TestWithParam<const char*> {
  protected:
    /// Runs it; it must fail, and say why.
    static void expect_error(const std::string& arguments) {
        const std::string command =
            std::string("AIO_ROUTES=") + GetParam() + " aio " + arguments + " 2>&1 >/dev/null";
        FILE* pipe = ::popen(command.c_str(), "re");
        ASSERT_TRUE(pipe);
        std::string said;
        for (int c = 0; (c = std::fgetc(pipe)) != EOF;)
            said.push_back(static_cast<char>(c));
        const int status = ::pclose(pipe);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << command << ": " << status;
        EXPECT_TRUE(said.contains("Input/output error")) << command << ": " << said;
    }

    temporary_tree tree;
    const std::string source = tree.write("source", other_text);
    disk_that_fails ext4;
};

TEST_P(FailingDiskOfTool, ReadsSayEIOAndLeaveNothing) {
    ext4.fail_to_read();
    expect_error("cat " + disk + "/old");
    expect_error("cp " + disk + "/old " + tree / "copy");
    expect_error("cp " + disk + "/old " + disk + "/copy");
    expect_error("mv " + disk + "/old " + tree / "copy");
    EXPECT_EQ(names_in(tree.root()), std::vector<std::string>{"source"});
    EXPECT_FALSE(exists(disk + "/copy"));
    expect_error("cp -a " + disk + "/tree " + tree / "copies");
    EXPECT_EQ(names_in(tree / "copies"), std::vector<std::string>{"cached"});
    expect_error("mv " + disk + "/tree " + tree / "moved");
    EXPECT_FALSE(exists(tree / "moved"));
    ext4.replace();
    for (const char* each : {"/old", "/tree/cached", "/tree/lost"})
        EXPECT_TRUE(content_of(disk + each) == text) << each;
}

TEST_P(FailingDiskOfTool, NamesSayEIO) {
    ext4.fail_to_read_names();
    expect_error("scan " + disk);
    expect_error("du " + disk + "/tree");
    expect_error("rm -r " + disk + "/tree");
    ext4.replace();
    EXPECT_TRUE(content_of(disk + "/tree/lost") == text);
}

TEST_P(FailingDiskOfTool, SyncSaysEIO) {
    ext4.fail_to_write();
    ASSERT_EQ(std::system(("aio cp " + source + " " + disk + "/new").c_str()), 0) << "in memory";
    expect_error("sync " + disk + "/new");
    EXPECT_TRUE(content_of(source) == other_text);
    ext4.replace();
    EXPECT_TRUE(content_of(disk + "/old") == text);
}

INSTANTIATE_TEST_SUITE_P(By, FailingDiskOfTool, testing::Values("auto", "threads", "ring", "inline"),
                         [](const auto& by) { return std::string(by.param); });

}  // namespace
}  // namespace aio::test
