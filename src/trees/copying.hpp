// SPDX-License-Identifier: MIT
// copying: the traversal that makes a copy of what it goes through.
#pragma once

#include "kept_links.hpp"
#include "linux_content.hpp"
#include "linux_metadata.hpp"
#include "manifest.hpp"
#include "operand.hpp"
#include "operations/operations.hpp"
#include "traversal.hpp"

#include <aio/copying.hpp>

namespace aio::detail {

class temporary_entry;

class copying final : public traversal {
  public:
    /// What the copy will be called, where it first has another name: in reports, and in its directory.
    struct later {
        std::string path;
        std::string name;
    };
    /// `directories`: a directory may be the root. `copied`: gets what was copied, if it is not null.
    copying(owned_path from, owned_path to, const copy_options& how, bool directories,
            std::shared_ptr<manifest> copied = nullptr, later called = {});

  private:
    struct worker;
    /// One entry: where it is, and where its copy is to be.
    struct entry {
        tree_node* in;  // the directory it is in, null for the root
        int from;
        const char* from_name;
        int to;
        const char* to_name;
        file_type type;
        std::uint64_t inode;  // 0: not known
        bool follow = false;
        unique_fd content = {};   // the source, if it is to be read
        file_status status = {};  // of the source
    };
    /// What to do about the name of the copy.
    enum class way { create, replace, take_over, in_place, skip };

    std::unique_ptr<tree_worker> hire() override;
    std::unique_ptr<tree_node> begin(tree_worker& self) override;
    bool enter(tree_worker& self, tree_node& node) override;
    treatment meet(tree_worker& self, tree_node& in, const dirent_view& met) override;
    void other(tree_worker& self, tree_node& in, const dirent_view& met) override;
    bool leave(tree_worker& self, tree_node& node) override;

    void sync_names(tree_worker& self, const tree_node* node, int directory);
    std::unique_ptr<tree_node> begin_directory(tree_worker& self, const file_status& source, bool follow);
    result<bool> make_directory(tree_node& node, int base, const char* name);

    /// Whether it has a new name now.
    bool copy_one(worker& self, entry& of);
    [[nodiscard]] result<int> open_source(const entry& of, int flags);
    result<> look(entry& of);
    [[nodiscard]] bool is_declined(entry& of);
    result<way> choose(const entry& of);
    [[nodiscard]] result<way> choose_like_cp(const entry& of, const file_status& there) const;
    result<> make(worker& self, entry& of, way how);
    result<> write_file(worker& self, const entry& of, way how);
    [[nodiscard]] static result<> check_written(int fd);
    result<> write_nameless(worker& self, const entry& of, unique_fd copy);
    [[nodiscard]] mode_t first_mode(const entry& of) const noexcept;
    [[nodiscard]] bool has_owner_and_mode(const entry& of) const noexcept;
    result<unique_fd> open_in_place(const entry& of);
    result<> write_in_place(worker& self, const entry& of, int content);
    result<> write_onto(worker& self, const entry& of, unique_fd copy, int content);
    result<> make_link(worker& self, const entry& of, way how);
    result<> make_special(worker& self, const entry& of, way how);
    result<> finish_by_name(worker& self, const entry& of, temporary_entry& made, way how);
    result<> make_anew(worker& self, const entry& of, way how);
    result<bool> link_to_first(worker& self, entry& of, way how);
    void stands_alone(worker& self, const entry& of, const std::error_code& reason);
    void note_copy(worker& self, const entry& of, int copy) const;
    result<> carry_by_name(worker& self, const entry& of, const char* name);
    void note_lacking(worker& self, const entry& of, const metadata_failure& what);
    static void pause_a_little() noexcept;
    void count(worker& self, const entry& of);
    void count_directory(const tree_node& node);

    [[nodiscard]] bool is_like_cp() const noexcept;
    [[nodiscard]] bool keeps_links(const entry& of) const noexcept;
    [[nodiscard]] std::vector<std::string> names_of(const entry& of) const;
    result<> share_links(int directory);
    [[nodiscard]] std::string source_path(const entry& of) const;
    [[nodiscard]] std::string destination_path(const tree_node* in, const char* name) const;

    const owned_path from_;
    const owned_path to_;
    const later later_;
    const copy_options options_;
    const bool directories_;
    const std::shared_ptr<manifest> manifest_;
    mode_t umask_ = 0;
    tree_operand source_;
    tree_operand destination_;
    tree_node* root_ = nullptr;
    const std::shared_ptr<kept_links> links_;     // shared: slices that are left behind outlive the caller's
    std::shared_ptr<const unique_fd> link_base_;  // where other copies find what this one made
    std::atomic<bool> awaits_leases_{true};       // relaxed everywhere: a hint
    std::mutex asking_;
};

}  // namespace aio::detail
