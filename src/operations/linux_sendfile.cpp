// SPDX-License-Identifier: MIT
// sendfile and readahead. Linux's; another system has copying.cpp alone.
#include <aio/read_write.hpp>

#include "arguments.hpp"
#include "copying.hpp"
#include "rows.hpp"
#include "transfer.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>

namespace aio {

namespace detail {

namespace {

constexpr std::size_t large = std::size_t{128} << 20;

result<std::size_t> sendfile_call(const call& arguments) {
    const int out = arguments.at.fd;
    const int in = arguments.to.fd;
    const std::size_t length = arguments.data.size;
    off_t offset = arguments.data.offset;
    std::size_t done = 0;
    while (done < length) {
        const std::size_t size = length - done;
        auto sent = count(attempt([&] { return ::sendfile(out, in, &offset, size); }));
        if (!sent && done) break;  // what was copied counts; the next call meets the error again
        if (failed_with(sent, ENOSYS, EINVAL, ENOTSOCK, EOPNOTSUPP))
            return copy_by_hand(out, in, offset, length);
        if (!sent) return sent;
        done += *sent;
        // The kernel stops short of 2 GiB, which says nothing of the files (B-11). A small result does.
        if (*sent <= large) break;
    }
    return done;
}

result<> readahead_call(const call& arguments) {
    const std::size_t size = arguments.data.size;
    const off_t offset = arguments.data.offset;
    auto made = attempt([&] { return ::readahead(arguments.at.fd, offset, size); });
    if (!failed_with(made, ENOSYS)) return status(made);
    read_ahead_by_hand(arguments.at.fd, offset, size);
    return {};
}

}  // namespace

const row rows::sendfile = {.name = "sendfile",
                            .run = run<&sendfile_call>,
                            .errors = errors::writing,
                            .short_counts = short_counts::of_writes,
                            .at_stake = stake::effect};
const row rows::readahead = {.name = "readahead", .run = run<&readahead_call>, .errors = errors::reading};

}  // namespace detail

operation<std::size_t> sendfile(file_view out, file_view in, std::int64_t offset, std::size_t length) {
    auto arguments = detail::on(out.target(), in.target());
    arguments.data.size = length;
    detail::set_offset(arguments, offset);
    return {detail::rows::sendfile, arguments};
}

operation<> readahead(file_view from, std::int64_t offset, std::size_t length) {
    return {detail::rows::readahead, detail::moving(from, nullptr, length, offset)};
}

}  // namespace aio
