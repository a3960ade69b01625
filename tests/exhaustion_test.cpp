// SPDX-License-Identifier: MIT
// Nothing left, on every engine: no descriptor at any point of what opens several, and a full disk at every
// 64 KiB of what writes.
#include "support/child.hpp"
#include "support/engines.hpp"
#include "support/leaks.hpp"
#include "support/signals.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <iostream>
#include <string>

namespace aio::test {

namespace {

namespace fs = std::filesystem;

template <class T>
std::error_code error_of(const result<T>& outcome) {
    return outcome ? std::error_code() : outcome.error();
}
std::error_code error_of(const tree_result& outcome) {
    return outcome ? std::error_code() : outcome.error();
}

/// Something that opens files, below a tree with `from/a/b/c/file` and the like in it.
struct opening {
    const char* name;
    std::error_code (*run)(context& io, const std::string& root);
    const char* makes = nullptr;  // what is there afterwards, as a whole or not at all
};

template <class Work>
std::error_code run(context& io, Work&& work) {
    return error_of(io.run(std::forward<Work>(work)));
}

const opening openings[] = {
    {"open",
     [](context& io, const std::string& root) { return run(io, open(root + "/from/file", O_RDONLY)); }},
    {"open_directory", [](context& io, const std::string& root) { return run(io, open_directory(root)); }},
    {"readdir", [](context& io, const std::string& root) { return run(io, readdir(root)); }},
    {"mkstemp", [](context& io, const std::string& root) { return run(io, mkstemp(root + "/made")); }},
    {"mkdtemp", [](context& io, const std::string& root) { return run(io, mkdtemp(root + "/made")); }},
    {"load", [](context& io, const std::string& root) { return run(io, load(root + "/from/file")); }},
    {"scandir", [](context& io, const std::string& root) { return run(io, scandir(root + "/from")); }},
    {"pathsync", [](context& io, const std::string& root) { return run(io, pathsync(root)); }},
    {"store",
     [](context& io, const std::string& root) { return run(io, store(root + "/made", "some text")); },
     "made"},
    {"append",
     [](context& io, const std::string& root) { return run(io, append(root + "/made", "some text")); },
     "made"},
    {"copy",
     [](context& io, const std::string& root) { return run(io, copy(root + "/from/file", root + "/made")); },
     "made"},
    {"copy_tree",
     [](context& io, const std::string& root) { return run(io, copy_tree(root + "/from", root + "/copy")); },
     "copy/a/b/file"},
    {"move",
     [](context& io, const std::string& root) { return run(io, move(root + "/from/file", root + "/made")); },
     "made"},
    {"walk",
     [](context& io, const std::string& root) { return run(io, walk(root, [](const walk_batch&) {})); }},
    {"disk_usage", [](context& io, const std::string& root) { return run(io, disk_usage(root)); }},
    {"chmod_tree",
     [](context& io, const std::string& root) { return run(io, chmod_tree(root, 0750, 0640)); }},
    {"chown_tree",
     [](context& io, const std::string& root) { return run(io, chown_tree(root, keep, keep)); }},
    {"rmtree", [](context& io, const std::string& root) { return run(io, rmtree(root + "/from")); }},
};

void plant(const temporary_tree& tree) {
    fs::create_directories(tree / "from/a/b/c");
    fs::create_directories(tree / "from/d/e");
    for (const char* name : {"from/file", "from/a/file", "from/a/b/file", "from/a/b/c/file", "from/d/e/file"})
        tree.write(name, "some text");
}

bool has_temporary_file(const fs::path& root) {
    for (const auto& each : fs::recursive_directory_iterator(root))
        if (each.path().filename().string().starts_with(".aio-")) return true;
    return false;
}

class Exhaustion : public leak_checked, public testing::WithParamInterface<opening> {};

void PrintTo(const opening& of, std::ostream* out) {
    *out << of.name;
}

/// In a child: with n descriptors more than are open, n = 0 until it succeeds.
void with_ever_more_descriptors(const opening& what, const engine& on) {
    engine_context io(on, {});
    {
        const temporary_tree tree;
        plant(tree);
        require(!what.run(*io, tree.root()));  // what opens something once, for good
    }
    rlimit usual;
    require(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
    const int next = ::dup(0);
    ::close(next);
    const std::size_t before = count_descriptors();
    int failures = 0;
    for (rlim_t more = 0;; ++more) {
        require(more < 40);
        const temporary_tree tree;
        plant(tree);
        const rlimit few = {static_cast<rlim_t>(next) + more, usual.rlim_max};
        require(::setrlimit(RLIMIT_NOFILE, &few) == 0);
        const std::error_code outcome = what.run(*io, tree.root());
        require(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
        require(count_descriptors() == before);
        require(!has_temporary_file(tree.root()));
        const std::string made = what.makes ? tree / what.makes : std::string();
        if (what.makes && exists(made)) require(content_of(made) == "some text");
        if (!outcome) {
            require(!what.makes || exists(made));
            break;
        }
        if (outcome != std::errc::too_many_files_open) std::cout << outcome.message() << '\n';
        require(outcome == std::errc::too_many_files_open);
        ++failures;
    }
    std::cout << failures << " failures\n";
}

/// In a child, while signals come: one engine after the other. The output ends with that of which something
/// does not hold.
void on_every_engine(const std::function<void(const engine&)>& body) {
    const signal_storm signals;
    const std::size_t before = count_descriptors();
    for (const engine& each : all_engines()) {
        std::cout << each.name << ": " << std::flush;
        body(each);
        // Its workers may close the last of them.
        require(eventually([&] { return count_descriptors() == before; }));
    }
}

TEST_P(Exhaustion, ForkedWithoutDescriptorsAtEveryPointItFailsCleanly) {
    const child_end end = run_in_child(
        [&] { on_every_engine([&](const engine& on) { with_ever_more_descriptors(GetParam(), on); }); });
    EXPECT_EQ(unexpected_end(end), "");
}

INSTANTIATE_TEST_SUITE_P(Of, Exhaustion, testing::ValuesIn(openings),
                         [](const testing::TestParamInfo<opening>& each) {
                             return std::string(each.param.name);
                         });

// The disk.

constexpr std::size_t piece = 64 * 1024;
constexpr std::size_t source_size = 10 * piece + 1000;

struct writing {
    const char* name;
    std::error_code (*run)(context& io, const std::string& source, const std::string& to);
};

const writing writings[] = {
    {"copy",
     [](context& io, const std::string& source, const std::string& to) { return run(io, copy(source, to)); }},
    {"copy_tree", [](context& io, const std::string& source,
                     const std::string& to) { return run(io, copy_tree(source, to)); }},
    {"move",
     [](context& io, const std::string& source, const std::string& to) { return run(io, move(source, to)); }},
    {"store", [](context& io, const std::string& source,
                 const std::string& to) { return run(io, store(to, content_of(source))); }},
    {"append", [](context& io, const std::string& source,
                  const std::string& to) { return run(io, append(to, content_of(source))); }},
};

class FullDisk : public leak_checked, public testing::WithParamInterface<writing> {};

void PrintTo(const writing& of, std::ostream* out) {
    *out << of.name;
}

/// In a child: with 64 KiB more each time, until it fits. What was not written whole is not there, but for a
/// part of what was appended; and the source is.
void with_an_ever_larger_disk(const writing& what, const engine& on, const temporary_tree& tree) {
    const std::string text(source_size, 's');
    const std::string source = tree.write("source", text);
    const std::string small = tree / "small";
    const std::string to = small + "/made";
    engine_context io(on, {});
    int failures = 0;
    for (std::size_t pieces = 1;; ++pieces) {
        require(pieces < 30);
        const std::string size = "size=" + std::to_string(pieces * piece);
        require(::mount("small", small.c_str(), "tmpfs", MS_REMOUNT, size.c_str()) == 0);
        const std::error_code outcome = what.run(*io, source, to);
        if (!outcome) break;
        require(outcome == std::errc::no_space_on_device);
        require(content_of(source) == text);
        if (std::string(what.name) == "append") {
            require(text.starts_with(content_of(to)));
            fs::remove(to);
        }
        require(fs::is_empty(small));
        ++failures;
    }
    require(content_of(to) == text);
    require(failures >= 10);
    fs::remove(to);
    std::cout << failures << " full disks\n";
}

TEST_P(FullDisk, ForkedAtEvery64KiBNoPartIsLeft) {
    const temporary_tree tree;
    fs::create_directory(tree / "small");
    const child_end end = run_in_child([&] {
        own_mounts();
        require(::mount("small", (tree / "small").c_str(), "tmpfs", 0, "size=64k") == 0);
        on_every_engine([&](const engine& on) { with_an_ever_larger_disk(GetParam(), on, tree); });
    });
    if (end.status == not_permitted) GTEST_SKIP() << "nothing may be mounted here";
    EXPECT_EQ(unexpected_end(end), "");
}

INSTANTIATE_TEST_SUITE_P(Of, FullDisk, testing::ValuesIn(writings),
                         [](const testing::TestParamInfo<writing>& each) {
                             return std::string(each.param.name);
                         });

}  // namespace

}  // namespace aio::test
