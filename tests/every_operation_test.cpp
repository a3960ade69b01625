// SPDX-License-Identifier: MIT
// The request table, ioaio.md section 8.1: every operation with success and error in every way of use,
// without callback, cancelled while queued, in a group, after shutdown; and issue 2's "Bad input".
#include "row.hpp"
#include "support/engines.hpp"
#include "support/operations.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace aio::test {
namespace {

using namespace std::chrono_literals;

/// Every operation on every engine.
class EveryOperation : public operation_test {};

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

AIO_WITH_EVERY_OPERATION(EveryOperation);

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
        if (each.row) tested.insert(each.row->name);
    for (const detail::row* row : detail::all_rows())
        EXPECT_TRUE(tested.contains(row->name)) << row->name;
}

}  // namespace
}  // namespace aio::test
