// SPDX-License-Identifier: MIT
// What is done by composites and to whole trees.
#include "model/opened.hpp"
#include "model/plain_copy.hpp"
#include "model/world.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace aio::test {

namespace {

/// The library opens these to read or write, which waits for a FIFO's other end.
bool may_wait(world& w, const path_operand& path) {
    return w.posix().type_of(path) == S_IFIFO;
}

void load_step(world& w) {
    const path_operand path = w.draw_path();
    const std::size_t limit = w.draw({std::size_t{200'000}, std::size_t{100}, std::size_t{0}});
    if (may_wait(w, path)) return;
    w.compare([&](library_side& l) { return l.run(load(l.at(path), limit), std::identity()); },
              [&](posix_side& p) {
                  return p.at(path, [&](int base, const char* name) {
                      const opened file(::openat(base, name, O_RDONLY | O_CLOEXEC));
                      if (!file) return answer{errno, {}};
                      std::string content(limit + 1, '\0');
                      const ssize_t got = ::read(file.get(), content.data(), content.size());
                      if (got < 0) return answer{errno, {}};
                      content.resize(static_cast<std::size_t>(got));
                      return content.size() > limit ? answer{EFBIG, {}} : answer{0, content};
                  });
              });
}

void scandir_step(world& w) {
    const path_operand path = w.draw_path();
    w.compare(
        [&](library_side& l) {
            return l.run(scandir(l.at(path)), [](const scan_result& found) {
                return joined(found.directories) + "and " + joined(found.others);
            });
        },
        [&](posix_side& p) {
            return p.at(path, [](int base, const char* name) {
                const opened directory(::openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
                if (!directory) return answer{errno, {}};
                std::vector<std::string> directories;
                std::vector<std::string> others;
                for (std::string& entry : names_in(directory.get())) {
                    struct ::stat status = {};
                    ::fstatat(directory.get(), entry.c_str(), &status, AT_SYMLINK_NOFOLLOW);
                    (S_ISDIR(status.st_mode) ? directories : others).push_back(std::move(entry));
                }
                return answer{0, joined(directories) + "and " + joined(others)};
            });
        });
}

void pathsync_step(world& w) {
    const path_operand path = w.draw_path();
    w.compare([&](library_side& l) { return l.run(pathsync(l.at(path))); },
              [&](posix_side& p) {
                  return p.at(path, [](int base, const char* name) {
                      const opened file(::openat(base, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
                      return answer_of(file ? ::fsync(file.get()) : -1);
                  });
              });
}

/// Another file takes the name, with the permissions of the file that had it, less the set-id bits.
answer store_reference(int base, const std::string& path, const std::string& content, bool replace) {
    struct ::stat there = {};
    const bool exists = ::fstatat(base, path.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
    if (!exists && errno != ENOENT) return {errno, {}};
    if (exists && S_ISDIR(there.st_mode)) return {EISDIR, {}};
    if (exists && !replace) return {EEXIST, {}};
    const std::size_t slash = path.rfind('/');
    const std::string temporary = (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + ".tmp";
    const opened file(::openat(base, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file) return {errno, {}};
    EXPECT_EQ(::write(file.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
    if (exists && S_ISREG(there.st_mode)) {
        EXPECT_EQ(::fchown(file.get(), there.st_uid, there.st_gid), 0);
        EXPECT_EQ(::fchmod(file.get(), there.st_mode & 0777), 0);
    }
    return answer_of(::renameat(base, temporary.c_str(), base, path.c_str()));
}

void store_step(world& w) {
    const path_operand path = w.draw_path();
    const std::string content = w.draw_data();
    store_options how;
    how.durable = w.draw_once_in(4);
    if (w.draw_once_in(4)) how.existing = on_existing::fail;
    if (is_nameless(path.name) || path.name.ends_with('/')) return;
    w.compare([&](library_side& l) { return l.run(store(l.at(path), content, how)); },
              [&](posix_side& p) {
                  return p.at(path, [&](int base, const char* name) {
                      return store_reference(base, name, content, how.existing != on_existing::fail);
                  });
              });
}

void append_step(world& w) {
    const path_operand path = w.draw_path();
    const std::string content = w.draw_data();
    if (may_wait(w, path)) return;
    w.compare(
        [&](library_side& l) { return l.run(append(l.at(path), content)); },
        [&](posix_side& p) {
            return p.at(path, [&](int base, const char* name) {
                const opened file(::openat(base, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
                if (!file) return answer{errno, {}};
                for (std::string_view left = content; !left.empty();) {
                    const ssize_t written = ::write(file.get(), left.data(), left.size());
                    if (written < 0) return answer{errno, {}};
                    left.remove_prefix(static_cast<std::size_t>(written));  // the largest size may be near
                }
                return answer{};
            });
        });
}

// Whole trees.

/// How a tree's counts are compared. An error is compared without them.
struct tree_counts {
    std::uint64_t directories = 0;
    std::uint64_t others = 0;

    [[nodiscard]] std::string text() const {
        return std::to_string(directories) + " directories, " + std::to_string(others) + " others";
    }
};

answer run_tree(library_side& l, task<tree_result> work) {
    const tree_result done = use(l.way_now, l.io(), std::move(work));
    if (!done) return {done.error().value(), {}};
    return {0, tree_counts{done.directories, done.others}.text()};
}

answer remove_tree(int base, const std::string& path, tree_counts& counts) {
    const opened directory(::openat(base, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) return {errno, {}};  // ENOTDIR for a link, ELOOP on the way to it
    for (const std::string& name : names_in(directory.get())) {
        struct ::stat status = {};
        ::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
        if (S_ISDIR(status.st_mode)) {
            remove_tree(directory.get(), name, counts);
        } else {
            EXPECT_EQ(::unlinkat(directory.get(), name.c_str(), 0), 0);
            ++counts.others;
        }
    }
    ++counts.directories;
    return ::unlinkat(base, path.c_str(), AT_REMOVEDIR) == 0 ? answer{0, counts.text()} : answer{errno, {}};
}

void rmtree_step(world& w) {
    const path_operand path = w.draw_path();
    if (is_nameless(path.name)) return;
    w.compare(
        [&](library_side& l) { return run_tree(l, rmtree(l.at(path))); },
        [&](posix_side& p) {
            return p.at(path, [](int base, const char* name) {
                // The way to it may lead through what is removed.
                const named_place place(name);
                const opened above(::openat(base, place.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
                tree_counts counts;
                return above ? remove_tree(above.get(), place.name, counts) : answer{errno, {}};
            });
        });
}

/// What must be a directory, and no link to one.
answer directory_at(int base, const char* path) {
    struct ::stat status = {};
    if (::fstatat(base, path, &status, AT_SYMLINK_NOFOLLOW) != 0) return {errno, {}};
    return {S_ISDIR(status.st_mode) ? 0 : ENOTDIR, {}};
}

/// Calls `visit(base, name, status)` for a root, not followed, and all below it; what is in a directory
/// first.
template <class Visit>
answer visit_tree(int base, const std::string& path, Visit& visit) {
    struct ::stat status = {};
    if (::fstatat(base, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {errno, {}};
    if (S_ISDIR(status.st_mode)) {
        const opened directory(::openat(base, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        for (const std::string& name : names_in(directory.get()))
            visit_tree(directory.get(), name, visit);
    }
    visit(base, path, status);
    return {};
}

void walk_step(world& w) {
    const path_operand path = w.draw_path();
    walk_options how;
    if (w.draw_once_in(2)) how.order = walk_order::breadth;
    how.by_inode = w.draw_once_in(2);
    if (is_nameless(path.name) || path.name.ends_with('/')) return;
    w.compare(
        [&](library_side& l) {
            std::vector<std::string> found;
            auto collect = [&](const walk_batch& batch) {
                for (const walk_entry entry : batch)
                    found.push_back((entry.depth ? std::string(entry.name) : "root") + ' ' +
                                    std::to_string(static_cast<int>(entry.type)));
            };
            answer done = run_tree(l, walk(l.at(path), collect, std::move(how)));
            if (!done.error) done.value = joined(std::move(found));
            return done;
        },
        [&](posix_side& p) {
            return p.at(path, [](int base, const char* name) {
                std::vector<std::string> found;
                auto visit = [&, root = base](int directory, const std::string& entry,
                                              const struct ::stat& of) {
                    const bool is_root = directory == root && entry == name;
                    found.push_back((is_root ? "root" : entry) + ' ' + std::to_string(of.st_mode >> 12));
                };
                answer done = visit_tree(base, name, visit);
                if (!done.error) done.value = joined(std::move(found));
                return done;
            });
        });
}

void chmod_tree_step(world& w) {
    const path_operand path = w.draw_path();
    const mode_t directories = w.draw_mode();
    const mode_t others = w.draw_once_in(4) ? keep_mode : w.draw_mode();
    if (is_nameless(path.name) || path.name.ends_with('/')) return;
    w.compare(
        [&](library_side& l) {
            answer done = run_tree(l, chmod_tree(l.at(path), directories, others));
            done.value.clear();
            return done;
        },
        [&](posix_side& p) {
            return p.at(path, [&](int base, const char* name) {
                auto visit = [&](int directory, const std::string& entry, const struct ::stat& of) {
                    const mode_t mode = S_ISDIR(of.st_mode) ? directories : others;
                    if (S_ISLNK(of.st_mode) || mode == keep_mode) return;
                    EXPECT_EQ(::fchmodat(directory, entry.c_str(), mode, 0), 0);
                };
                const answer root = directory_at(base, name);
                return root.error ? root : visit_tree(base, name, visit);
            });
        });
}

void chown_tree_step(world& w) {
    const path_operand path = w.draw_path();
    const unsigned owner = ::geteuid() == 0 ? w.draw({0U, 1234U}) : ::geteuid();
    if (is_nameless(path.name) || path.name.ends_with('/')) return;
    w.compare(
        [&](library_side& l) {
            answer done = run_tree(l, chown_tree(l.at(path), owner, keep));
            done.value.clear();
            return done;
        },
        [&](posix_side& p) {
            return p.at(path, [&](int base, const char* name) {
                auto visit = [&](int directory, const std::string& entry, const struct ::stat&) {
                    const gid_t kept = static_cast<gid_t>(-1);
                    EXPECT_EQ(::fchownat(directory, entry.c_str(), owner, kept, AT_SYMLINK_NOFOLLOW), 0);
                };
                const answer root = directory_at(base, name);
                return root.error ? root : visit_tree(base, name, visit);
            });
        });
}

void disk_usage_step(world& w) {
    const path_operand path = w.draw_path();
    if (is_nameless(path.name) || path.name.ends_with('/')) return;
    w.compare(
        [&](library_side& l) {
            std::uint64_t bytes = 0;
            disk_usage_options how;
            const tree_result done = use(l.way_now, l.io(), disk_usage(l.at(path), std::move(how)));
            bytes = done.bytes;
            return done ? answer{0, std::to_string(bytes)} : answer{done.error().value(), {}};
        },
        [&](posix_side& p) {
            return p.at(path, [](int base, const char* name) {
                std::uint64_t bytes = 0;
                std::vector<ino_t> counted;
                auto visit = [&](int, const std::string&, const struct ::stat& of) {
                    if (std::ranges::find(counted, of.st_ino) != counted.end()) return;
                    counted.push_back(of.st_ino);
                    bytes += static_cast<std::uint64_t>(of.st_blocks) * 512;
                };
                answer done = visit_tree(base, name, visit);
                if (!done.error) done.value = std::to_string(bytes);
                return done;
            });
        });
}

}  // namespace

std::span<const step> tree_steps() {
    static constexpr step all[] = {
        {"load", load_step},
        {"scandir", scandir_step},
        {"pathsync", pathsync_step},
        {"store", store_step},
        {"append", append_step},
        {"rmtree", rmtree_step},
        {"walk", walk_step},
        {"chmod_tree", chmod_tree_step},
        {"chown_tree", chown_tree_step},
        {"disk_usage", disk_usage_step},
    };
    return all;
}

}  // namespace aio::test
