// SPDX-License-Identifier: MIT
// What may go wrong with an operation in a simulation.
#pragma once

#include "random_source.hpp"
#include "row.hpp"

#include <span>

namespace aio::detail {

/// The errors that a simulation gives `operation`; empty for what never fails (and for none of the table's).
[[nodiscard]] std::span<const int> plausible_errors(const row& operation) noexcept;

/// Cuts what a call of `operation` moves, where the kernel might move less too: true if it did.
bool shorten(const row& operation, call& arguments, random_source& dice) noexcept;

}  // namespace aio::detail
