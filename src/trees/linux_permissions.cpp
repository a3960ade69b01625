// SPDX-License-Identifier: MIT
// chmod_tree, chown_tree. fchmodat2 is Linux's.
#include "linux_metadata.hpp"
#include "operand.hpp"
#include "run.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace aio {

namespace detail {

namespace {

#ifdef SYS_fchmodat2
constexpr long fchmodat2_number = SYS_fchmodat2;
#else
constexpr long fchmodat2_number = 452;
#endif

/// Sets the mode of an entry, and never of what a link leads to.
result<> set_mode_of(int base, const char* name, mode_t mode) {
    auto set = attempt([&] { return ::syscall(fchmodat2_number, base, name, mode, AT_SYMLINK_NOFOLLOW); });
    if (set) return {};
    if (set.error() != std::errc::function_not_supported) return std::unexpected(set.error());
    // Before Linux 6.6: by the name that /proc gives to an open descriptor.
    auto opened = attempt([&] { return ::openat(base, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); });
    if (!opened) return std::unexpected(opened.error());
    const unique_fd entry(*opened);
    const auto status = status_at(entry.get(), "");
    if (!status || status->is_symlink()) return error(std::errc::operation_not_supported);
    return set_mode(metadata_of{.fd = entry.get(), .only_path = true}, mode);
}

/// Does something to each entry, to directories when all below them is done.
class change : public traversal {
  public:
    change(owned_path root, const tree_options& how)
        : traversal(how, {.places = 1, .slice = 1024, .acts_on_leaving = true}), root_(std::move(root)) {}

  protected:
    virtual const char* operation() const noexcept = 0;
    virtual result<> change_other(int base, const dirent_view& entry) = 0;
    virtual result<> change_directory(int fd) = 0;

  private:
    std::unique_ptr<tree_node> begin(tree_worker& self) final;
    void other(tree_worker& self, tree_node& in, const dirent_view& entry) final;
    bool leave(tree_worker& self, tree_node& node) final;

    const owned_path root_;
};

std::unique_ptr<tree_node> change::begin(tree_worker& self) {
    const target path = root_.target();
    auto root = std::make_unique<tree_node>(std::string(path.path, path.size));
    auto operand = open_operand(path);
    result<open_place> opened = operand ? open_place_at(operand->base.get(), operand->name.c_str())
                                        : std::unexpected(operand.error());
    if (!opened) {
        fail(self, nullptr, operation(), root->name, opened.error());
        return nullptr;
    }
    root->from = std::move(*opened);
    return root;
}

void change::other(tree_worker& self, tree_node& in, const dirent_view& entry) {
    const result<> changed = change_other(in.from.fd.get(), entry);
    if (changed)
        ++self.tally.others;
    else if (changed.error() != std::errc::no_such_file_or_directory)
        fail(self, &in, operation(), in.path_of(entry.name), changed.error());
}

bool change::leave(tree_worker& self, tree_node& node) {
    const result<> changed = change_directory(node.from.fd.get());
    if (changed)
        ++self.tally.directories;
    else
        fail(self, &node, operation(), node.path_of({}), changed.error());
    return false;
}

class mode_change final : public change {
  public:
    mode_change(owned_path root, mode_t directories, mode_t others, const tree_options& how)
        : change(std::move(root), how), directories_(directories), others_(others) {}

  private:
    const char* operation() const noexcept override { return "chmod"; }
    result<> change_other(int base, const dirent_view& entry) override {
        if (others_ == keep_mode || entry.type == file_type::symlink) return {};
        return set_mode_of(base, entry.name.data(), others_);
    }
    result<> change_directory(int fd) override {
        if (directories_ == keep_mode) return {};
        auto changed = attempt([&] { return ::fchmod(fd, directories_); });
        if (!changed) return std::unexpected(changed.error());
        return {};
    }

    const mode_t directories_;
    const mode_t others_;
};

class owner_change final : public change {
  public:
    owner_change(owned_path root, new_owner user, new_owner group, const tree_options& how)
        : change(std::move(root), how), user_(user), group_(group) {}

  private:
    const char* operation() const noexcept override { return "chown"; }
    result<> change_other(int base, const dirent_view& entry) override {
        return set(base, entry.name.data(), AT_SYMLINK_NOFOLLOW);
    }
    result<> change_directory(int fd) override { return set(fd, "", AT_EMPTY_PATH); }

    result<> set(int base, const char* name, int flags) {
        if (!user_.valid() || !group_.valid()) return error(EINVAL);
        auto changed = attempt([&] { return ::fchownat(base, name, user_.raw(), group_.raw(), flags); });
        if (!changed) return std::unexpected(changed.error());
        return {};
    }

    const new_owner user_;
    const new_owner group_;
};

}  // namespace

}  // namespace detail

task<tree_result> chmod_tree(path_view path, mode_t directories, mode_t others, tree_options how) {
    return detail::run_job<detail::mode_change>(detail::owned_path(path), directories, others, how);
}

task<tree_result> chown_tree(path_view path, new_owner user, new_owner group, tree_options how) {
    return detail::run_job<detail::owner_change>(detail::owned_path(path), user, group, how);
}

}  // namespace aio
