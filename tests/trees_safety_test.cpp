// SPDX-License-Identifier: MIT
// What operations on trees promise beyond their results: nothing is wider open than the source, nothing is
// left behind, nothing is removed that was not copied, and what is called durable was synced.
#include "support/child.hpp"
#include "support/engines.hpp"
#include "support/system_calls.hpp"
#include "support/temporary.hpp"
#include "trees/temporary_name.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

namespace aio::test {

namespace {

namespace fs = std::filesystem;

bool has_temporary_files(const fs::path& below) {
    for (const auto& each : fs::recursive_directory_iterator(below))
        if (each.path().filename().string().starts_with(".aio-")) return true;
    return false;
}

mode_t permissions(const std::string& path) {
    struct stat found = {};
    require(::lstat(path.c_str(), &found) == 0);
    return found.st_mode & 07777U;
}

/// In a child, before it has threads: from here on each call of `number` fails; if `flags` are given, only
/// with just these as its third argument.
void let_fail(long number, unsigned flags = 0, unsigned with = EIO) {
    const auto of_call = static_cast<std::uint32_t>(number);
    const std::uint8_t skipped = flags == 0 ? 2 : 0;
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, of_call, skipped, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, flags, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | with),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter = {.len = std::uint16_t(std::size(program)), .filter = program};
    require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    require(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

class TreesSafety : public leak_checked {
  protected:
    void SetUp() override {
        leak_checked::SetUp();
        tree_.emplace();
        file_ = tree_->write("file", "text");
    }
    void TearDown() override {
        EXPECT_FALSE(has_temporary_files(tree_->root()));
        tree_.reset();
        leak_checked::TearDown();
    }
    [[nodiscard]] std::string path(std::string_view name) const { return *tree_ / name; }

    std::optional<temporary_tree> tree_;
    std::string file_;
};

TEST_F(TreesSafety, ForkedFailedFsyncIsAnErrorAndLeavesNothing) {
    tree_->write("old", "old");
    const child_end end = run_in_child([this] {
        let_fail(SYS_fsync);
        context io;
        require(io.run(store(file_, "new", {.durable = true})).error() == std::errc::io_error);
        require(content_of(file_) == "text");
        const tree_result copied = io.run(copy(file_, path("copy"), {.durable = true}));
        require(copied.error() == std::errc::io_error && copied.failed == 1);  // no name, none to be synced
        require(!exists(path("copy")));
        for (const on_existing how : {on_existing::replace, on_existing::in_place}) {
            const tree_result onto = io.run(copy(file_, path("old"), {.existing = how, .durable = true}));
            require(onto.error() == std::errc::io_error);
            require(onto.failures.front().operation == std::string_view("copy to"));  // not its name's
            require(how == on_existing::in_place || content_of(path("old")) == "old");
        }
        require(!has_temporary_files(tree_->root()));
        require(io.run(append(file_, "", {.durable = true})).error() == std::errc::io_error);
        require(io.run(store(file_, "new", {.durable = false})).has_value());
        require(content_of(file_) == "new");
    });
    EXPECT_EQ(unexpected_end(end), "") << end.output;
}

TEST_F(TreesSafety, ForkedFailedFsyncOfTheDirectoryIsAnError) {
    const child_end end = run_in_child([this] {
        let_fail(SYS_openat, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        context io;
        require(io.run(store(file_, "new", {.durable = true})).error() == std::errc::io_error);
        require(io.run(store(file_, "newer", {.durable = false})).has_value());
    });
    EXPECT_EQ(unexpected_end(end), "") << end.output;
}

TEST_F(TreesSafety, ForkedCopyIsPrivateUntilItHasItsPermissions) {
    const child_end end = run_in_child([this] {
        ::umask(0);
        ::chmod(file_.c_str(), 0640);
        let_fail(SYS_fchmod);
        context io;
        const tree_result done = io.run(copy(file_, path("copy")));
        require(done.failures.size() == 1 && std::string_view(done.failures[0].operation) == "chmod");
        require(permissions(path("copy")) == 0600);
    });
    EXPECT_EQ(unexpected_end(end), "") << end.output;
}

TEST_F(TreesSafety, ForkedCopyWithoutTheOwnerHasNoSetIdBits) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else then";
    ::chmod(file_.c_str(), 06755);
    ::chmod(tree_->root().c_str(), 0777);
    const child_end end = run_in_child([this] {
        become_nobody();
        context io;
        require(bool(io.run(copy(file_, path("copy")))));
        require(permissions(path("copy")) == 0755);
    });
    EXPECT_EQ(unexpected_end(end), "") << end.output;
}

TEST_F(TreesSafety, ACopyHasItsOwnerBeforeItsSetIdBits) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give files away";
    context io;
    ASSERT_EQ(::chown(file_.c_str(), 1, 2), 0);
    ::chmod(file_.c_str(), 06751);
    EXPECT_TRUE(io.run(copy(file_, path("copy"))));
    const file_status status = *io.run(stat(path("copy")));
    EXPECT_EQ(status.uid, 1U);
    EXPECT_EQ(status.gid, 2U);
    EXPECT_EQ(status.permissions(), 06751U);
}

/// Two copies into one tree, or a file system that names a directory twice: the other one may have come
/// first.
TEST_F(TreesSafety, ADirectoryThatAnotherCopyCompletesIsAsIfItHadBeenThere) {
    fs::create_directories(path("tree/directory"));
    tree_->write("tree/directory/file", "text");
    const std::string theirs = path("copy/directory");
    const judged_system_calls hurried({theirs}, [&](const char*, const std::string& at, std::size_t) {
        if (at == theirs) ::chmod(theirs.c_str(), 0755);
        return fault();
    });
    context io;
    const tree_result copied = io.run(copy_tree(path("tree"), path("copy")));
    EXPECT_TRUE(copied) << copied.error().message();
    EXPECT_TRUE(exists(theirs + "/file"));
    EXPECT_EQ(permissions(theirs), 0755U);
}

TEST_F(TreesSafety, AFileThatIsAnotherOneWhenItIsOpenedIsNotCopied) {  // safety.md, 6
    fs::create_directory(path("tree"));
    const std::string met = tree_->write("tree/met", "text");
    const std::string other = tree_->write("other", "secret");
    const judged_system_calls swapped({met}, [&](const char*, const std::string&, std::size_t) {
        if (exists(other)) fs::rename(other, met);
        return fault();
    });
    context io;
    EXPECT_EQ(io.run(copy_tree(path("tree"), path("copy"))).error().value(), ESTALE);
    EXPECT_FALSE(exists(path("copy/met")));
}

TEST_F(TreesSafety, DescriptorsAreCloseOnExec) {
    fs::create_directories(path("tree/a/b"));
    tree_->write("tree/a/b/file", "text");
    std::atomic<int> inherited = 0;
    std::atomic<int> looks = 0;
    const auto look = [&] {
        ++looks;
        for (const auto& each : fs::directory_iterator("/proc/self/fd")) {
            const int flags = ::fcntl(std::stoi(each.path().filename()), F_GETFD);
            if (flags >= 0 && !(flags & FD_CLOEXEC) && std::stoi(each.path().filename()) > 2) ++inherited;
        }
    };
    look();
    const int before = inherited.exchange(0);  // what whoever runs the tests left open
    context io;
    copy_options how;
    how.copied = [&](const copy_entry&) { look(); };
    EXPECT_TRUE(io.run(copy_tree(path("tree"), path("copy"), how)));
    rmtree_options all;
    all.removed = [&](const tree_entry&) { look(); };
    EXPECT_TRUE(io.run(rmtree(path("copy"), all)));
    EXPECT_EQ(inherited, before * (looks - 1));
}

TEST_F(TreesSafety, RmtreeLooksAgainWhereSomebodyCreatesAndGivesUpInTheEnd) {
    for (const int created_max : {1, 1000}) {
        fs::create_directory(path("tree"));
        tree_->write("tree/first");
        int created = 0;
        rmtree_options all;
        all.tree.limit = 1;
        all.removed = [&](const tree_entry&) {
            if (created < created_max) tree_->write("tree/" + std::to_string(created++));
        };
        context io;
        const tree_result done = io.run(rmtree(path("tree"), all));
        if (created_max == 1) {
            EXPECT_TRUE(done) << done.error().message();
            EXPECT_FALSE(exists(path("tree")));
        } else {
            EXPECT_EQ(done.error(), std::errc::directory_not_empty);
            EXPECT_EQ(created, 3);
        }
    }
}

TEST_F(TreesSafety, ForkedRmtreeNeverEntersTheRootThatIsMountedInTheTree) {  // T-4
    const child_end end = run_in_child([this] {
        own_mounts();
        const std::string root = path("root");
        require(::mkdir(root.c_str(), 0755) == 0);
        require(::mount("none", root.c_str(), "tmpfs", 0, nullptr) == 0);
        fs::create_directories(root + "/tree/host");
        std::ofstream(root + "/kept") << "kept";
        require(::chroot(root.c_str()) == 0 && ::chdir("/") == 0);
        require(::mount("/", "/tree/host", nullptr, MS_BIND, nullptr) == 0);
        context io;
        const tree_result done = io.run(rmtree("/tree", {.cross_mounts = true}));
        require(done.error() == std::errc::device_or_resource_busy);
        require(content_of("/kept") == "kept");
    });
    if (end.status == not_permitted) GTEST_SKIP() << "no mount namespace";
    EXPECT_EQ(unexpected_end(end), "") << end.output;
    fs::remove(path("root"));
}

TEST_F(TreesSafety, ACopyThatCannotBeClosedHasNoName) {  // T-13
    context io;
    for (int n = 0;; ++n) {
        int closed = 0;
        const judged_system_calls fails({tree_->root()},
                                        [&](std::string_view call, const std::string& of, auto) {
                                            const bool is_meant = call == "close" && of != file_;
                                            return fault{.error = is_meant && closed++ == n ? EIO : 0};
                                        });
        const tree_result copied = io.run(copy(file_, path("copy")));
        if (closed <= n) break;
        EXPECT_EQ(copied.error() == std::errc::io_error, !exists(path("copy"))) << n;
        EXPECT_GE(n == 0 ? copied.failed : 1, 1U);
        fs::remove(path("copy"));
    }
}

TEST_F(TreesSafety, FurtherNamesAreThoseOfTheCopyWhateverTookItsName) {  // T-3
    fs::create_directories(path("tree/a"));
    fs::create_directories(path("tree/b"));
    fs::create_hard_link(tree_->write("tree/a/1", "text"), path("tree/b/2"));
    context io;
    bool is_named = false;
    bool is_swapped = false;
    const judged_system_calls swaps({tree_->root()}, [&](std::string_view call, const std::string&, auto) {
        for (const char* name : {"copy/a/1", "copy/b/2"})
            if (is_named && !is_swapped && exists(path(name))) {
                is_swapped = true;
                fs::remove(path(name));
                std::ofstream(path(name)) << "theirs";
            }
        is_named = call == "linkat";
        return fault();
    });
    copy_options how;
    how.tree.limit = 1;
    static_cast<void>(io.run(copy_tree(path("tree"), path("copy"), how)));
    EXPECT_NE(content_of(path("copy/a/1")) == "theirs", content_of(path("copy/b/2")) == "theirs");
}

TEST_F(TreesSafety, CopiesShareTheDescriptorsThatTheyFindEachOtherBy) {
    constexpr int files = 100;
    fs::create_directory(path("copies"));
    context io;
    copied_links links;
    copy_options how;
    how.links = &links;
    for (int n = 0; n < files; ++n) {
        const std::string name = std::to_string(n);
        fs::create_hard_link(tree_->write(name, "text"), path(name + "-too"));
        EXPECT_TRUE(io.run(aio::copy(path(name), path("copies/" + name), how)));
    }
    EXPECT_LE(count_descriptors_below(tree_->root()), 1U);
}

TEST_F(TreesSafety, AFunctionThatThrowsOnAWorkerStopsTheOperation) {
    fs::create_directory(path("tree"));
    tree_->write("tree/file", "text");
    context io;
    walk_options how;
    how.filter = [](const walk_entry&) -> walk_choice { throw std::domain_error("filter"); };
    EXPECT_EQ(
        io.run(walk(path("tree"), [](const walk_batch&) {}, how)).error(), std::errc::state_not_recoverable);
    rmtree_options all;
    all.confirm = [](const tree_entry&, bool) -> bool { throw std::domain_error("confirm"); };
    EXPECT_EQ(io.run(rmtree(path("tree"), all)).error(), std::errc::state_not_recoverable);
    EXPECT_TRUE(exists(path("tree/file")));
}

TEST_F(TreesSafety, RmtreeNamesWhatItCouldNotRemoveAndWhy) {
    context io;
    fs::create_directories(path("tree/a"));
    const std::string stays = tree_->write("tree/a/stays", "text");
    tree_->write("tree/a/goes", "text");
    const judged_system_calls refuses({tree_->root()},
                                      [&](std::string_view call, const std::string& of, auto) {
                                          return fault{.error = call == "unlinkat" && of == stays ? EIO : 0};
                                      });
    const tree_result done = io.run(rmtree(path("tree")));
    EXPECT_EQ(done.error(), std::errc::io_error);
    EXPECT_EQ(done.failed, 1U) << "the directories above it have the same reason";
    EXPECT_EQ(done.failures.front().operation, std::string_view("unlink"));
    EXPECT_EQ(done.failures.front().path, stays);
    EXPECT_EQ(done.others, 1U);
    EXPECT_TRUE(exists(stays));
}

TEST_F(TreesSafety, TheWayBackFromADirectoryThatWasMovedAwayIsNotTaken) {
    context io;
    const std::string deepest = path("tree/a/b/c/d/e/f/g/h");
    fs::create_directories(deepest);
    // Whoever took it would not come out of this.
    const std::string elsewhere = path("x/x/x/x/x/x/x/x/x/x");
    fs::create_directories(elsewhere + "/x");
    const std::string bait = fs::path(elsewhere).parent_path() / "c";
    fs::create_directory(bait);
    bool moved = false;
    const judged_system_calls moves({tree_->root()}, [&](std::string_view call, const std::string& of, auto) {
        if (call == "openat" && of == deepest && !std::exchange(moved, true))
            fs::rename(path("tree/a/b/c/d"), elsewhere + "/d");
        return fault{};
    });
    rmtree_options all;
    all.tree.descriptors = 4;  // those above are closed meanwhile
    all.tree.limit = 1;
    EXPECT_TRUE(io.run(rmtree(path("tree"), all))) << "nothing of it is left there";
    EXPECT_TRUE(moved);
    EXPECT_TRUE(exists(bait));
    EXPECT_TRUE(exists(elsewhere + "/d"));
    EXPECT_FALSE(exists(path("tree")));
}

TEST_F(TreesSafety, AnFsyncThatFailedIsNotTriedAgain) {  // the second one says that all is well
    context io;
    int asked = 0;
    const judged_system_calls once({tree_->root()},
                                   [&asked](std::string_view call, const std::string&, auto) {
                                       return fault{.error = call == "fsync" && asked++ == 0 ? EIO : 0};
                                   });
    EXPECT_EQ(io.run(store(file_, "new")).error(), std::errc::io_error);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(content_of(file_), "text");
}

TEST_F(TreesSafety, AFileThatGrowsWhileItIsCopiedGivesNoBytesThatItNeverHad) {
    const std::string grows = tree_->write("grows", "text");
    fs::resize_file(grows, 1 << 20);  // a hole
    bool begun = false;
    bool grown = false;
    const judged_system_calls writes({grows}, [&](std::string_view call, const std::string&, auto) {
        begun = begun || call == "lseek";
        // Once the kernel has said that no more data follows.
        if (begun && call == "statx" && !std::exchange(grown, true))
            std::ofstream(grows, std::ios::app) << "more text";
        return fault();
    });
    context io;
    EXPECT_TRUE(io.run(copy(grows, path("copy"), {.clone = reflink::never})));
    EXPECT_TRUE(grown);
    const std::string copied = content_of(path("copy"));
    EXPECT_GE(copied.size(), 1U << 20);
    EXPECT_EQ(copied, content_of(grows).substr(0, copied.size()));
}

TEST_F(TreesSafety, ADirectoryThatIsGoneWhenItIsOpenedIsNoFailure) {  // T-6
    context io;
    const std::string goes = path("tree/goes");
    bool gone = false;
    const judged_system_calls removes({goes}, [&](std::string_view call, const std::string&, auto) {
        if (call == "openat") gone = ::rmdir(goes.c_str()) == 0 || gone;
        return fault();
    });
    const auto all_is_well = [&](task<tree_result> work) {
        gone = false;
        fs::create_directories(goes);
        fs::create_directories(path("tree/stays"));
        const tree_result done = io.run(std::move(work));
        return done && gone;
    };
    EXPECT_TRUE(all_is_well(copy_tree(path("tree"), path("copy"))));
    EXPECT_TRUE(all_is_well(disk_usage(path("tree"))));
    EXPECT_TRUE(all_is_well(walk(path("tree"), [](const walk_batch&) {})));
    EXPECT_TRUE(all_is_well(chmod_tree(path("tree"), 0700, keep_mode)));
    EXPECT_TRUE(all_is_well(rmtree(path("tree"))));
}

TEST_F(TreesSafety, WalkLeavesOutWhatIsGoneWhenItsStatusIsAsked) {  // T-6
    const judged_system_calls removes({file_}, [&](std::string_view call, const std::string&, auto) {
        if (call == "statx") ::unlink(file_.c_str());
        return fault();
    });
    context io;
    std::size_t entries = 0;
    EXPECT_TRUE(io.run(walk(tree_->root().string(), [&](const walk_batch& batch) { entries += batch.size(); },
                            {.status = true})));
    EXPECT_EQ(entries, 1U) << "the root";
}

TEST_F(TreesSafety, AWriteThatWritesNothingIsAnError) {  // T-14
    context io;
    const judged_system_calls nothing({tree_->root()}, [](std::string_view call, const std::string&, auto) {
        return fault{.nothing = call == "write"};
    });
    EXPECT_EQ(io.run(copy(file_, path("copy"), {.clone = reflink::never})).error(), std::errc::io_error);
    EXPECT_EQ(io.run(store(file_, "new")).error(), std::errc::io_error);
    EXPECT_EQ(io.run(append(file_, "more")).error(), std::errc::io_error);
    EXPECT_FALSE(exists(path("copy")));
    EXPECT_EQ(content_of(file_), "text");
}

TEST_F(TreesSafety, ForkedChmodTreeWithoutFchmodat2AndProcIsAnError) {
    const child_end end = run_in_child([this] {
        constexpr long fchmodat2 = 452;
        let_fail(fchmodat2, 0, ENOSYS);
        const judged_system_calls no_proc({file_}, [](std::string_view call, const std::string&, auto) {
            return fault{.error = call == "chmod" ? ENOENT : 0};
        });
        context io;
        const tree_result done = io.run(chmod_tree(tree_->root().string(), keep_mode, 0600));
        require(done.failed == 1 && done.error() == std::errc::operation_not_supported);
    });
    EXPECT_EQ(unexpected_end(end), "") << end.output;
}

TEST_F(TreesSafety, ForkedCopyWithoutTheGroupGivesOursNoMoreThanOthers) {  // T-12
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give the file to others";
    constexpr gid_t theirs = 4242;
    ASSERT_EQ(::chown(file_.c_str(), 0, theirs), 0);
    ::chmod(tree_->root().c_str(), 0777);
    for (const auto& [given, wanted] : {std::pair(0664U, 0644U), std::pair(0607U, 0600U)}) {
        ::chmod(file_.c_str(), given);
        const child_end end = run_in_child([&] {
            become_nobody();
            context io;
            require(bool(io.run(copy(file_, path("copy")))));
            require(permissions(path("copy")) == wanted);
        });
        EXPECT_EQ(unexpected_end(end), "") << end.output;
        fs::remove(path("copy"));
    }
}

TEST_F(TreesSafety, AStoredFileWithoutTheGroupGivesOursNoMoreThanOthers) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give the file to others";
    constexpr gid_t theirs = 4242;
    context io;
    const judged_system_calls refuses({tree_->root()}, [](std::string_view call, const std::string&, auto) {
        return fault{.error = call == "fchownat" ? EPERM : 0};
    });
    ::chmod(file_.c_str(), 0664);
    EXPECT_TRUE(io.run(store(file_, "ours")));
    EXPECT_EQ(permissions(file_), 0664U);
    ASSERT_EQ(::chown(file_.c_str(), 0, theirs), 0);
    EXPECT_TRUE(io.run(store(file_, "new")));
    EXPECT_EQ(permissions(file_), 0644U);
}

TEST_F(TreesSafety, AStoredFileThatMayNotBeReadGivesItsPermissionsWithoutAnAcl) {
    context io;
    int number = 0;
    int of_acls = 0;
    const judged_system_calls refuses({tree_->root()},
                                      [&](std::string_view call, const std::string& of, auto) {
                                          if (call == "fremovexattr") return fault{.error = of_acls};
                                          return fault{.error = call == "openat" && of == file_ ? number : 0};
                                      });
    for (const int barred : {EACCES, EPERM, ENOENT, ELOOP, ENXIO, EAGAIN, ESTALE}) {
        number = barred;
        ::chmod(file_.c_str(), 0664);
        EXPECT_TRUE(io.run(store(file_, "new"))) << barred;
        EXPECT_EQ(content_of(file_), "new");
        EXPECT_EQ(permissions(file_), 0644U) << "the group's might be the mask of an ACL";
    }
    number = EIO;
    EXPECT_EQ(io.run(store(file_, "newer")).error(), std::errc::io_error);
    number = EACCES;
    of_acls = EIO;
    EXPECT_EQ(io.run(store(file_, "newer")).error(), std::errc::io_error)
        << "one that is inherited may be wider";
    EXPECT_EQ(content_of(file_), "new");
}

TEST_F(TreesSafety, ForkedStoreOntoOnesOwnFileThatMayOnlyBeWritten) {
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(file_.c_str(), 65534, 65534), 0);
    }
    ::chmod(file_.c_str(), 0200);
    ::chmod(tree_->root().c_str(), 0777);
    const child_end end = run_in_child([&] {
        become_nobody();
        context io;
        require(bool(io.run(store(file_, "new"))));
        require(permissions(file_) == 0200);
        ::chmod(file_.c_str(), 0600);
        require(content_of(file_) == "new");
    });
    EXPECT_EQ(unexpected_end(end), "") << end.output;
}

TEST_F(TreesSafety, AStoredFileThatCannotHaveItsPermissionsIsNotPutInPlace) {
    context io;
    ::chmod(file_.c_str(), 0644);
    const judged_system_calls refuses({tree_->root()}, [](std::string_view call, const std::string&, auto) {
        return fault{.error = call == "fchmod" ? EIO : 0};
    });
    EXPECT_EQ(io.run(store(file_, "new")).error(), std::error_code(EIO, std::system_category()));
    EXPECT_EQ(content_of(file_), "text");
    EXPECT_EQ(permissions(file_), 0644U);
    EXPECT_FALSE(has_temporary_files(tree_->root()));
}

TEST(TemporaryName, CannotBeGuessed) {
    std::string names[2];
    for (std::string& name : names)
        std::thread([&name] { name = detail::temporary_name(); }).join();
    EXPECT_NE(names[0], names[1]);
    EXPECT_EQ(names[0].size(), 17U);
    EXPECT_TRUE(names[0].starts_with(".aio-"));
}

TEST(TemporaryName, GivesWayToWhatTookTheNameUnlessItIsToReplaceIt) {
    const temporary_tree tree;
    const directory base(::open(tree.root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    tree.write("temporary", "new");
    tree.write("name", "old");
    EXPECT_EQ(detail::give_name(base.fd(), "temporary", "name", false).error(), std::errc::file_exists);
    EXPECT_EQ(content_of(tree / "name"), "old");
    EXPECT_TRUE(detail::give_name(base.fd(), "temporary", "name", true));
    EXPECT_EQ(content_of(tree / "name"), "new");
}

}  // namespace

}  // namespace aio::test
