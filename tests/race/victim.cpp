// SPDX-License-Identifier: MIT
#include "victim.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <system_error>

namespace race {

namespace {

constexpr int patience_ms = 10'000;

/// The calls with a path; of those with two, the second is where something is made.
struct watched {
    int number;
    int directory;  // index of the argument
    int path;
};
constexpr watched calls[] = {
    {SYS_openat, 0, 1},     {SYS_unlinkat, 0, 1},   {SYS_mkdirat, 0, 1},    {SYS_mknodat, 0, 1},
    {SYS_renameat, 2, 3},   {SYS_renameat2, 2, 3},  {SYS_linkat, 2, 3},     {SYS_symlinkat, 1, 2},
    {SYS_readlinkat, 0, 1}, {SYS_newfstatat, 0, 1}, {SYS_statx, 0, 1},      {SYS_fchownat, 0, 1},
    {SYS_utimensat, 0, 1},  {SYS_faccessat, 0, 1},  {SYS_faccessat2, 0, 1},
};

/// What else has an effect on files.
constexpr int effects[] = {
    SYS_write,  SYS_pwrite64, SYS_copy_file_range, SYS_sendfile, SYS_ftruncate, SYS_fsync, SYS_fdatasync,
    SYS_fchmod, SYS_fchown,   SYS_fsetxattr,       SYS_setxattr, SYS_ioctl,     SYS_close};

int install_filter(victim::stops where) {
    std::vector<sock_filter> program = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    };
    for (const watched& each : calls) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(each.number), 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
    }
    for (const int number : effects) {
        if (where == victim::stops::before_paths) break;
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog all = {.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return static_cast<int>(
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &all));
}

[[noreturn]] void run(const std::vector<std::string>& command, int report, victim::stops where) {
    std::vector<char*> arguments;
    for (const std::string& each : command)
        arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    const int quiet = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd : {0, 1, 2})
        ::dup2(quiet, fd);
    const int listener = install_filter(where);
    // From here on only calls that are not watched, until the parent has its own descriptor of the listener.
    if (::send(report, &listener, sizeof listener, 0) != sizeof listener) ::_exit(126);
    char byte = 0;
    static_cast<void>(::recv(report, &byte, 1, 0));
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
}

}  // namespace

victim::victim(const std::vector<std::string>& command, const fs::path& place, stops where) : place_(place) {
    std::array<int, 2> ends = {};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw std::system_error(errno, std::system_category(), "socketpair");
    pid_ = ::fork();
    if (pid_ == 0) run(command, ends[1], where);
    ::close(ends[1]);
    int theirs = -1;
    if (::read(ends[0], &theirs, sizeof theirs) == sizeof theirs && theirs >= 0) {
        const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
        listener_ = static_cast<int>(::syscall(SYS_pidfd_getfd, process, theirs, 0));
        ::close(process);
    }
    if (listener_ < 0) {
        ::close(ends[0]);
        reap(true);
        throw std::system_error(EPERM, std::system_category(), "no seccomp notifications here");
    }
    static_cast<void>(::write(ends[0], "g", 1));
    ::close(ends[0]);
}

victim::~victim() {
    if (pid_ > 0) reap(true);
    if (listener_ >= 0) ::close(listener_);
}

void victim::reap(bool by_force) {
    if (by_force) ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    pid_ = -1;
}

std::optional<boundary> victim::next() {
    if (stopped_) go_on();
    for (;;) {
        pollfd ready = {.fd = listener_, .events = POLLIN, .revents = 0};
        const int found = ::poll(&ready, 1, patience_ms);
        if (found == 0) {
            hung_ = true;
            reap(true);
            return {};
        }
        if (!(ready.revents & POLLIN)) {
            reap(false);
            return {};
        }
        seccomp_notif call = {};
        if (::ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
            continue;  // it was killed, or interrupted
        pending_ = call.id;
        stopped_ = true;
        if (std::find(std::begin(effects), std::end(effects), call.data.nr) != std::end(effects))
            return boundary{};
        for (const watched& each : calls) {
            if (each.number != call.data.nr) continue;
            if (auto at = look(static_cast<int>(call.pid), call.data.args[each.directory],
                               call.data.args[each.path]))
                return at;
        }
        go_on();
    }
}

/// Nothing if it is none of ours: the program's own libraries and such.
std::optional<boundary> victim::look(int thread, unsigned long long directory,
                                     unsigned long long path) const {
    std::array<char, PATH_MAX> text = {};
    if (path != 0) {
        iovec to = {.iov_base = text.data(), .iov_len = 0};
        // Up to the end of its page at first: the next one may not be there.
        const std::size_t to_page = 4096 - path % 4096;
        to.iov_len = std::min<std::size_t>(to_page, text.size() - 1);
        iovec from = {.iov_base = reinterpret_cast<void*>(path), .iov_len = to.iov_len};
        if (::process_vm_readv(thread, &to, 1, &from, 1, 0) < 0) return {};
    }
    fs::path base = place_;
    const auto fd = static_cast<int>(directory);
    if (fd != AT_FDCWD) {
        std::error_code ignored;
        base = fs::read_symlink("/proc/" + std::to_string(thread) + "/fd/" + std::to_string(fd), ignored);
    }
    const fs::path whole = text[0] == '/' ? fs::path(text.data()) : base / text.data();
    if (!whole.string().starts_with(place_.string() + "/")) return {};
    if (text[0] == '\0') return boundary{.directory = whole.parent_path(), .name = ""};
    return boundary{.directory = whole.parent_path(), .name = whole.filename()};
}

void victim::go_on() {
    seccomp_notif_resp answer = {
        .id = pending_, .val = 0, .error = 0, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    static_cast<void>(::ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &answer));
    stopped_ = false;
}

}  // namespace race
