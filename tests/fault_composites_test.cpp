// SPDX-License-Identifier: MIT
// Composites and trees whose n-th system call fails, n = 0 until none does any more: what they report is
// true, they destroy nothing, and leave no temporary file.
#include "support/allocations.hpp"
#include "support/engines.hpp"
#include "support/leaks.hpp"
#include "support/sanitizers.hpp"
#include "support/system_calls.hpp"
#include "support/temporary.hpp"
#include "support/ways.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

namespace fs = std::filesystem;

const std::string long_text(5000, 'x');
const std::string larger_text(70'000, 'x');  // so large that the kernel copies it

/// All that a copy has of its source, by the path below the root.
std::map<std::string, std::string> snapshot(const std::string& root) {
    std::map<std::string, std::string> seen;
    auto note = [&](const fs::path& path) {
        struct stat status = {};
        ::lstat(path.c_str(), &status);
        std::string is = std::to_string(status.st_mode) + ' ' + std::to_string(status.st_mtim.tv_sec) + '.' +
                         std::to_string(status.st_mtim.tv_nsec) + ' ';
        if (S_ISREG(status.st_mode)) is += std::to_string(status.st_nlink) + content_of(path);
        if (S_ISLNK(status.st_mode)) is += fs::read_symlink(path);
        seen[path.string().substr(root.size())] = is;
    };
    if (!exists(root)) return seen;
    note(root);
    for (const auto& each : fs::recursive_directory_iterator(root))
        note(each.path());
    return seen;
}

/// Types, and what is in files and links, alone.
std::map<std::string, std::string> contents(const std::string& root) {
    std::map<std::string, std::string> seen;
    for (const auto& each : fs::recursive_directory_iterator(root)) {
        std::string& is = seen[each.path().string().substr(root.size())];
        is = static_cast<char>(each.symlink_status().type());
        if (each.is_symlink()) is += fs::read_symlink(each);
        if (each.is_regular_file()) is += content_of(each.path());
    }
    return seen;
}

/// What a composite finds, and how to tell what has become of it.
struct stage {
    stage() {
        tree.write("source/file", long_text);
        fs::create_directory(source + "/sub");
        tree.write("source/sub/inner", "inner");
        fs::create_symlink("file", source + "/link");
        fs::create_hard_link(source + "/file", source + "/sub/hard");
        ::mkfifo((source + "/fifo").c_str(), 0600);
        tree.write("old", "old");
        tree.write("outside", "kept");
        tree.write("large", larger_text);
        std::fstream(tree.write("sparse", larger_text)).seekp(1 << 18) << "end";
        fs::create_directories(there + "/sub");
        tree.write("there/sub/inner", "old inner");
        tree.write("there/link", "old link");
        before = snapshot(source);
    }

    /// Nothing is there that nobody asked for.
    [[nodiscard]] bool is_tidy() const {
        for (const std::string& root : roots())
            for (const auto& each : fs::recursive_directory_iterator(root))
                if (each.path().filename().string().starts_with(".aio-")) return false;
        return content_of(tree / "outside") == "kept";
    }
    [[nodiscard]] std::vector<std::string> roots() const { return {tree.root(), elsewhere.root()}; }
    [[nodiscard]] bool source_is_complete() const { return snapshot(source) == before; }

    temporary_tree tree{in_memory()};
    temporary_tree elsewhere;  // on another file system
    std::string source = make_source();
    std::string file = source + "/file";
    std::string old = tree / "old";
    std::string fresh = tree / "fresh";
    std::string far = elsewhere / "far";
    std::string large = tree / "large";
    std::string sparse = tree / "sparse";
    std::string there = tree / "there";  // some of a copy of the source
    std::map<std::string, std::string> before;

  private:
    [[nodiscard]] std::string make_source() const {
        fs::create_directory(tree / "source");
        return tree / "source";
    }
};

struct composite_case {
    const char* name;
    /// Makes it in one way of use; an error, also if what it gave is not right.
    std::function<std::error_code(way, context&, stage&)> run;
    std::function<bool(const stage&)> is_done;      // all of it
    std::function<bool(const stage&)> is_harmless;  // whatever went wrong
};

void PrintTo(const composite_case& of, std::ostream* out) {
    *out << of.name;
}

/// What nothing else could be the reason of: a success that is none.
const std::error_code wrong = std::make_error_code(std::errc::illegal_byte_sequence);

template <class T>
std::error_code error_of(const result<T>& outcome) {
    return outcome ? std::error_code() : outcome.error();
}
std::error_code error_of(const tree_result& outcome) {
    return outcome ? std::error_code() : outcome.error();
}

bool keeps_source(const stage& at) {
    return at.source_is_complete();
}
bool is_always(const stage&) {
    return true;
}
bool has_nothing_or(const std::string& path, const std::string& written) {
    return !exists(path) || content_of(path) == written;
}
bool has_old_or(const stage& at, std::string_view written) {
    const std::string now = content_of(at.old);
    return at.source_is_complete() && (now == "old" || now == written);
}

std::vector<composite_case> all_composites() {
    return {
        {"load",
         [](way how, context& io, stage& at) {
             auto loaded = use(how, io, load(at.file));
             return loaded && *loaded != long_text ? wrong : error_of(loaded);
         },
         is_always, keeps_source},
        {"scandir",
         [](way how, context& io, stage& at) {
             auto found = use(how, io, scandir(at.source));
             return found && found->directories.size() + found->others.size() != 4 ? wrong : error_of(found);
         },
         is_always, keeps_source},
        {"pathsync",
         [](way how, context& io, stage& at) { return error_of(use(how, io, pathsync(at.source))); },
         is_always, keeps_source},
        {"store_new",
         [](way how, context& io, stage& at) { return error_of(use(how, io, store(at.fresh, "new"))); },
         [](const stage& at) { return content_of(at.fresh) == "new"; },
         [](const stage& at) { return has_nothing_or(at.fresh, "new"); }},
        {"store_replacing",
         [](way how, context& io, stage& at) { return error_of(use(how, io, store(at.old, "new"))); },
         [](const stage& at) { return content_of(at.old) == "new"; },
         [](const stage& at) { return has_old_or(at, "new"); }},
        {"append",
         [](way how, context& io, stage& at) { return error_of(use(how, io, append(at.old, " and new"))); },
         [](const stage& at) { return content_of(at.old) == "old and new"; },
         [](const stage& at) { return content_of(at.old).starts_with("old"); }},
        {"copy",
         [](way how, context& io, stage& at) { return error_of(use(how, io, copy(at.file, at.fresh))); },
         [](const stage& at) { return content_of(at.fresh) == long_text; },
         [](const stage& at) { return keeps_source(at) && has_nothing_or(at.fresh, long_text); }},
        {"copy_far",
         [](way how, context& io, stage& at) { return error_of(use(how, io, copy(at.file, at.far))); },
         [](const stage& at) { return content_of(at.far) == long_text; },
         [](const stage& at) { return keeps_source(at) && has_nothing_or(at.far, long_text); }},
        {"copy_replacing",
         [](way how, context& io, stage& at) { return error_of(use(how, io, copy(at.file, at.old))); },
         [](const stage& at) { return content_of(at.old) == long_text; },
         [](const stage& at) { return has_old_or(at, long_text); }},
        {"copy_as_cp",
         [](way how, context& io, stage& at) {
             return error_of(use(how, io, copy(at.file, at.old, {.existing = on_existing::as_cp})));
         },
         [](const stage& at) { return content_of(at.old) == long_text; },
         [](const stage& at) { return has_old_or(at, long_text); }},
        {"copy_in_place",
         [](way how, context& io, stage& at) {
             return error_of(use(how, io, copy(at.file, at.old, {.existing = on_existing::in_place})));
         },
         [](const stage& at) { return content_of(at.old) == long_text; }, keeps_source},
        {"copy_large",
         [](way how, context& io, stage& at) { return error_of(use(how, io, copy(at.large, at.fresh))); },
         [](const stage& at) { return content_of(at.fresh) == larger_text; },
         [](const stage& at) { return has_nothing_or(at.fresh, larger_text); }},
        {"copy_sparse",
         [](way how, context& io, stage& at) { return error_of(use(how, io, copy(at.sparse, at.fresh))); },
         [](const stage& at) { return content_of(at.fresh) == content_of(at.sparse); },
         [](const stage& at) { return has_nothing_or(at.fresh, content_of(at.sparse)); }},
        {"copy_tree",
         [](way how, context& io, stage& at) {
             return error_of(use(how, io, copy_tree(at.source, at.fresh)));
         },
         [](const stage& at) { return snapshot(at.fresh) == at.before; }, keeps_source},
        {"copy_tree_plain",
         [](way how, context& io, stage& at) {
             return error_of(use(how, io, copy_tree(at.source, at.fresh, {.keep = preserve::nothing})));
         },
         [](const stage& at) { return contents(at.fresh) == contents(at.source); }, keeps_source},
        {"copy_tree_onto",
         [](way how, context& io, stage& at) {
             return error_of(use(how, io, copy_tree(at.source, at.there)));
         },
         [](const stage& at) { return snapshot(at.there) == at.before; },
         [](const stage& at) {
             const std::string inner = content_of(at.there + "/sub/inner");
             return keeps_source(at) && (inner == "old inner" || inner == "inner");
         }},
        {"move",
         [](way how, context& io, stage& at) {
             return error_of(use(how, io, aio::move(at.source, at.fresh)));
         },
         [](const stage& at) { return !exists(at.source) && snapshot(at.fresh) == at.before; },
         [](const stage& at) { return at.source_is_complete() || snapshot(at.fresh) == at.before; }},
        {"move_far",
         [](way how, context& io, stage& at) { return error_of(use(how, io, aio::move(at.source, at.far))); },
         [](const stage& at) { return !exists(at.source) && snapshot(at.far) == at.before; },
         [](const stage& at) { return at.source_is_complete() || snapshot(at.far) == at.before; }},
        {"move_file_far",
         [](way how, context& io, stage& at) { return error_of(use(how, io, aio::move(at.file, at.far))); },
         [](const stage& at) { return !exists(at.file) && content_of(at.far) == long_text; },
         [](const stage& at) {
             return has_nothing_or(at.far, long_text) && (keeps_source(at) || exists(at.far));
         }},
        {"rmtree", [](way how, context& io, stage& at) { return error_of(use(how, io, rmtree(at.source))); },
         [](const stage& at) { return !exists(at.source); }, is_always},
        {"walk",
         [](way how, context& io, stage& at) {
             std::size_t entries = 0;
             auto done =
                 use(how, io, walk(at.source, [&](const walk_batch& batch) { entries += batch.size(); }));
             return done && entries != at.before.size() ? wrong : error_of(done);
         },
         is_always, keeps_source},
        {"disk_usage",
         [](way how, context& io, stage& at) {
             auto used = use(how, io, disk_usage(at.source));
             return used && used.bytes < long_text.size() ? wrong : error_of(used);
         },
         is_always, keeps_source},
        {"chmod_tree",
         [](way how, context& io, stage& at) {
             return error_of(use(how, io, chmod_tree(at.source, 0750, 0640)));
         },
         [](const stage& at) {
             return fs::status(at.source + "/sub").permissions() == fs::perms(0750) &&
                    fs::status(at.source + "/sub/inner").permissions() == fs::perms(0640);
         },
         is_always},
        {"chown_tree",
         [](way how, context& io, stage& at) {
             return error_of(use(how, io, chown_tree(at.source, ::getuid(), ::getgid())));
         },
         is_always, keeps_source},
    };
}

class FaultComposites : public leak_checked,
                        public testing::WithParamInterface<std::tuple<engine, composite_case>> {
  protected:
    static void TearDownTestSuite() {
        std::printf("composites: %zu faults, %zu allocation failures\n", all_faults, all_allocations);
    }

    void SetUp() override {
        leak_checked::SetUp();
        stage at;
        if (is_same_file_system(at.tree.root(), at.elsewhere.root()))
            GTEST_SKIP() << "there is one file system";
    }

    /// Makes it while its `n`-th system call ends as `what`; false if it makes no more than `n`.
    bool meets(context& io, way how, const fault& what, int n) {
        stage at;
        std::error_code outcome;
        std::string call;
        {
            const failing_system_call fails(at.roots(), what, n);
            outcome = composite.run(how, io, at);
            call = fails.happened();
        }
        if (call.empty()) return false;
        ++all_faults;
        SCOPED_TRACE(std::string(name_of(how)) + ": " + call + " (" + std::to_string(n) + ") " +
                     (what.short_count ? "is short" : ::strerrorname_np(what.error)));
        if (what.short_count || what.error == EINTR) {
            EXPECT_FALSE(outcome) << outcome.message();
        } else if (outcome) {
            EXPECT_EQ(outcome.value(), what.error) << outcome.message();
        }
        // What could not be removed is left behind.
        EXPECT_TRUE(at.is_tidy() || call.starts_with("unlink"));
        check(io, at, outcome);
        for (const std::string& root : at.roots())
            EXPECT_EQ(count_descriptors_below(root), 0U);
        return true;
    }

    /// Makes it while its `n`-th allocation fails, or all from there on; false if it makes no more than `n`.
    /// In a thread of its own, where no cache has memory left from before.
    bool meets_no_memory(way how, int n, lasting lasts) {
        bool happened = false;
        std::thread([&] {
            SCOPED_TRACE(std::string(name_of(how)) + ", allocation " + std::to_string(n) + ", " +
                         name_of(lasts));
            stage at;
            engine_context io = make_context();
            std::error_code outcome;
            {
                const failing_allocation fails(n, lasts);
                bool accepted = false;
                when_accepted = [&] { accepted = true; };
                try {
                    outcome = composite.run(how, *io, at);
                } catch (const std::bad_alloc&) {
                    EXPECT_FALSE(accepted) << "it has an outcome then";
                    outcome = std::make_error_code(std::errc::not_enough_memory);
                }
                when_accepted = [] {};
                happened = fails.happened();
            }
            if (outcome) {
                EXPECT_EQ(outcome, std::errc::not_enough_memory) << outcome.message();
            }
            // To take a copied tree away again needs memory.
            EXPECT_TRUE(at.is_tidy() || lasts == lasting::from_then_on);
            check(*io, at, outcome);
        }).join();
        if (happened) ++all_allocations;
        return happened;
    }

    [[nodiscard]] engine_context make_context() const { return engine_context(std::get<0>(GetParam()), {}); }

    /// The place of its engine among all.
    [[nodiscard]] static int turn() {
        const auto engines = all_engines();
        const auto mine = std::ranges::find(engines, std::get<0>(GetParam()).name, &engine::name);
        return static_cast<int>(mine - engines.begin());
    }

    const composite_case& composite = std::get<1>(GetParam());
    static inline std::size_t all_faults = 0;
    static inline std::size_t all_allocations = 0;

  private:
    /// What was done is what was said, nothing was destroyed, and the context goes on.
    void check(context& io, const stage& at, const std::error_code& outcome) const {
        EXPECT_NE(outcome, wrong);
        if (!outcome) {
            EXPECT_TRUE(composite.is_done(at)) << "or it should have been an error";
        }
        EXPECT_TRUE(composite.is_harmless(at));
        EXPECT_TRUE(io.run(nop()));
        const statistics now = io.statistics();
        EXPECT_EQ(now.outstanding + now.ready + now.running + now.pending + now.abandoned, 0U);
    }
};

TEST_P(FaultComposites, AtEveryCall) {
    engine_context io = make_context();
    for (way how : all_ways) {
        stage at;
        ASSERT_EQ(composite.run(how, *io, at), std::error_code());
        ASSERT_TRUE(composite.is_done(at));
        ASSERT_TRUE(at.is_tidy());
    }
    const fault faults[] = {{.error = EINTR},  {.error = EIO},    {.error = EMFILE}, {.error = ENOSPC},
                            {.error = EDQUOT}, {.error = ENOMEM}, {.error = ESTALE}, {.short_count = true}};
    // Each fault on every other engine, with sanitizers on fewer; and the way goes round.
    constexpr int step = sanitized ? 4 : 2;
    for (int i = turn() % step; i < std::ssize(faults); i += step)
        for (int n = 0; meets(*io, all_ways[(n + i / step) % 4], faults[i], n); ++n)
            ASSERT_LT(n, 1000);
}

TEST_P(FaultComposites, AtEveryAllocation) {
    for (int i = 0; i < std::ssize(all_lastings); ++i)  // in another way on each engine
        for (int n = 0; meets_no_memory(all_ways[(turn() + i) % 4], n, all_lastings[i]); ++n)
            ASSERT_LT(n, 10000);
}

std::vector<std::tuple<engine, composite_case>> every_composite_on_every_engine() {
    std::vector<std::tuple<engine, composite_case>> all;
    for (const engine& on : all_engines())
        for (const composite_case& each : all_composites())
            all.emplace_back(on, each);
    return all;
}

INSTANTIATE_TEST_SUITE_P(Each, FaultComposites, testing::ValuesIn(every_composite_on_every_engine()),
                         [](const auto& of) {
                             return std::string(std::get<0>(of.param).name) + "_" +
                                    std::get<1>(of.param).name;
                         });

}  // namespace
}  // namespace aio::test
