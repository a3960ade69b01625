// SPDX-License-Identifier: MIT
// lister: prints and counts what a scan finds, and looks at it more closely if that is wanted.
#pragma once

#include "output.hpp"
#include "pattern.hpp"
#include "report.hpp"
#include "tree.hpp"

#include <aio/group.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace tool {

class lister final : public tree::visitor {
  public:
    /// Of one directory's files; each is open for a while.
    static constexpr std::size_t syncs_at_once = 4;

    struct options {
        bool print_directories = true;
        bool print_others = true;
        char terminator = '\n';
        bool stat = false;
        bool sync = false;
        std::unique_ptr<pattern> only;  // null: everything is printed
    };
    struct counts {
        std::uint64_t directories = 0;
        std::uint64_t files = 0;
        std::uint64_t symlinks = 0;
        std::uint64_t others = 0;
    };

    lister(aio::context& io, output& out, report& errors, options how);

    aio::task<> read(const tree::visit& directory) override;
    void unreadable(const tree_node& directory, const std::error_code& reason) override;
    /// An operand that is no directory.
    aio::task<> plain_operand(std::string path, aio::file_type type);

    [[nodiscard]] const counts& found() const noexcept { return counts_; }

  private:
    void count(aio::file_type type) noexcept;
    void print(std::string_view directory, std::string_view name);
    aio::task<> look_closer(const tree::visit* directory);
    void add_look(aio::group& looks, const tree::visit& directory, std::string_view name,
                  aio::file_type type);
    void check(std::string_view operation, const tree_node& in, std::string_view name,
               const std::error_code& reason);

    aio::context& io_;
    output& out_;
    report& errors_;
    options how_;
    bool is_terminal_;
    counts counts_;
    std::string path_;     // of the directory at hand
    std::string matched_;  // what the pattern looks at
};

}  // namespace tool
