// SPDX-License-Identifier: MIT
#include "trace.hpp"

#include "extras.hpp"
#include "row.hpp"
#include "system_call.hpp"

#include <aio/detail/leaf.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace aio::detail {

bool wants_trace() noexcept {
    const char* given = std::getenv("AIO_TRACE");
    const std::string_view wanted = given ? given : "";
    return !wanted.empty() && wanted != "0";
}

void trace(block& delivered, clock::time_point now) noexcept {
    errno_guard guard;
    const leaf* call = delivered.system_call();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - delivered.extra->began);
    char line[200];
    const int size = std::snprintf(line, sizeof line, "aio: %-16s %-7s %8lld us  priority %2d  %s\n",
                                   call ? call->operation().name : "call", delivered.extra->route,
                                   static_cast<long long>(took.count()), delivered.priority,
                                   delivered.error ? strerrordesc_np(delivered.error) : "ok");
    // In one piece, so that lines of several threads do not mix. If it cannot be written, nobody reads it.
    if (size > 0)
        static_cast<void>(!::write(2, line, std::min(static_cast<std::size_t>(size), sizeof line - 1)));
}

}  // namespace aio::detail
