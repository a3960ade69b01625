// SPDX-License-Identifier: MIT
// How a directory_listing is filled and put in order.
#pragma once

#include <aio/directories.hpp>
#include <aio/result.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace aio {

class directory_listing::builder {
  public:
    /// Adds what one getdents64 gave. EIO for a name that cannot be; EOVERFLOW above 4 GiB of names.
    [[nodiscard]] result<> add(std::span<const std::byte> dirents);

    /// Adds one name, unless it is "." or "..".
    [[nodiscard]] result<> add(std::string_view name, file_type type, std::uint64_t inode);

    /// Puts the entries in the order asked for, and gives the listing.
    [[nodiscard]] directory_listing finish(const readdir_options& how) &&;

    void keep_open(aio::directory&& read) noexcept { made_.directory_ = std::move(read); }

  private:
    void reserve(std::size_t entries, std::size_t bytes);

    directory_listing made_;
};

}  // namespace aio
