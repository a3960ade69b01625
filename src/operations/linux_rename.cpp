// SPDX-License-Identifier: MIT
// rename. The flags are Linux's.
#include <aio/names.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <cstdio>

namespace aio {

namespace detail {

namespace {

result<> rename_call(const call& arguments) {
    const target& from = arguments.at;
    const target& to = arguments.to;
    return status(attempt([&] {
        // Without flags the old call, which every file system and sandbox knows.
        if (!arguments.mode) return ::renameat(from.fd, c_path(from), to.fd, c_path(to));
        return ::renameat2(from.fd, c_path(from), to.fd, c_path(to), arguments.mode);
    }));
}

}  // namespace

const row rows::rename = {
    .name = "rename", .run = run<&rename_call>, .errors = errors::adding, .at_stake = stake::effect};

}  // namespace detail

operation<> rename(path_view old_path, path_view new_path, unsigned flags) {
    auto arguments = detail::on(old_path.target(), new_path.target());
    arguments.mode = flags;
    return {detail::rows::rename, arguments};
}

}  // namespace aio
