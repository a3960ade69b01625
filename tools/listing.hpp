// SPDX-License-Identifier: MIT
// listing: prints what a scan finds, and counts it.
#pragma once

#include "output.hpp"
#include "pattern.hpp"
#include "report.hpp"

#include <aio/walk.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace tool {

class listing {
  public:
    struct options {
        bool print_directories = true;
        bool print_others = true;
        bool json = false;
        char terminator = '\n';
        std::unique_ptr<pattern> only;  // null: everything
    };
    struct counts {
        std::uint64_t directories = 0;
        std::uint64_t files = 0;
        std::uint64_t symlinks = 0;
        std::uint64_t others = 0;
    };

    listing(output& out, options how);

    void add(const aio::walk_batch& batch);
    [[nodiscard]] const counts& found() const noexcept { return counts_; }

  private:
    void count(aio::file_type type) noexcept;
    void print(const aio::walk_entry& entry);

    output& out_;
    const options how_;
    const bool is_terminal_;
    const bool has_colours_;
    counts counts_;
    std::string matched_;  // what the pattern looks at
};

}  // namespace tool
