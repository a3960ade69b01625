// SPDX-License-Identifier: MIT
// tree_operand: what the caller named, resolved once.
#pragma once

#include "unique_fd.hpp"

#include <aio/path.hpp>
#include <aio/result.hpp>

#include <string>

namespace aio::detail {

/// The directory it is in, and its name there.
struct tree_operand {
    unique_fd base;
    std::string name;
    bool must_be_directory = false;  // it ends in a slash
    bool is_nameless = false;  // "/", "." or "..", or ends in one: the base is the thing itself, the name "."
};
[[nodiscard]] result<tree_operand> open_operand(const target& path);

}  // namespace aio::detail
