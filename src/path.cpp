// SPDX-License-Identifier: MIT
// Operands: what is wrong with them is found here, before a request is made.
#include <aio/path.hpp>

#include <cerrno>
#include <climits>
#include <cstring>

namespace aio::detail {

namespace {

/// An operand that cannot be: the engine fails the request with `number` before anything is queued.
target wrong(int number) noexcept {
    target made;
    made.path = "";
    made.terminated = true;
    made.error = static_cast<unsigned>(number) & 0x7fffU;
    return made;
}

target wrong_descriptor() noexcept {
    target made;
    made.fd = -1;
    made.error = EBADF;
    return made;
}

}  // namespace

target path_target(std::string_view path, bool terminated) noexcept {
    // Here and not by the kernel: for readlinkat and its like, an empty path means the descriptor itself.
    if (path.empty()) return wrong(ENOENT);
    if (path.size() >= PATH_MAX) return wrong(ENAMETOOLONG);
    if (std::memchr(path.data(), 0, path.size())) return wrong(EINVAL);
    target made;
    made.path = path.data();
    made.size = static_cast<std::uint16_t>(path.size());
    made.terminated = terminated;
    return made;
}

target path_target(const char* path) noexcept {
    if (!path) return wrong(EINVAL);
    return path_target(std::string_view(path, ::strnlen(path, PATH_MAX)), true);
}

target relative(const handle& base, target path) noexcept {
    const bool has_base = path.fd != at_cwd;
    if (path.error || has_base || path.path[0] == '/') return path;
    if (!base) return wrong(EBADF);
    path.keep = base.shared();
    path.fd = base.fd();
    return path;
}

target open_target(const handle& open) noexcept {
    if (!open) return wrong_descriptor();
    target made;
    made.keep = open.shared();
    made.fd = open.fd();
    return made;
}

target open_target(int fd) noexcept {
    // Negative numbers never reach a system call: AT_FDCWD is one of them.
    if (fd < 0) return wrong_descriptor();
    target made;
    made.fd = fd;
    return made;
}

}  // namespace aio::detail
