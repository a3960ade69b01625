// SPDX-License-Identifier: MIT
// The request table, ioaio.md section 8.1: every operation with success and error in every way of use,
// without callback, cancelled while queued, in a group, after shutdown; and issue 2's "Bad input".
#include "row.hpp"
#include "support/engines.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

/// The files that one use of an operation finds.
struct scene {
    scene() {
        text = tree.write("text", "some text");
        other = tree.write("other", "other");
        link = tree / "link";
        std::filesystem::create_symlink("text", link);
        directory_path = tree / "directory";
        std::filesystem::create_directory(directory_path);
        full = tree / "full";
        std::filesystem::create_directory(full);
        tree.write("full/entry");
        fresh = tree / "fresh";
        missing = tree / "missing/below";
        root = tree.root();
        opened = file(::open(text.c_str(), O_RDWR | O_CLOEXEC));
        second = file(::open(other.c_str(), O_RDWR | O_CLOEXEC));
        loose = ::dup(opened.fd());
        handle = aio::directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    scene(const scene&) = delete;
    scene& operator=(const scene&) = delete;
    ~scene() {
        // Nobody owns it: the operation closed it, or it is still there, perhaps under another name or none.
        std::error_code ignored;
        const auto now = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(loose), ignored);
        if (now.string().starts_with(root)) ::close(loose);
    }
    /// Everything below the root with what can be seen of it, to tell whether something changed.
    [[nodiscard]] std::string look() const {
        std::string seen;
        std::set<std::string> paths;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
            paths.insert(entry.path());
        for (const std::string& path : paths) {
            struct stat status;
            ::lstat(path.c_str(), &status);
            seen += path + ' ' + std::to_string(status.st_mode) + ' ' + std::to_string(status.st_size) + ' ' +
                    std::to_string(status.st_nlink) + ' ' + std::to_string(status.st_mtim.tv_sec) + '\n';
        }
        return seen;
    }

    temporary_tree tree;
    std::string text, other, link, directory_path, full, fresh, missing, root;
    file opened, second;
    int loose = -1;
    aio::directory handle;
    std::array<std::byte, 16> buffer{};
    std::array<iovec, 2> pieces{iovec{buffer.data(), 4}, iovec{buffer.data() + 8, 4}};

    [[nodiscard]] std::span<const iovec> vectors() const { return pieces; }
};

/// One operation, its types erased: how it is used, and what came of it.
struct operation_case {
    const char* name;  // of the row, where there is one
    std::function<result<>(way, context&, scene&)> good;
    std::function<result<>(way, context&, scene&)> bad;  // an error
    std::function<request(context&, scene&, const options&, std::function<void(result<>)>)> submit;
    std::function<request(context&, scene&)> submit_alone;  // without callback
    bool never_waits = false;                               // answered inline: it is never queued
};

void PrintTo(const operation_case& of, std::ostream* out) {
    *out << of.name;
}

template <class Outcome>
result<> without_value(const Outcome& outcome) {
    if (!outcome) return std::unexpected(outcome.error());
    return {};
}

template <class Good, class Bad>
operation_case make_case(const char* name, Good good, Bad bad, bool never_waits = false) {
    return {name,
            [good](way how, context& io, scene& at) { return without_value(use(how, io, good(at))); },
            [bad](way how, context& io, scene& at) { return without_value(use(how, io, bad(at))); },
            [good](context& io, scene& at, const options& how, std::function<void(result<>)> receive) {
                return io.submit(good(at).with(how),
                                 [receive](const auto& outcome) { receive(without_value(outcome)); });
            },
            [good](context& io, scene& at) { return io.submit(good(at)); },
            never_waits};
}

/// A descriptor that is not open, and that nothing will open.
constexpr int closed_fd = 1'000'000'000;

std::vector<operation_case> all_operations() {
    std::vector<operation_case> all;
    auto add = [&](const char* name, auto good, auto bad, bool never_waits = false) {
        all.push_back(make_case(name, good, bad, never_waits));
    };
    add(
        "open", [](scene& s) { return open(s.text, O_RDONLY); },
        [](scene& s) { return open(s.missing, O_RDONLY); });
    add(
        "open_creating", [](scene& s) { return open(s.fresh, O_RDWR | O_CREAT, 0600); },
        [](scene& s) { return open(s.missing, O_RDWR | O_CREAT, 0600); });
    add(
        "open_directory", [](scene& s) { return open_directory(s.root); },
        [](scene& s) { return open_directory(s.text); });
    add("close", [](scene& s) { return close(s.loose); }, [](scene&) { return close(closed_fd); });
    add("closing", [](scene& s) { return close(std::move(s.opened)); }, [](scene&) { return close(file()); });
    add(
        "read", [](scene& s) { return read(s.opened, std::span<std::byte>(s.buffer)); },
        [](scene& s) { return read(closed_fd, std::span<std::byte>(s.buffer)); });
    add(
        "pread", [](scene& s) { return read(s.opened, std::span<std::byte>(s.buffer), 3); },
        [](scene& s) { return read(s.opened, std::span<std::byte>(s.buffer), -1); });
    add("read_owned", [](scene& s) { return read(s.opened, 5); }, [](scene& s) { return read(s.handle, 5); });
    add(
        "pread_owned", [](scene& s) { return read(s.opened, 5, 0); },
        [](scene& s) { return read(s.handle, 5, 0); });
    add(
        "read_exactly", [](scene& s) { return read_exactly(s.opened, std::span<std::byte>(s.buffer)); },
        [](scene& s) { return read_exactly(closed_fd, std::span<std::byte>(s.buffer)); });
    add(
        "read_exactly_owned", [](scene& s) { return read_exactly(s.opened, 5); },
        [](scene&) { return read_exactly(closed_fd, 5); });
    add(
        "pread_exactly_owned", [](scene& s) { return read_exactly(s.opened, 5, 0); },
        [](scene&) { return read_exactly(closed_fd, 5, 0); });
    add(
        "readv", [](scene& s) { return read(s.opened, s.vectors()); },
        [](scene& s) { return read(closed_fd, s.vectors()); });
    add(
        "readv_exactly", [](scene& s) { return read_exactly(s.opened, s.vectors()); },
        [](scene& s) { return read_exactly(closed_fd, s.vectors()); });
    add(
        "writev", [](scene& s) { return write(s.opened, s.vectors()); },
        [](scene& s) { return write(closed_fd, s.vectors()); });
    add(
        "writev_all", [](scene& s) { return write_all(s.opened, s.vectors()); },
        [](scene& s) { return write_all(closed_fd, s.vectors()); });
    add(
        "write", [](scene& s) { return write(s.opened, "text"); },
        [](scene&) { return write(closed_fd, "text"); });
    add(
        "pwrite", [](scene& s) { return write(s.opened, "text", 2); },
        [](scene& s) { return write(s.opened, "text", -5); });
    add(
        "write_all", [](scene& s) { return write_all(s.opened, "text"); },
        [](scene&) { return write_all(-1, "text"); });
    add(
        "sendfile", [](scene& s) { return sendfile(s.second, s.opened, 0, 4); },
        [](scene& s) { return sendfile(closed_fd, s.opened, 0, 4); });
    add(
        "readahead", [](scene& s) { return readahead(s.opened, 0, 4); },
        [](scene&) { return readahead(closed_fd, 0, 4); });
    add(
        "truncate", [](scene& s) { return truncate(s.text, 2); },
        [](scene& s) { return truncate(s.text, -1); });
    add(
        "ftruncate", [](scene& s) { return truncate(s.opened, 2); },
        [](scene& s) { return truncate(s.handle, 2); });
    add(
        "fallocate", [](scene& s) { return fallocate(s.opened, 0, 0, 4096); },
        [](scene& s) { return fallocate(s.opened, 0, -1, 4); });
    add("stat", [](scene& s) { return stat(s.text); }, [](scene& s) { return stat(s.missing); });
    add("fstat", [](scene& s) { return stat(s.opened); }, [](scene&) { return stat(closed_fd); });
    add("lstat", [](scene& s) { return lstat(s.link); }, [](scene& s) { return lstat(s.missing); });
    add("statvfs", [](scene& s) { return statvfs(s.text); }, [](scene& s) { return statvfs(s.missing); });
    add(
        "utime", [](scene& s) { return utime(s.text, timespec{1, 2}, timespec{3, 4}); },
        [](scene& s) { return utime(s.missing); });
    add(
        "lutime", [](scene& s) { return lutime(s.link, timespec{1, 2}, timespec{3, 4}); },
        [](scene& s) { return lutime(s.missing); });
    add(
        "chown", [](scene& s) { return chown(s.text, keep, keep); },
        [](scene& s) { return chown(s.missing, keep, keep); });
    add(
        "lchown", [](scene& s) { return lchown(s.link, keep, keep); },
        [](scene& s) { return lchown(s.missing, keep, keep); });
    add(
        "chmod", [](scene& s) { return chmod(s.text, 0400); },
        [](scene& s) { return chmod(s.missing, 0400); });
    add(
        "access", [](scene& s) { return access(s.text, R_OK); },
        [](scene& s) { return access(s.missing, F_OK); });
    add(
        "link", [](scene& s) { return aio::link(s.text, s.fresh); },
        [](scene& s) { return aio::link(s.text, s.text); });
    add(
        "symlink", [](scene& s) { return symlink("anything", s.fresh); },
        [](scene& s) { return symlink("anything", s.text); });
    add("readlink", [](scene& s) { return readlink(s.link); }, [](scene& s) { return readlink(s.text); });
    add(
        "rename", [](scene& s) { return rename(s.text, s.fresh); },
        [](scene& s) { return rename(s.missing, s.fresh); });
    add("unlink", [](scene& s) { return unlink(s.text); }, [](scene& s) { return unlink(s.missing); });
    add(
        "mknod", [](scene& s) { return mknod(s.fresh, S_IFIFO | 0600); },
        [](scene& s) { return mknod(s.text, S_IFIFO | 0600); });
    add("realpath", [](scene& s) { return realpath(s.link); }, [](scene& s) { return realpath(s.missing); });
    add("mkdir", [](scene& s) { return mkdir(s.fresh); }, [](scene& s) { return mkdir(s.text); });
    add(
        "make_directories", [](scene& s) { return make_directories(s.missing); },
        [](scene& s) { return make_directories(s.text); });
    add("mkdtemp", [](scene& s) { return mkdtemp(s.fresh); }, [](scene& s) { return mkdtemp(s.missing); });
    add("mkstemp", [](scene& s) { return mkstemp(s.fresh); }, [](scene& s) { return mkstemp(s.missing); });
    add("rmdir", [](scene& s) { return rmdir(s.directory_path); }, [](scene& s) { return rmdir(s.full); });
    add("readdir", [](scene& s) { return readdir(s.full); }, [](scene& s) { return readdir(s.text); });
    add("sync", [](scene&) { return sync(); }, [](scene&) { return sync().with({.deadline = 0s}); });
    add("fsync", [](scene& s) { return fsync(s.opened); }, [](scene&) { return fsync(closed_fd); });
    add(
        "fdatasync", [](scene& s) { return fdatasync(s.opened); },
        [](scene&) { return fdatasync(closed_fd); });
    add("syncfs", [](scene& s) { return syncfs(s.opened); }, [](scene&) { return syncfs(closed_fd); });
    add(
        "sync_file_range", [](scene& s) { return sync_file_range(s.opened, 0, 0, 0); },
        [](scene& s) { return sync_file_range(s.opened, -1, 0, 0); });
    add("busy", [](scene&) { return busy(0s); }, [](scene&) { return busy(1s).with({.deadline = 0s}); });
    add(
        "nop", [](scene&) { return nop(); },
        [](scene&) { return call([]() -> result<> { return error(EPERM); }); }, true);
    add("load", [](scene& s) { return load(s.text); }, [](scene& s) { return load(s.missing); });
    add("scandir", [](scene& s) { return scandir(s.root); }, [](scene& s) { return scandir(s.text); });
    add(
        "pathsync", [](scene& s) { return pathsync(s.directory_path); },
        [](scene& s) { return pathsync(s.missing); });
    return all;
}

/// Every operation on every engine.
class EveryOperation : public leak_checked,
                       public testing::WithParamInterface<std::tuple<engine, operation_case>> {
  protected:
    const engine& on = std::get<0>(GetParam());
    const operation_case& operation = std::get<1>(GetParam());

    [[nodiscard]] engine_context make_context(const context_options& how = {}) const {
        return engine_context(on, how);
    }
};

TEST_P(EveryOperation, SucceedsInEveryWayOfUse) {
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        scene at;
        auto io = make_context();
        auto outcome = operation.good(how, *io, at);
        EXPECT_TRUE(outcome) << outcome.error().message();
        EXPECT_EQ(io->statistics().outstanding, 0U);
    }
}

TEST_P(EveryOperation, FailsWithAnErrorInEveryWayOfUse) {
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        scene at;
        auto io = make_context();
        errno = 77;
        auto outcome = operation.bad(how, *io, at);
        EXPECT_EQ(errno, 77);
        ASSERT_FALSE(outcome);
        EXPECT_NE(outcome.error(), std::errc::operation_canceled);
        EXPECT_EQ(outcome.error().category(), std::system_category());
    }
}

TEST_P(EveryOperation, WithoutCallbackReleasesWhatItMade) {  // M-15: the fixture counts descriptors
    auto io = make_context();
    for (int i = 0; i < 5; ++i) {
        scene at;
        operation.submit_alone(*io, at);
        EXPECT_TRUE(io->flush());
    }
}

TEST_P(EveryOperation, CancelledWhileQueuedHasNoEffect) {
    scene at;
    auto io = make_context({.threads = {.max = 0}});
    const std::string before = at.look();
    std::vector<result<>> outcomes;
    request started = operation.submit(*io, at, {}, [&](result<> outcome) { outcomes.push_back(outcome); });
    started.cancel();
    io->flush();
    ASSERT_EQ(outcomes.size(), 1U);
    if (operation.never_waits) return;
    EXPECT_EQ(outcomes[0].error(), std::errc::operation_canceled);
    EXPECT_EQ(at.look(), before);
}

TEST_P(EveryOperation, ForgottenWhileQueuedIsNotCalledBack) {
    scene at;
    auto io = make_context({.threads = {.max = 0}});
    request started = operation.submit(*io, at, {}, [&](result<>) { ADD_FAILURE(); });
    started.forget();
    io->flush();
    EXPECT_TRUE(started.done());
}

TEST_P(EveryOperation, CancelledAtAnyMomentHasExactlyOneOutcome) {
    for (int i = 0; i < 10; ++i) {
        scene at;
        auto io = make_context();
        int arrived = 0;
        request started = operation.submit(*io, at, {}, [&](result<> outcome) {
            ++arrived;
            if (!outcome) {
                EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
            }
        });
        for (int spin = 0; spin < i * 200; ++spin)
            static_cast<void>(io->fd());
        if (i > 7) io->wait();
        started.cancel();
        EXPECT_TRUE(io->flush());
        EXPECT_EQ(arrived, 1);
    }
}

TEST_P(EveryOperation, AfterShutdownIsCanceledWithoutEffect) {
    scene at;
    auto io = make_context();
    io->shutdown();
    const std::string before = at.look();
    int arrived = 0;
    operation.submit(*io, at, {}, [&](result<> outcome) {
        ++arrived;
        EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
    });
    io->flush();
    EXPECT_EQ(arrived, 1);
    EXPECT_EQ(at.look(), before);
}

TEST_P(EveryOperation, WhoseDeadlineHasPassedTimesOutWithoutEffect) {
    scene at;
    auto io = make_context({.threads = {.max = 0}});
    const std::string before = at.look();
    int arrived = 0;
    operation.submit(*io, at, {.deadline = 0s}, [&](result<> outcome) {
        ++arrived;
        if (!operation.never_waits) {
            EXPECT_EQ(outcome.error(), std::errc::timed_out);
        }
    });
    io->flush();
    EXPECT_EQ(arrived, 1);
    EXPECT_EQ(at.look(), before);
}

TEST_P(EveryOperation, LosesNothingWhenItsContextIsDestroyed) {
    for (bool begun : {false, true}) {
        scene at;
        auto io = make_context();
        operation.submit(*io, at, {}, [&](result<>) { ADD_FAILURE(); });
        if (begun) io->wait();
    }
}

std::vector<std::tuple<engine, operation_case>> every_operation_on_every_engine() {
    std::vector<std::tuple<engine, operation_case>> all;
    for (const engine& on : all_engines())
        for (const operation_case& operation : all_operations())
            all.emplace_back(on, operation);
    return all;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryOperation, testing::ValuesIn(every_operation_on_every_engine()),
                         [](const auto& of) {
                             return std::string(std::get<0>(of.param).name) + "_" +
                                    std::get<1>(of.param).name;
                         });

/// Every operation that takes a path, with that path.
using path_function = std::function<result<>(way, context&, const std::string&)>;

std::vector<std::pair<const char*, path_function>> all_path_operations() {
    std::vector<std::pair<const char*, path_function>> all;
    auto add = [&](const char* name, auto make) {
        all.emplace_back(name, [make](way how, context& io, const std::string& path) {
            return without_value(use(how, io, make(path)));
        });
    };
    using text = const std::string&;
    add("open", [](text p) { return open(p, O_RDONLY); });
    add("open_creating", [](text p) { return open(p, O_RDWR | O_CREAT, 0600); });
    add("open_directory", [](text p) { return open_directory(p); });
    add("truncate", [](text p) { return truncate(p, 2); });
    add("stat", [](text p) { return stat(p); });
    add("lstat", [](text p) { return lstat(p); });
    add("statvfs", [](text p) { return statvfs(p); });
    add("utime", [](text p) { return utime(p); });
    add("chown", [](text p) { return chown(p, keep, keep); });
    add("chmod", [](text p) { return chmod(p, 0600); });
    add("access", [](text p) { return access(p, F_OK); });
    add("link", [](text p) { return aio::link(p, "/nonexistent/x"); });
    add("link_to", [](text p) { return aio::link("/dev/null", p); });
    add("symlink_at", [](text p) { return symlink("anything", p); });
    add("readlink", [](text p) { return readlink(p); });
    add("rename", [](text p) { return rename(p, "/nonexistent/x"); });
    add("unlink", [](text p) { return unlink(p); });
    add("mknod", [](text p) { return mknod(p, S_IFIFO | 0600); });
    add("realpath", [](text p) { return realpath(p); });
    add("mkdir", [](text p) { return mkdir(p); });
    add("make_directories", [](text p) { return make_directories(p); });
    add("rmdir", [](text p) { return rmdir(p); });
    add("readdir", [](text p) { return readdir(p); });
    add("load", [](text p) { return load(p); });
    add("scandir", [](text p) { return scandir(p); });
    add("pathsync", [](text p) { return pathsync(p); });
    return all;
}

class BadPath : public engine_test {};

TEST_P(BadPath, WithANulInsideIsInvalidAndNeverCut) {  // M-9, 4.2: NUL in path
    temporary_tree tree;
    const std::string kept = tree.write("kept");
    const std::string path = kept + std::string(1, '\0') + "suffix";
    auto io = make_context();
    for (const auto& [name, operation] : all_path_operations())
        for (way how : all_ways) {
            SCOPED_TRACE(std::string(name) + ", " + name_of(how));
            auto outcome = operation(how, *io, path);
            ASSERT_FALSE(outcome);
            EXPECT_EQ(outcome.error().value(), EINVAL);
            EXPECT_TRUE(exists(kept));
        }
}

TEST_P(BadPath, ThatIsEmptyDoesNotExist) {
    auto io = make_context();
    for (const auto& [name, operation] : all_path_operations())
        for (way how : all_ways) {
            SCOPED_TRACE(std::string(name) + ", " + name_of(how));
            auto outcome = operation(how, *io, "");
            ASSERT_FALSE(outcome);
            EXPECT_EQ(outcome.error().value(), ENOENT);
        }
}

TEST_P(BadPath, ThatIsTooLongIsReportedAsSuch) {
    auto io = make_context();
    for (std::size_t length : {std::size_t(4096), std::size_t(70'000), std::size_t(1'000'000)}) {
        const std::string path = "/" + std::string(length - 1, '.');
        for (const auto& [name, operation] : all_path_operations())
            for (way how : all_ways) {
                SCOPED_TRACE(std::string(name) + ", " + name_of(how));
                auto outcome = operation(how, *io, path);
                ASSERT_FALSE(outcome);
                EXPECT_EQ(outcome.error().value(), ENAMETOOLONG);
            }
    }
}

TEST_P(BadPath, BelowAnEmptyHandleOrAFileIsAnError) {
    temporary_tree tree;
    const std::string text = tree.write("text");
    auto io = make_context();
    for (way how : all_ways) {
        SCOPED_TRACE(name_of(how));
        EXPECT_EQ(use(how, *io, stat({directory(), "name"})).error().value(), EBADF);
        EXPECT_EQ(use(how, *io, stat(text + "/below")).error().value(), ENOTDIR);
        const directory closed(::open(text.c_str(), O_RDONLY | O_CLOEXEC));
        EXPECT_EQ(use(how, *io, unlink({closed, "name"})).error().value(), ENOTDIR);
    }
}

AIO_ON_EVERY_ENGINE(BadPath);

TEST(RequestTable, HasATestForEveryRow) {
    std::set<std::string> tested;
    for (const operation_case& each : all_operations())
        tested.insert(each.name);
    for (const detail::row* row : detail::all_rows())
        EXPECT_TRUE(tested.contains(row->name)) << row->name;
}

}  // namespace
}  // namespace aio::test
