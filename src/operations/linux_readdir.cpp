// SPDX-License-Identifier: MIT
// readdir, by getdents64: readdir(3) would ask for memory and take a lock for each directory. Linux's.
#include <aio/directories.hpp>

#include "arguments.hpp"
#include "listing.hpp"
#include "operations.hpp"
#include "rows.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <array>

namespace aio {

namespace detail {

namespace {

enum option : int { stat_order = 1, directories_first = 2, nofollow = 4, keep_open = 8 };

int to_flags(const readdir_options& how) noexcept {
    return (how.stat_order ? stat_order : 0) | (how.directories_first ? directories_first : 0) |
           (how.nofollow ? nofollow : 0) | (how.keep_open ? keep_open : 0);
}

result<> read_all(int fd, directory_listing::builder& listing) {
    alignas(dirent64) std::array<std::byte, std::size_t{32} << 10> buffer;
    for (;;) {
        auto size = attempt([&] { return ::getdents64(fd, buffer.data(), buffer.size()); });
        // A directory that was removed while it was open has no names any more.
        if (failed_with(size, ENOENT) || (size && *size == 0)) return {};
        if (!size) return status(size);
        auto added = listing.add(std::span(buffer).first(static_cast<std::size_t>(*size)));
        if (!added) return added;
    }
}

result<directory_listing> readdir_call(const call& arguments) {
    const int flags = arguments.flags;
    auto opened =
        open_path(arguments.at, O_RDONLY | O_DIRECTORY | O_NONBLOCK | (flags & nofollow ? O_NOFOLLOW : 0));
    if (!opened) return std::unexpected(opened.error());
    scoped_fd fd(*opened);
    directory_listing::builder listing;
    auto done = read_all(fd.get(), listing);
    if (!done) return std::unexpected(done.error());
    if (flags & keep_open) listing.keep_open(directory(fd.give_up()));
    return std::move(listing).finish(
        {.stat_order = (flags & stat_order) != 0, .directories_first = (flags & directories_first) != 0});
}

}  // namespace

const row rows::readdir = {.name = "readdir", .run = run<&readdir_call>, .errors = errors::opening};

operation<directory_listing> readdir(const target& path, readdir_options how) noexcept {
    call arguments = on(path);
    arguments.flags = to_flags(how);
    return {rows::readdir, arguments};
}

}  // namespace detail

operation<directory_listing> readdir(path_view path, readdir_options how) {
    return detail::readdir(path.target(), how);
}

}  // namespace aio
