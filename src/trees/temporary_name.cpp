// SPDX-License-Identifier: MIT
#include "temporary_name.hpp"

#include "random_source.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include <string_view>

namespace aio::detail {

namespace {

std::uint64_t seed() noexcept {
    std::uint64_t random = 0;
    static_cast<void>(attempt([&] { return ::getrandom(&random, sizeof random, 0); }));
    return random;
}

}  // namespace

std::string temporary_name() {
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    thread_local random_source random(seed());
    std::string name = ".aio-";
    std::uint64_t number = random.next();
    for (int i = 0; i < 12; ++i, number /= letters.size())
        name += letters[number % letters.size()];
    return name;
}

void temporary_entry::remove() noexcept {
    if (name_.empty()) return;
    static_cast<void>(attempt([&] { return ::unlinkat(base_, name_.c_str(), 0); }));
    name_.clear();
}

result<int> open_nameless(int base, mode_t mode) noexcept {
    return attempt([&] { return ::openat(base, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode); });
}

result<> give_first_name(int fd, int base, const char* name) noexcept {
    auto named = attempt([&] { return ::linkat(fd, "", base, name, AT_EMPTY_PATH); });
    if (!named && named.error() == std::errc::no_such_file_or_directory) {  // not allowed before Linux 6.10
        std::array<char, 40> path = {};
        std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
        named = attempt([&] { return ::linkat(AT_FDCWD, path.data(), base, name, AT_SYMLINK_FOLLOW); });
    }
    if (!named) return std::unexpected(named.error());
    return {};
}

result<> give_name(int base, const char* temporary, const char* name, bool replace) noexcept {
    auto named = attempt(
        [&] { return ::renameat2(base, temporary, base, name, replace ? 0U : unsigned{RENAME_NOREPLACE}); });
    const bool is_unknown =
        !replace && !named &&
        (named.error() == std::errc::invalid_argument || named.error() == std::errc::function_not_supported);
    if (is_unknown) {  // not every file system has it: a second name for a moment
        named = attempt([&] { return ::linkat(base, temporary, base, name, 0); });
        if (named) static_cast<void>(attempt([&] { return ::unlinkat(base, temporary, 0); }));
    }
    if (!named) return std::unexpected(named.error());
    return {};
}

}  // namespace aio::detail
