// SPDX-License-Identifier: MIT
#include "contender.hpp"

#include <algorithm>

namespace bench {

namespace {

constexpr std::string_view name_of(kind call) {
    constexpr std::string_view names[] = {"nop",   "function", "stat",  "open",  "read",
                                          "write", "fsync",    "close", "rename"};
    return names[static_cast<std::size_t>(call)];
}

}  // namespace

std::vector<std::unique_ptr<contender>> contenders() {
    contender_list all;
    add_limit(all);
    add_aiopp(all);
#ifdef AIO_BENCH_LIBURING
    add_liburing(all);
#endif
#ifdef AIO_BENCH_LIBUV
    add_libuv(all);
#endif
#ifdef AIO_BENCH_ASIO
    add_asio(all);
#endif
    add_posix_aio(all);
#ifdef AIO_BENCH_GIO
    add_gio(all);
#endif
    add_io_aio(all);
    add_fio(all);
    return all;
}

std::string missing_call(const workload& what, std::initializer_list<kind> kinds) {
    for (kind each : what.steps->kinds)
        if (std::ranges::find(kinds, each) == kinds.end())
            return "no asynchronous " + std::string(name_of(each));
    if (what.stuck && std::ranges::find(kinds, kind::open) == kinds.end()) return "no asynchronous open";
    return {};
}

}  // namespace bench
