// SPDX-License-Identifier: MIT
// What stat and readdir share with those who go through trees.
#pragma once

#include <aio/attributes.hpp>
#include <aio/result.hpp>

#include <sys/stat.h>

namespace aio::detail {

/// What statx(2) is asked for.
inline constexpr unsigned status_wanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;

/// statx(2); `flags` are AT_… bits.
[[nodiscard]] result<file_status> status_of(int base, const char* path, int flags) noexcept;

/// A DT_… number as a type; numbers that mean nothing here are `unknown`.
[[nodiscard]] file_type to_file_type(unsigned number) noexcept;

}  // namespace aio::detail
