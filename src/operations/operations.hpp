// SPDX-License-Identifier: MIT
// The operations that composites are made of, on operands that the composite owns.
#pragma once

#include <aio/directories.hpp>
#include <aio/open_close.hpp>

#include <string>

namespace aio::detail {

operation<file> open(const target& path, int flags, mode_t mode) noexcept;
operation<directory_listing> readdir(const target& path, readdir_options how) noexcept;

/// A path that outlives the expression it was given in: owns the string, and holds its base open.
class owned_path {
  public:
    explicit owned_path(const path_view& path)
        : text_(path.target().path, path.target().size), target_(path.target()) {
        retain(target_.keep);
    }
    owned_path(owned_path&& other) noexcept : text_(std::move(other.text_)), target_(other.target_) {
        other.target_.keep = nullptr;
    }
    owned_path& operator=(owned_path&&) = delete;
    owned_path(const owned_path& other) : text_(other.text_), target_(other.target_) { retain(target_.keep); }
    owned_path& operator=(const owned_path&) = delete;
    ~owned_path() { release(target_.keep); }

    [[nodiscard]] detail::target target() const noexcept {
        detail::target made = target_;
        made.path = text_.c_str();
        made.terminated = true;
        return made;
    }

  private:
    std::string text_;
    detail::target target_;
};

}  // namespace aio::detail
