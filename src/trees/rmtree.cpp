// SPDX-License-Identifier: MIT
// rmtree.
#include "removal.hpp"
#include "run.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace aio {

namespace detail {

namespace {

constexpr unsigned passes_max = 3;  // of a directory in which others create meanwhile
/// With those in which entries were passed over: where positions are numbers of entries, and it was closed
/// halfway and opened again, by as many as were removed before.
constexpr unsigned all_passes_max = 100;

std::error_code changed() {
    return std::error_code(ESTALE, std::system_category());
}

}  // namespace

std::unique_ptr<tree_node> removal::begin(tree_worker& self) {
    const target path = root_.target();
    std::string text(path.path, path.size);
    const auto refuse = [&](std::error_code reason) {
        fail(self, nullptr, "rmtree", std::move(text), reason);
        return nullptr;
    };
    auto operand = open_operand(path);
    if (!operand) return refuse(operand.error());
    operand_ = std::move(*operand);
    auto opened = open_place_at(operand_.base.get(), operand_.name.c_str());
    if (!opened && opened.error() == std::errc::permission_denied && !operand_.is_nameless &&
        removed_unread(self, nullptr, operand_.base.get(), operand_.name, text))
        return nullptr;
    if (!opened) return refuse(opened.error());
    slash_ = status_at(AT_FDCWD, "/");
    if (is_slash(opened->status)) return refuse(std::make_error_code(std::errc::device_or_resource_busy));
    if (operand_.is_nameless) return refuse(std::make_error_code(std::errc::invalid_argument));
    auto root = std::make_unique<tree_node>(text);
    root->from = std::move(*opened);
    if (known_ && !known_->has(root->from.status)) return refuse(changed());
    mount_ = root->from.status.mount_id;
    if (!may_enter(*root)) return nullptr;
    return root;
}

/// "/" under whatever name: bind mounts have other mount ids, but not another inode.
bool removal::is_slash(const file_status& status) const noexcept {
    return slash_ && same_file(*slash_, status);
}

bool removal::enter(tree_worker& self, tree_node& node) {
    const bool is_mounted = node.from.status.mount_id != mount_;
    if (is_mounted && (!options_.cross_mounts || is_slash(node.from.status))) {
        unreadable(self, node, "rmdir", std::make_error_code(std::errc::device_or_resource_busy));
        return false;
    }
    if (known_ && !known_->has(node.from.status)) {
        unreadable(self, node, "rmdir", changed());
        return false;
    }
    return may_enter(node);
}

/// As by rm, of an empty directory only its removal is asked about.
bool removal::may_enter(const tree_node& node) {
    if (!options_.confirm || is_empty(node.from)) return true;
    return confirmed(node.parent, node.path_of({}), file_type::directory, true);
}

void removal::other(tree_worker& self, tree_node& in, const dirent_view& entry) {
    if (options_.confirm && !confirmed(&in, in.path_of(entry.name), entry.type, false)) return;
    if (known_) {  // looked at as late as can be; what is done to it in between is lost
        const auto status = status_at(in.from.fd.get(), entry.name.data());
        if (!status && status.error() == std::errc::no_such_file_or_directory) return;
        if (!status || !known_->has(*status))
            return fail(self, &in, "unlink", in.path_of(entry.name), status ? changed() : status.error());
    }
    const auto removed = attempt([&] { return ::unlinkat(in.from.fd.get(), entry.name.data(), 0); });
    if (removed) {
        ++self.tally.others;
        if (options_.removed) tell(in.path_of(entry.name), entry.type);
    } else if (removed.error() != std::errc::no_such_file_or_directory) {
        fail(self, &in, "unlink", in.path_of(entry.name), removed.error());
    }
}

bool removal::leave(tree_worker& self, tree_node& node) {
    if (node.incomplete) return false;  // what is in it was reported, or is to stay
    const std::string path = options_.confirm || options_.removed ? node.path_of({}) : std::string();
    if (options_.confirm && !confirmed(node.parent, path, file_type::directory, false)) return false;
    const int base = node.parent ? node.parent->from.fd.get() : operand_.base.get();
    const char* name = node.parent ? node.name.c_str() : operand_.name.c_str();
    const auto removed = attempt([&] { return ::unlinkat(base, name, AT_REMOVEDIR); });
    if (removed) {
        ++self.tally.directories;
        if (options_.removed) tell(path, file_type::directory);
        return false;
    }
    const bool has_more =
        removed.error() == std::errc::directory_not_empty || removed.error() == std::errc::file_exists;
    if (has_more && node.passes < (node.was_repositioned ? all_passes_max : passes_max)) return true;
    if (removed.error() != std::errc::no_such_file_or_directory)
        fail(self, &node, "rmdir", node.path_of({}), removed.error());
    return false;
}

/// A directory that may not be read needs not be, if it is empty. Whether there is nothing to complain of.
bool removal::removed_unread(tree_worker& self, tree_node* in, int base, const std::string& name,
                             const std::string& path) {
    if (known_) return false;
    if (!confirmed(in, path, file_type::directory, false)) return true;
    if (!attempt([&] { return ::unlinkat(base, name.c_str(), AT_REMOVEDIR); })) return false;
    ++self.tally.directories;
    if (options_.removed) tell(path, file_type::directory);
    return true;
}

/// What is gone is what was wanted.
void removal::unreadable(tree_worker& self, tree_node& which, const char* operation, std::error_code reason) {
    if (reason == std::errc::no_such_file_or_directory) return;
    const bool may_be_empty =
        reason == std::errc::permission_denied && !which.from.exists() && which.parent != nullptr;
    if (may_be_empty &&
        removed_unread(self, which.parent, which.parent->from.fd.get(), which.name, which.path_of({})))
        return;
    traversal::unreadable(self, which, operation, reason);
}

bool removal::confirmed(tree_node* in, const std::string& path, file_type type, bool descend) {
    if (!options_.confirm) return true;
    bool answer = false;
    {
        const std::lock_guard one_at_a_time(asking_);
        const int base = in ? in->from.fd.get() : operand_.base.get();
        const char* name = in ? path.c_str() + path.rfind('/') + 1 : operand_.name.c_str();
        answer =
            !stopped() && options_.confirm({.path = path, .type = type, .base = base, .name = name}, descend);
    }
    if (!answer) leave_incomplete(in);
    return answer;
}

void removal::tell(const std::string& path, file_type type) {
    const std::lock_guard one_at_a_time(asking_);
    if (!stopped()) options_.removed({.path = path, .type = type});
}

}  // namespace detail

task<tree_result> rmtree(path_view path, rmtree_options how) {
    return detail::run_job<detail::removal>(detail::owned_path(path), how);
}

}  // namespace aio
