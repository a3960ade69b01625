// SPDX-License-Identifier: MIT
// Short counts in a simulation; the errors that it draws are those of the rows.
#pragma once

#include "random_source.hpp"
#include "row.hpp"

namespace aio::detail {

/// Cuts what a call of `operation` moves, where the kernel might move less too: true if it did.
bool shorten(const row& operation, call& arguments, random_source& dice) noexcept;

}  // namespace aio::detail
