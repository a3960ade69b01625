// SPDX-License-Identifier: MIT
#include "support/operations.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <concepts>
#include <filesystem>
#include <set>

namespace aio::test {

using namespace std::chrono_literals;

scene::scene(const std::filesystem::path& in) : tree(in) {
    text = tree.write("text", "some text, longer than the buffers");
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

scene::~scene() {
    // Nobody owns it: the operation closed it, or it is still there, perhaps under another name or none.
    std::error_code ignored;
    const auto now = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(loose), ignored);
    if (now.string().starts_with(root)) ::close(loose);
}

std::string scene::look() const {
    std::string seen;
    std::set<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
        paths.insert(entry.path());
    for (const std::string& path : paths) {
        struct stat status;
        ::lstat(path.c_str(), &status);
        seen += path + ' ' + std::to_string(status.st_mode) + ' ' + std::to_string(status.st_size) + ' ' +
                std::to_string(status.st_nlink) + ' ' + std::to_string(status.st_mtim.tv_sec) + '.' +
                std::to_string(status.st_mtim.tv_nsec) + ' ' +
                (S_ISREG(status.st_mode) ? content_of(path) : std::string()) + '\n';
    }
    return seen;
}

void PrintTo(const operation_case& of, std::ostream* out) {
    *out << of.name;
}

namespace {

/// How many bytes an outcome says were moved.
template <class T>
result<std::size_t> amount(const result<T>& outcome) {
    if (!outcome) return std::unexpected(outcome.error());
    if constexpr (std::same_as<T, std::size_t>) return *outcome;
    if constexpr (std::same_as<T, std::string>) return outcome->size();
    return 0;
}

/// The row of what `make` makes, null if it makes no system call itself.
template <class Make>
const detail::row* row_of(Make make) {
    scene at;
    const auto block = make(at).into_block(detail::no_callback());
    const detail::leaf* leaf = block->system_call();
    return leaf ? &leaf->operation() : nullptr;
}

template <class Good, class Bad>
operation_case make_case(const char* name, Good good, Bad bad, bool never_waits = false) {
    return {name,
            row_of(good),
            [good](way how, context& io, scene& at) { return amount(use(how, io, good(at))); },
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

}  // namespace

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
        "read", [](scene& s) { return read(s.opened, s.buffer.bytes()); },
        [](scene& s) { return read(closed_fd, s.buffer.bytes()); });
    add(
        "pread", [](scene& s) { return read(s.opened, s.buffer.bytes(), 3); },
        [](scene& s) { return read(s.opened, s.buffer.bytes(), -1); });
    add("read_owned", [](scene& s) { return read(s.opened, 5); }, [](scene& s) { return read(s.handle, 5); });
    add(
        "pread_owned", [](scene& s) { return read(s.opened, 5, 0); },
        [](scene& s) { return read(s.handle, 5, 0); });
    add(
        "read_exactly", [](scene& s) { return read_exactly(s.opened, s.buffer.bytes()); },
        [](scene& s) { return read_exactly(closed_fd, s.buffer.bytes()); });
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
        "truncate_below", [](scene& s) { return truncate({s.handle, "text"}, 2); },
        [](scene& s) { return truncate({s.handle, "missing"}, 2); });
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
        "statvfs_below", [](scene& s) { return statvfs({s.handle, "text"}); },
        [](scene& s) { return statvfs({s.handle, "missing"}); });
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
    add(
        "realpath_below", [](scene& s) { return realpath({s.handle, "link"}); },
        [](scene& s) { return realpath({s.handle, "missing"}); });
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

std::vector<std::tuple<engine, operation_case>> every_operation_on_every_engine() {
    std::vector<std::tuple<engine, operation_case>> all;
    for (const engine& on : all_engines())
        for (const operation_case& operation : all_operations())
            all.emplace_back(on, operation);
    return all;
}

}  // namespace aio::test
