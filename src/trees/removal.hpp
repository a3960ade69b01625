// SPDX-License-Identifier: MIT
// removal: the traversal that removes what it goes through.
#pragma once

#include "manifest.hpp"
#include "operand.hpp"
#include "operations/operations.hpp"
#include "traversal.hpp"

#include <memory>

namespace aio::detail {

class removal final : public traversal {
  public:
    /// `known`: nothing else is removed, if it is not null.
    removal(owned_path root, const rmtree_options& how, std::shared_ptr<const manifest> known = nullptr)
        : traversal(how.tree, {.places = 1, .piece = 32768, .slice = 1024, .acts_on_leaving = true}),
          root_(std::move(root)),
          options_(how),
          known_(std::move(known)) {}

  private:
    std::unique_ptr<tree_node> begin(tree_worker& self) override;
    bool enter(tree_worker& self, tree_node& node) override;
    void other(tree_worker& self, tree_node& in, const dirent_view& entry) override;
    bool leave(tree_worker& self, tree_node& node) override;
    void unreadable(tree_worker& self, tree_node& which, const char* operation,
                    std::error_code reason) override;

    bool removed_unread(tree_worker& self, tree_node* in, int base, const std::string& name,
                        const std::string& path);
    [[nodiscard]] bool is_slash(const file_status& status) const noexcept;
    bool may_enter(const tree_node& node);
    bool confirmed(tree_node* in, const std::string& path, file_type type, bool descend);
    void tell(const std::string& path, file_type type);

    const owned_path root_;
    const rmtree_options options_;
    const std::shared_ptr<const manifest> known_;
    tree_operand operand_;
    result<file_status> slash_;  // "/"
    std::uint64_t mount_ = 0;
    std::mutex asking_;
};

}  // namespace aio::detail
