// SPDX-License-Identifier: MIT
// The defects that ioaio.md lists, and where each is kept out. What has no other home is tested here.
//
// Fixed in some version of IO::AIO (section 4.2):
//   B-1   feeder removal                Feeder.ThatAddsNothing…, …ToAnotherGroup…, …ADoneRequest…
//   B-2   utime's status                EveryOperation.FailsWithAnError…/utime
//   B-3   submit hook (private, Perl)   no such hook
//   B-4   poll busy-waits               PollOfThreads.WaitSleeps, MaximumSleepsWhileItBlocks
//   B-5   readlink, fchmod, ENOMEM      Defect.FchmodOfAnOpenFile…; EveryOperation…/readlink; OutOfMemory.*
//   B-6   mknod's arguments             Defect.MknodKeepsItsDeviceNumber
//   B-7   readlink cut at 255           Defect.ReadlinkGivesALongTargetWhole
//   B-8   lost wake-up                  Threads.NoWakeUpIsLostWhenTheyTimeOut
//   B-9   locks across fork             Fork.StormLosesNothing
//   B-10  unit of the time budget       Poll.KeepsItsBudgetOfTime…
//   B-11  short sendfile                operations_read_write_test
//   B-12, B-13, B-14  readdir's orders  Defect.ReaddirKeepsEveryNameInEveryOrder
//   B-15  readdir cancelled             Defect.ReaddirCancelledAtAnyMoment…
//   B-16  failing stat                  EveryOperation.FailsWithAnError…/stat: there is no struct then
//   B-17  realpath too long             BadPath.ThatIsTooLong…
//   B-18, B-19  fiemap, wd              not in the core; {directory, "."}: operations_path_test
//   B-20  group creation re-enters      Feeder.CanReplaceAndStopItself; no submit hook
//   B-21  close clobbers errno          Defect.CloseAfterAFailureDoesNotHideIt
//   B-22  mtouch                        not in the core
//   B-23  out of descriptors            Fault.ForkedWithoutDescriptors…
//   B-24  fd 0                          Fault.ForkedDescriptorZero…
//   B-25  thread name, major/minor      Threads.AreNamedAfterTheProgram; Defect.MknodKeepsItsDeviceNumber
//   B-26  read's offsets and lengths    Defect.ReadWritesNothingPastWhatItGives; Seed.Read
//   B-27  exceptions eaten, fork        Poll.ExceptionOfACallback…, Fork.ChildStartsEmptyAndWorks
//   B-28  channel after fork            Fork.KeepsTheDescriptorsNumber…, Fork.TwiceInARowWorks
//   B-29  handle closed in flight       Request.KeepsAFileOpenUntilItIsDone
//   B-30  scandir called back twice     EveryOperation.*/scandir: `use` counts
//   B-31  move                          Copying.Move…
//   B-32  load's −1                     EveryOperation.FailsWithAnError…/load
//   B-33  a million in one poll         Poll.DeliversAMillionAtOnceOnAConstantStack
//   B-34  1000 threads                  Threads.AThousandAtOnce
//   B-35  utime of an open file         EveryOperation…/utime, operations_metadata_test
//   B-36  results re-used               Request.ResultsAreIndependentOfEachOther
//   B-37  wait with nothing             Poll.WaitReturnsAtOnceWhenNothingIsOutstanding
//   B-38  readahead                     Defect.ReadaheadPastTheEndSucceeds
//   B-39  large directories             Defect.ReaddirKeepsEveryNameInEveryOrder
//   B-40  max_idle 0                    Threads.AllEndWithAnIdleLimitOfZero
//
// Still in 4.80:
//   poll throws spuriously              Poll.NeverThrowsForARequestThatHasNoCallback
//   exception text lost in a group      Group.FirstExceptionOfACascade…
//   a member's callback that throws     Group.EndsThoughAMembersCallbackThrows
//   nready negative                     Threads.GoWhenTheLimitIsLowered
//   fd leaks (M-15)                     Cancel.ForgottenResultsAreReleased, EveryOperation.WithoutCallback…
//   aio_copy's failure                  FaultComposites.*
//   wd of symlink                       Defect.SymlinkIsMadeBelowItsOwnDirectory
//   utime undef = −1                    Defect.UtimeHasNoMagicNumbers
//   NUL in path                         BadPath.WithANulInside…
//   double add                          Group.RefusesAMemberTwice
//   close of an unused fd               Defect.CloseOfAnUnusedDescriptorFailsAndCreatesNothing
//   slurp on unseekable files           Defect.LoadReadsWhatHasNoSize
//   fcntl submits ioctl                 not in the core
//   readdir cancel leaks                Defect.ReaddirCancelledAtAnyMoment…
//   reinit resets limits                Fork.KeepsTheSettings
#include "support/engines.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>
#include <string>

namespace aio::test {
namespace {

class Defect : public engine_test {
  protected:
    temporary_tree tree;
};

TEST_P(Defect, FchmodOfAnOpenFileChangesIt) {  // B-5, R-CHMOD
    const std::string path = tree.write("file");
    auto io = make_context();
    auto opened = io->run(open(path, O_RDONLY));
    const mode_t before = ::umask(0777);
    auto changed = io->run(chmod(*opened, 0640));
    ::umask(before);
    EXPECT_TRUE(changed);
    EXPECT_EQ(io->run(stat(path))->permissions(), 0640U) << "whatever the umask";
}

TEST_P(Defect, MknodKeepsItsDeviceNumber) {  // B-6, B-25
    auto io = make_context();
    const std::string path = tree / "null";
    auto made = io->run(mknod(path, S_IFCHR | 0600, makedev(1, 3)));
    if (!made) {
        EXPECT_EQ(made.error(), std::errc::operation_not_permitted) << "only root may";
        return;
    }
    auto status = io->run(stat(path));
    EXPECT_TRUE(status->is_character_device());
    EXPECT_EQ(major(status->rdev), 1U);
    EXPECT_EQ(minor(status->rdev), 3U);
}

TEST_P(Defect, ReadlinkGivesALongTargetWhole) {  // B-7
    auto io = make_context();
    for (std::size_t length : {1U, 255U, 256U, 300U, 1023U, 1024U, 4095U}) {
        const std::string target(length, 't');
        const std::string path = tree / ("link" + std::to_string(length));
        ASSERT_TRUE(io->run(symlink(target, path))) << length;
        EXPECT_EQ(io->run(readlink(path)).value(), target);
    }
}

TEST_P(Defect, ReaddirKeepsEveryNameInEveryOrder) {  // B-12, B-13, B-14, B-39
    auto io = make_context();
    const std::string root = tree.root();
    std::set<std::string> expected;
    for (int count : {0, 1, 30, 31, 60, 61, 1500}) {
        for (int i = static_cast<int>(expected.size()); i < count; ++i) {
            std::string name = (i % 7 ? "f" : ".d") + std::string(static_cast<std::size_t>(1 + i % 5), 'x') +
                               std::to_string(i);
            i % 3 ? static_cast<void>(tree.write(name))
                  : static_cast<void>(std::filesystem::create_directory(tree / name));
            expected.insert(name);
        }
        for (bool stat_order : {false, true})
            for (bool directories_first : {false, true}) {
                auto listing = io->run(
                    readdir(root, {.stat_order = stat_order, .directories_first = directories_first}));
                ASSERT_TRUE(listing);
                std::set<std::string> names;
                for (auto entry : *listing)
                    names.emplace(entry.name);
                EXPECT_EQ(names, expected);
                EXPECT_EQ(listing->size(), expected.size()) << "each once";
            }
    }
}

TEST_P(Defect, ReaddirCancelledAtAnyMomentLeavesNothingOpen) {  // B-15, M-15: the fixture counts descriptors
    for (int i = 0; i < 300; ++i)
        tree.write(std::to_string(i));
    const std::string root = tree.root();
    for (int i = 0; i < 30; ++i) {
        auto io = make_context();
        request started = io->submit(readdir(root, {.keep_open = true}), [](result<directory_listing>) {});
        for (int spin = 0; spin < i * 100; ++spin)
            static_cast<void>(io->fd());
        i % 2 ? started.cancel() : started.forget();
        io->flush();
    }
}

TEST_P(Defect, CloseAfterAFailureDoesNotHideIt) {  // B-21: load opens, fails to read, and closes
    auto io = make_context();
    EXPECT_EQ(io->run(load(tree.root().string())).error(), std::errc::is_a_directory);
    const std::string text = tree.write("text");
    EXPECT_EQ(io->run(open_directory(text)).error(), std::errc::not_a_directory);
    EXPECT_EQ(io->run(scandir(text)).error(), std::errc::not_a_directory);
}

TEST_P(Defect, ReadWritesNothingPastWhatItGives) {  // B-26
    const std::string path = tree.write("file", "0123456789");
    auto io = make_context();
    auto opened = io->run(open(path, O_RDONLY));
    std::array<std::byte, 32> buffer;
    for (std::size_t size : {0U, 1U, 5U, 10U, 20U}) {
        buffer.fill(std::byte(0x7f));
        auto got = io->run(read(*opened, std::span<std::byte>(buffer).subspan(4, size), 2));
        ASSERT_TRUE(got);
        EXPECT_EQ(*got, std::min<std::size_t>(size, 8));
        for (std::size_t i = 0; i < buffer.size(); ++i) {
            const bool inside = i >= 4 && i < 4 + *got;
            EXPECT_EQ(buffer[i], inside ? std::byte('2' + static_cast<int>(i) - 4) : std::byte(0x7f)) << i;
        }
    }
    EXPECT_EQ(io->run(read(*opened, std::span<std::byte>(buffer), 10)).value(), 0U) << "the end";
}

TEST_P(Defect, ReadaheadPastTheEndSucceeds) {  // B-38
    const std::string path = tree.write("file", "text");
    auto io = make_context();
    auto opened = io->run(open(path, O_RDONLY));
    EXPECT_TRUE(io->run(readahead(*opened, 1000, 1'000'000)));
    EXPECT_TRUE(io->run(readahead(*opened, 0, 0)));
}

TEST_P(Defect, SymlinkIsMadeBelowItsOwnDirectory) {  // 4.80: below that of the first argument
    std::filesystem::create_directory(tree / "a");
    auto io = make_context();
    auto below = io->run(open_directory(tree / "a"));
    ASSERT_TRUE(below);
    EXPECT_TRUE(io->run(symlink("target", {*below, "link"})));
    EXPECT_TRUE(exists(tree / "a/link"));
}

TEST_P(Defect, UtimeHasNoMagicNumbers) {  // 4.80: undef is −1, and (−1, −1) is now
    const std::string path = tree.write("file");
    auto io = make_context();
    for (long seconds : {-1L, 0L, 1L}) {
        EXPECT_TRUE(io->run(utime(path, timespec{seconds, 500'000'000}, timespec{seconds, 0})));
        auto status = io->run(stat(path));
        EXPECT_EQ(status->atime.tv_sec, seconds);
        EXPECT_EQ(status->atime.tv_nsec, 500'000'000) << "negative fractions too";
        EXPECT_EQ(status->mtime.tv_sec, seconds);
    }
    EXPECT_TRUE(io->run(utime(path, keep, timespec{5, 0})));
    EXPECT_EQ(io->run(stat(path))->atime.tv_sec, 1);
    EXPECT_EQ(io->run(stat(path))->mtime.tv_sec, 5);
}

TEST_P(Defect, CloseOfAnUnusedDescriptorFailsAndCreatesNothing) {  // R-CLOSE [V: 9999]
    auto io = make_context();
    for (way how : all_ways)
        EXPECT_EQ(use(how, *io, close(9999)).error().value(), EBADF);
    EXPECT_EQ(::fcntl(9999, F_GETFD), -1);
}

TEST_P(Defect, LoadReadsWhatHasNoSize) {  // 4.80: slurp of /proc gave ENOMEM and leaked; R-LOAD gave 0 bytes
    auto io = make_context();
    auto version = io->run(load("/proc/version"));
    ASSERT_TRUE(version);
    EXPECT_TRUE(version->starts_with("Linux version"));
}

AIO_ON_EVERY_ENGINE(Defect);

}  // namespace
}  // namespace aio::test
