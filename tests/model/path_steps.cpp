// SPDX-License-Identifier: MIT
// What is done to names: the operations on paths.
#include "model/world.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>
#include <vector>

namespace aio::test {

namespace {

void mkdir_step(world& w) {
    const path_operand path = w.draw_path();
    const mode_t mode = w.draw_mode();
    w.compare([&](library_side& l) { return l.run(mkdir(l.at(path), mode)); },
              [&](posix_side& p) {
                  return p.at(path, [&](int base, const char* name) {
                      return answer_of(::mkdirat(base, name, mode));
                  });
              });
}

/// mkdir, which also succeeds where a directory is; an errno. What is there but cannot be looked at is that
/// error, unless it is a link that leads nowhere (R-MKDIRS).
int ensure_directory(int base, const std::string& path, mode_t mode) {
    if (::mkdirat(base, path.c_str(), mode) == 0) return 0;
    const int failed = errno;
    struct ::stat status = {};
    if (::fstatat(base, path.c_str(), &status, 0) == 0) return S_ISDIR(status.st_mode) ? 0 : failed;
    const bool leads_nowhere = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    return failed == EEXIST && !leads_nowhere ? errno : failed;
}

/// mkdir -p.
answer make_all(int base, const std::string& path, mode_t mode) {
    const int failed = ensure_directory(base, path, mode);
    if (failed != ENOENT) return {failed, {}};
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos && slash + 1 < path.size();
         slash = path.find('/', slash + 1)) {
        const int above = ensure_directory(base, path.substr(0, slash), 0777);
        if (above) return {above == EEXIST ? ENOTDIR : above, {}};
    }
    return {ensure_directory(base, path, mode), {}};
}

void make_directories_step(world& w) {
    const path_operand path = w.draw_path_down();
    const mode_t mode = w.draw_mode();
    w.compare([&](library_side& l) { return l.run(make_directories(l.at(path), mode)); },
              [&](posix_side& p) {
                  return p.at(path, [&](int base, const char* name) { return make_all(base, name, mode); });
              });
}

void rmdir_step(world& w) {
    const path_operand path = w.draw_path();
    w.compare([&](library_side& l) { return l.run(rmdir(l.at(path))); },
              [&](posix_side& p) {
                  return p.at(path, [](int base, const char* name) {
                      return answer_of(::unlinkat(base, name, AT_REMOVEDIR));
                  });
              });
}

void unlink_step(world& w) {
    const path_operand path = w.draw_path();
    w.compare([&](library_side& l) { return l.run(unlink(l.at(path))); },
              [&](posix_side& p) {
                  return p.at(
                      path, [](int base, const char* name) { return answer_of(::unlinkat(base, name, 0)); });
              });
}

void link_step(world& w) {
    const path_operand from = w.draw_path();
    const path_operand to = w.draw_path();
    const int flags = w.draw({0, 0, AT_SYMLINK_FOLLOW, 1});
    w.compare([&](library_side& l) { return l.run(link(l.at(from), l.at(to), flags)); },
              [&](posix_side& p) {
                  return p.at(from, to, [&](int base, const char* old_name, int to_base, const char* name) {
                      return answer_of(::linkat(base, old_name, to_base, name, flags));
                  });
              });
}

/// The text has no base: one that names a directory handle is refused.
void symlink_step(world& w) {
    const std::string text = w.draw_link_text();
    const path_operand path = w.draw_path();
    const bool below_handle = w.draw_once_in(16);
    w.compare(
        [&](library_side& l) {
            return l.run(below_handle ? symlink({l.root_handle(), text}, l.at(path))
                                      : symlink(text, l.at(path)));
        },
        [&](posix_side& p) -> answer {
            const path_operand as_path{path_operand::base::working_directory, 0, text};
            if (const int wrong = p.error_of(as_path)) return {wrong, {}};
            if (below_handle) return {EINVAL, {}};
            return p.at(path, [&](int base, const char* name) {
                return answer_of(::symlinkat(text.c_str(), base, name));
            });
        });
}

void readlink_step(world& w) {
    const path_operand path = w.draw_path();
    w.compare([&](library_side& l) { return l.run(readlink(l.at(path)), std::identity()); },
              [&](posix_side& p) {
                  return p.at(path, [](int base, const char* name) {
                      std::vector<char> text(PATH_MAX);
                      const ssize_t size = ::readlinkat(base, name, text.data(), text.size());
                      if (size < 0) return answer{errno, {}};
                      return answer{0, std::string(text.data(), static_cast<std::size_t>(size))};
                  });
              });
}

void rename_step(world& w) {
    const path_operand from = w.draw_path();
    const path_operand to = w.draw_path();
    const unsigned flags = w.draw({0U, 0U, 0U, unsigned{RENAME_NOREPLACE}, unsigned{RENAME_EXCHANGE}, 0x80U});
    w.compare([&](library_side& l) { return l.run(rename(l.at(from), l.at(to), flags)); },
              [&](posix_side& p) {
                  return p.at(from, to, [&](int base, const char* old_name, int to_base, const char* name) {
                      return answer_of(::renameat2(base, old_name, to_base, name, flags));
                  });
              });
}

void mknod_step(world& w) {
    const path_operand path = w.draw_path();
    const mode_t type = w.draw({mode_t{S_IFREG}, mode_t{S_IFIFO}, mode_t{S_IFSOCK}, mode_t{S_IFCHR},
                                mode_t{0}, mode_t{S_IFDIR}, mode_t{S_IFLNK}});
    const mode_t mode = type | w.draw_mode();
    const dev_t device = S_ISCHR(mode) ? makedev(1, 3) : 0;  // /dev/null
    w.compare([&](library_side& l) { return l.run(mknod(l.at(path), mode, device)); },
              [&](posix_side& p) {
                  return p.at(path, [&](int base, const char* name) {
                      return answer_of(::mknodat(base, name, mode, device));
                  });
              });
}

/// What a tree's path is in it, and everything else as it is.
std::string below_root(const std::string& path, const std::string& root) {
    return path.starts_with(root) ? "ROOT" + path.substr(root.size()) : path;
}

void realpath_step(world& w) {
    const path_operand path = w.draw_path();
    w.compare(
        [&](library_side& l) {
            return l.run(realpath(l.at(path)),
                         [&](const std::string& found) { return below_root(found, l.root()); });
        },
        [&](posix_side& p) {
            return p.at(path, [&](int base, const char* name) {
                if (base != AT_FDCWD && ::fchdir(base) != 0) return answer{errno, {}};
                char found[PATH_MAX];
                if (!::realpath(name, found)) return answer{errno, {}};
                return answer{0, below_root(found, p.root())};
            });
        });
}

// Metadata.

std::string status_text(unsigned mode, std::uint64_t links, unsigned uid, unsigned gid, std::uint64_t device,
                        std::uint64_t size) {
    std::ostringstream text;
    text << std::oct << mode << std::dec << ' ' << links << ' ' << uid << ':' << gid << ' ' << device;
    if (!S_ISDIR(mode)) text << ' ' << size;
    return std::move(text).str();
}
std::string text_of(const file_status& of) {
    return status_text(of.mode, of.links, of.uid, of.gid, of.rdev, of.size);
}
answer status_answer(int returned, const struct ::stat& of) {
    if (returned != 0) return {errno, {}};
    return {0, status_text(of.st_mode, of.st_nlink, of.st_uid, of.st_gid, of.st_rdev,
                           static_cast<std::uint64_t>(of.st_size))};
}

template <bool Follow>
void stat_step(world& w) {
    auto work = [](target what) { return Follow ? stat(what) : lstat(what); };
    if (w.draw_once_in(4)) {
        const file_operand of = w.draw_file();
        w.compare([&](library_side& l) { return l.run(work(l.at(of)), text_of); },
                  [&](posix_side& p) {
                      return p.at(of, [](int fd) {
                          struct ::stat status = {};
                          return status_answer(::fstat(fd, &status), status);
                      });
                  });
        return;
    }
    const path_operand path = w.draw_path();
    w.compare([&](library_side& l) { return l.run(work(l.at(path)), text_of); },
              [&](posix_side& p) {
                  return p.at(path, [](int base, const char* name) {
                      struct ::stat status = {};
                      return status_answer(::fstatat(base, name, &status, Follow ? 0 : AT_SYMLINK_NOFOLLOW),
                                           status);
                  });
              });
}

void statvfs_step(world& w) {
    const path_operand path = w.draw_path();
    w.compare(
        [&](library_side& l) {
            return l.run(statvfs(l.at(path)), [](const file_system_status& of) {
                return std::to_string(of.fragment_size) + ' ' + std::to_string(of.name_max);
            });
        },
        [&](posix_side& p) {
            return p.at(path, [](int base, const char* name) {
                const int fd = ::openat(base, name, O_PATH | O_CLOEXEC);
                struct ::statvfs status = {};
                if (fd < 0 || ::fstatvfs(fd, &status) != 0) return answer{errno, {}};
                ::close(fd);
                return answer{0, std::to_string(status.f_frsize) + ' ' + std::to_string(status.f_namemax)};
            });
        });
}

/// A time for both sides.
struct drawn_time {
    file_time library = now;
    timespec posix = {0, UTIME_NOW};
};

drawn_time draw_time(world& w) {
    switch (w.draw({0, 1, 2, 3, 4, 5})) {
        case 0:
            return {};
        case 1:
            return {keep, {0, UTIME_OMIT}};
        case 2:
            return {timespec{5, 1'000'000'000}, {5, 1'000'000'000}};
        case 3:
            return {timespec{-1000, 7}, {-1000, 7}};
        case 4:
            return {timespec{1, UTIME_NOW}, {1, -1}};  // no magic numbers in the library
        default:
            return {timespec{1'000'000'000, 123'456'789}, {1'000'000'000, 123'456'789}};
    }
}

template <bool Follow>
void utime_step(world& w) {
    const drawn_time read = draw_time(w);
    const drawn_time changed = draw_time(w);
    const timespec times[2] = {read.posix, changed.posix};
    auto work = [&](target what) {
        return Follow ? utime(what, read.library, changed.library)
                      : lutime(what, read.library, changed.library);
    };
    if (w.draw_once_in(4)) {
        const file_operand of = w.draw_file();
        w.compare([&](library_side& l) { return l.run(work(l.at(of))); },
                  [&](posix_side& p) {
                      return p.at(of, [&](int fd) { return answer_of(::futimens(fd, times)); });
                  });
        return;
    }
    const path_operand path = w.draw_path();
    w.compare([&](library_side& l) { return l.run(work(l.at(path))); },
              [&](posix_side& p) {
                  return p.at(path, [&](int base, const char* name) {
                      return answer_of(::utimensat(base, name, times, Follow ? 0 : AT_SYMLINK_NOFOLLOW));
                  });
              });
}

struct drawn_owner {
    new_owner library = keep;
    unsigned posix = static_cast<unsigned>(-1);
    bool valid = true;
};

drawn_owner draw_owner(world& w) {
    switch (w.draw({0, 1, 2, 3, 4})) {
        case 0:
            return {};
        case 1:
            return {-1, 0, false};
        case 2:
            return {0, 0};
        case 3:
            return {1L << 32, 0, false};
        default:
            return {1234, 1234};
    }
}

template <bool Follow>
void chown_step(world& w) {
    const drawn_owner user = draw_owner(w);
    const drawn_owner group = draw_owner(w);
    const bool valid = user.valid && group.valid;
    auto work = [&](target what) {
        return Follow ? chown(what, user.library, group.library) : lchown(what, user.library, group.library);
    };
    if (w.draw_once_in(4)) {
        const file_operand of = w.draw_file();
        w.compare([&](library_side& l) { return l.run(work(l.at(of))); },
                  [&](posix_side& p) {
                      return p.at(of, [&](int fd) {
                          return valid ? answer_of(::fchown(fd, user.posix, group.posix))
                                       : answer{EINVAL, {}};
                      });
                  });
        return;
    }
    const path_operand path = w.draw_path();
    w.compare([&](library_side& l) { return l.run(work(l.at(path))); },
              [&](posix_side& p) {
                  return p.at(path, [&](int base, const char* name) {
                      if (!valid) return answer{EINVAL, {}};
                      return answer_of(
                          ::fchownat(base, name, user.posix, group.posix, Follow ? 0 : AT_SYMLINK_NOFOLLOW));
                  });
              });
}

void chmod_step(world& w) {
    const mode_t mode = w.draw_mode();
    if (w.draw_once_in(4)) {
        const file_operand of = w.draw_file();
        w.compare(
            [&](library_side& l) { return l.run(chmod(l.at(of), mode)); },
            [&](posix_side& p) { return p.at(of, [&](int fd) { return answer_of(::fchmod(fd, mode)); }); });
        return;
    }
    const path_operand path = w.draw_path();
    w.compare([&](library_side& l) { return l.run(chmod(l.at(path), mode)); },
              [&](posix_side& p) {
                  return p.at(path, [&](int base, const char* name) {
                      return answer_of(::fchmodat(base, name, mode, 0));
                  });
              });
}

void access_step(world& w) {
    const path_operand path = w.draw_path();
    const int mode = w.draw({F_OK, R_OK, W_OK, X_OK, R_OK | W_OK | X_OK, 8, -1});
    const int flags = w.draw({0, AT_EACCESS, AT_SYMLINK_NOFOLLOW, 1});
    w.compare([&](library_side& l) { return l.run(access(l.at(path), mode, flags)); },
              [&](posix_side& p) {
                  return p.at(path, [&](int base, const char* name) {
                      return answer_of(::faccessat(base, name, mode, flags));
                  });
              });
}

void path_truncate_step(world& w) {
    const path_operand path = w.draw_path();
    const std::int64_t length = w.draw_offset();
    w.compare([&](library_side& l) { return l.run(truncate(l.at(path), length)); },
              [&](posix_side& p) {
                  return p.at(path, [&](int base, const char* name) {
                      if (base == AT_FDCWD) return answer_of(::truncate(name, length));
                      if (::fchdir(base) != 0 || ::truncate(name, length) != 0) return answer{errno, {}};
                      // There it is ftruncate's, which also notes the time if the size stays.
                      const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                                                 {.tv_sec = 0, .tv_nsec = UTIME_NOW}};
                      return answer_of(::utimensat(AT_FDCWD, name, times, 0));
                  });
              });
}

// Opening.

/// The file goes into a slot, and what is there is closed.
template <bool Creating>
void open_step(world& w) {
    const std::size_t slot = w.draw_slot(file_slots);
    const path_operand path = w.draw_path();
    int flags = w.draw({O_RDWR, O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE});
    flags |= w.draw({0, 0, 0, 0, O_APPEND, O_NOFOLLOW, O_DIRECTORY, O_PATH, O_SYNC, 0x40000000});
    if (Creating)
        flags |= w.draw({O_CREAT, O_CREAT | O_EXCL, O_CREAT | O_TRUNC, O_TRUNC, O_TMPFILE | O_RDWR});
    flags |= O_NONBLOCK;  // nobody comes to open a FIFO's other end
    const mode_t mode = w.draw_mode();
    w.compare(
        [&](library_side& l) {
            return l.run(open(l.at(path), flags, mode), [&](file& opened) {
                l.files[slot] = std::move(opened);
                return std::string(::fcntl(l.files[slot].fd(), F_GETFD) & FD_CLOEXEC ? "open" : "inherited");
            });
        },
        [&](posix_side& p) {
            return p.at(path, [&](int base, const char* name) {
                const int fd = ::openat(base, name, flags | O_CLOEXEC, mode);
                if (fd < 0) return answer{errno, {}};
                posix_side::put(p.files[slot], fd);
                return answer{0, "open"};
            });
        });
}

void open_directory_step(world& w) {
    const std::size_t slot = w.draw_slot(directory_slots);
    const path_operand path = w.draw_path();
    w.compare(
        [&](library_side& l) {
            return l.run(open_directory(l.at(path)), [&](directory& opened) {
                l.directories[slot] = std::move(opened);
                return std::string();
            });
        },
        [&](posix_side& p) {
            return p.at(path, [&](int base, const char* name) {
                const int fd = ::openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (fd < 0) return answer{errno, {}};
                posix_side::put(p.directories[slot], fd);
                return answer{};
            });
        });
}

/// What is made has a name by chance, and so does not stay: both sides remove it again.
template <bool Directory>
void temporary_step(world& w) {
    const path_operand prefix = w.draw_path();
    constexpr std::string_view placeholder = "XXXXXX";
    w.compare(
        [&](library_side& l) {
            const path_view path = l.at(prefix);
            auto remove = [&](const auto& made) {
                const path_operand operand{prefix.below, prefix.slot,
                                           prefix.below == path_operand::base::absolute
                                               ? made.path.substr(l.root().size() + 1)
                                               : made.path};
                const auto removed = l.run(Directory ? rmdir(l.at(operand)) : unlink(l.at(operand)));
                EXPECT_EQ(removed.error, 0) << made.path;
                return std::to_string(made.path.size());
            };
            if constexpr (Directory)
                return l.run(mkdtemp(path), remove);
            else
                return l.run(mkstemp(path), remove);
        },
        [&](posix_side& p) {
            return p.at(prefix, [&](int base, const char* name) {
                std::string path = name;
                if (!path.ends_with(placeholder)) path += placeholder;
                if (path.size() >= PATH_MAX) return answer{ENAMETOOLONG, {}};
                path.replace(path.size() - placeholder.size(), placeholder.size(), "-other");
                if constexpr (Directory) {
                    if (::mkdirat(base, path.c_str(), 0700) != 0) return answer{errno, {}};
                } else {
                    const int fd = ::openat(base, path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
                    if (fd < 0) return answer{errno, {}};
                    ::close(fd);
                }
                ::unlinkat(base, path.c_str(), Directory ? AT_REMOVEDIR : 0);
                return answer{0, std::to_string(path.size())};
            });
        });
}

// Reading directories.

std::string joined(std::vector<std::string> names) {
    std::ranges::sort(names);
    std::string text;
    for (const std::string& name : names)
        text += name + ", ";
    return text;
}

void readdir_step(world& w) {
    const path_operand path = w.draw_path();
    readdir_options how;
    how.stat_order = w.draw_once_in(4);
    how.directories_first = w.draw_once_in(4);
    how.nofollow = w.draw_once_in(4);
    how.keep_open = w.draw_once_in(4);
    w.compare(
        [&](library_side& l) {
            return l.run(readdir(l.at(path), how), [&](const directory_listing& listing) {
                EXPECT_EQ(static_cast<bool>(listing.directory()), how.keep_open);
                std::vector<std::string> names;
                for (const directory_entry entry : listing)
                    names.push_back(std::string(entry.name) + '/' +
                                    std::to_string(static_cast<int>(entry.type)));
                return joined(std::move(names));
            });
        },
        [&](posix_side& p) {
            return p.at(path, [&](int base, const char* name) {
                const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (how.nofollow ? O_NOFOLLOW : 0);
                const int fd = ::openat(base, name, flags);
                DIR* stream = fd < 0 ? nullptr : ::fdopendir(fd);
                if (!stream) return answer{errno, {}};
                std::vector<std::string> names;
                while (const dirent* entry = ::readdir(stream))
                    if (const std::string_view found = entry->d_name; found != "." && found != "..")
                        names.push_back(std::string(found) + '/' + std::to_string(entry->d_type));
                ::closedir(stream);
                return answer{0, joined(std::move(names))};
            });
        });
}

}  // namespace

std::span<const step> path_steps() {
    static constexpr step all[] = {
        {"mkdir", mkdir_step},
        {"make_directories", make_directories_step},
        {"rmdir", rmdir_step},
        {"unlink", unlink_step},
        {"link", link_step},
        {"symlink", symlink_step},
        {"readlink", readlink_step},
        {"rename", rename_step},
        {"mknod", mknod_step},
        {"realpath", realpath_step},
        {"stat", stat_step<true>},
        {"lstat", stat_step<false>},
        {"statvfs", statvfs_step},
        {"utime", utime_step<true>},
        {"lutime", utime_step<false>},
        {"chown", chown_step<true>},
        {"lchown", chown_step<false>},
        {"chmod", chmod_step},
        {"access", access_step},
        {"truncate", path_truncate_step},
        {"open", open_step<false>},
        {"open_creating", open_step<true>},
        {"open_directory", open_directory_step},
        {"mkstemp", temporary_step<false>},
        {"mkdtemp", temporary_step<true>},
        {"readdir", readdir_step},
        // The most useful twice, that there is something to work on.
        {"open_creating", open_step<true>},
        {"mkdir", mkdir_step},
        {"symlink", symlink_step},
    };
    return all;
}

}  // namespace aio::test
