// SPDX-License-Identifier: MIT
// The directories of a copy; its other entries are in copying_entries.cpp.
#include "copying_worker.hpp"
#include "durable.hpp"
#include "temporary_name.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cstdio>

namespace aio {

namespace detail {

namespace {

/// The umask, without setting it, which other threads would see.
mode_t current_umask() {
    mode_t mask = 077;  // where there is no telling
    if (FILE* status = std::fopen("/proc/self/status", "re")) {
        std::array<char, 128> line = {};
        unsigned found = 0;
        while (std::fgets(line.data(), line.size(), status))
            if (std::sscanf(line.data(), "Umask: %o", &found) == 1) mask = found;
        std::fclose(status);
    }
    return mask;
}

}  // namespace

}  // namespace detail

copied_links::copied_links() : kept_(std::make_shared<detail::kept_links>()) {}
copied_links::~copied_links() = default;

namespace detail {

copying::copying(owned_path from, owned_path to, const copy_options& how, bool directories,
                 std::shared_ptr<manifest> copied, later called)
    : traversal(how.tree, {.places = 2, .piece = 8192, .slice = 256, .acts_on_leaving = true}),
      from_(std::move(from)),
      to_(std::move(to)),
      later_{.path = called.path.empty() ? to_.target().path : std::move(called.path),
             .name = std::move(called.name)},
      options_(how),
      directories_(directories),
      manifest_(std::move(copied)),
      links_(how.links ? how.links->kept_ : std::make_shared<kept_links>()) {
    follow_ = how.follow == follow_links::always;
}

std::unique_ptr<tree_worker> copying::hire() {
    return std::make_unique<worker>(kind_.piece, options_, cause());
}

std::unique_ptr<tree_node> copying::begin(tree_worker& self) {
    const auto refuse = [&](const char* operation, const std::string& path, std::error_code reason) {
        fail(self, nullptr, operation, path, reason);
        return nullptr;
    };
    umask_ = current_umask();
    auto from = open_operand(from_.target());
    const std::string asked = from_.target().path;
    if (!from) return refuse("open", asked, from.error());
    source_ = std::move(*from);
    const bool follow = options_.follow != follow_links::never || source_.must_be_directory;
    const auto status = status_at(source_.base.get(), source_.name.c_str(), follow);
    if (!status) return refuse("stat", asked, status.error());
    if (source_.must_be_directory && !status->is_directory())
        return refuse("stat", asked, std::make_error_code(std::errc::not_a_directory));
    auto to = open_operand(to_.target());
    if (!to) return refuse("open", later_.path, to.error());
    destination_ = std::move(*to);
    if (status->is_directory()) return begin_directory(self, *status, follow);
    if (destination_.is_nameless)
        return refuse("copy", later_.path, std::make_error_code(std::errc::is_a_directory));
    if (destination_.must_be_directory)
        return refuse("copy", later_.path, std::make_error_code(std::errc::not_a_directory));
    if (const result<> shared = share_links(destination_.base.get()); !shared)
        return refuse("copy", later_.path, shared.error());
    entry root{.in = nullptr,
               .from = source_.base.get(),
               .from_name = source_.name.c_str(),
               .to = destination_.base.get(),
               .to_name = destination_.name.c_str(),
               .type = status->type(),
               .inode = status->inode,
               .follow = follow};
    const bool made = copy_one(static_cast<worker&>(self), root);
    if (made && options_.durable) sync_names(self, nullptr, destination_.base.get());
    return nullptr;
}

std::unique_ptr<tree_node> copying::begin_directory(tree_worker& self, const file_status& source,
                                                    bool follow) {
    auto root = std::make_unique<tree_node>(std::string(from_.target().path));
    const auto refuse = [&](const char* operation, std::error_code reason) {
        fail(self, nullptr, operation, root->name, reason);
        return nullptr;
    };
    if (!directories_) return refuse("copy", std::make_error_code(std::errc::is_a_directory));
    if (is_below(destination_.base.get(), source))
        return refuse("copy into itself", std::make_error_code(std::errc::invalid_argument));
    auto opened = open_place_at(source_.base.get(), source_.name.c_str(), false, follow);
    if (!opened) return refuse("open", opened.error());
    root->from = std::move(*opened);
    root_ = root.get();
    const result<bool> made = make_directory(*root, destination_.base.get(), destination_.name.c_str());
    if (!made) {
        fail(self, nullptr, "mkdir", destination_path(nullptr, nullptr), made.error());
        return nullptr;
    }
    if (same_file(root->to.status, root->from.status))
        return refuse("copy onto itself", std::make_error_code(std::errc::invalid_argument));
    if (const result<> shared = share_links(root->to.fd.get()); !shared)
        return refuse("copy", shared.error());
    if (manifest_) manifest_->add(root->from.status);
    if (options_.copied && *made) count_directory(*root);
    ++self.tally.directories;
    return root;
}

result<> copying::share_links(int directory) {
    if (!options_.links || options_.keep != preserve::all) return {};
    auto base = links_->base(directory);
    if (!base) return std::unexpected(base.error());
    link_base_ = std::move(*base);
    return {};
}

bool copying::enter(tree_worker& self, tree_node& node) {
    for (const tree_node* above = node.parent; above; above = above->parent) {
        if (same_file(node.from.status, above->to.status)) {  // by a link, another mount, or moved here
            fail(self, &node, "copy into itself", node.path_of({}),
                 std::make_error_code(std::errc::invalid_argument));
            return false;
        }
        if (follow_ && above->from.who() == node.from.who()) {
            fail(self, &node, "open", node.path_of({}),
                 std::make_error_code(std::errc::too_many_symbolic_link_levels));
            return false;
        }
    }
    assert(node.parent);  // the root was begun
    const result<bool> made = make_directory(node, node.parent->to.fd.get(), node.name.c_str());
    if (!made) {
        fail(self, &node, "mkdir", destination_path(&node, nullptr), made.error());
        return false;
    }
    if (manifest_) manifest_->add(node.from.status);
    if (options_.copied && *made) count_directory(node);
    ++self.tally.directories;
    return true;
}

/// Makes the copy of a directory, for nobody else to look into until it is complete; or opens the one that is
/// there. One just made that others may look into is another copy's, which has ended. Whether it was made.
result<bool> copying::make_directory(tree_node& node, int base, const char* name) {
    const auto made = attempt([&] { return ::mkdirat(base, name, 0700); });
    if (!made && made.error() != std::errc::file_exists) return std::unexpected(made.error());
    if (!made && options_.existing == on_existing::fail && !node.parent) return std::unexpected(made.error());
    const bool follow =
        !made && !node.parent && destination_.must_be_directory;  // "link/" is what it leads to
    auto opened = open_place_at(base, name, true, follow);
    if (!opened) return std::unexpected(opened.error());
    if (made) {
        const file_status& status = opened->status;
        const auto above = status_at(base, "");
        if (!above) return std::unexpected(above.error());
        if (mount_of(*above, base) != status.mount_id) return error(ESTALE);
        if (const result<> ours = check_owner(status.uid, base); !ours) return std::unexpected(ours.error());
        if ((status.mode & 077U) == 0) node.note = std::make_unique<new_directory>(inherits_nothing(*opened));
        if (umask_ & 0700U) {  // it took rights from us that we need meanwhile
            const mode_t mode = 0700 | (status.mode & S_ISGID);
            const result<> set = set_mode({opened->fd.get(), opened->only_path}, mode);
            if (!set) return std::unexpected(set.error());
        }
    }
    node.to = std::move(*opened);
    return made.has_value();
}

bool copying::leave(tree_worker& self, tree_node& node) {
    const bool is_new = node.note != nullptr;
    const int to = node.to.fd.get();
    if (options_.keep != preserve::nothing) {
        const metadata_failure failed =
            copy_metadata({node.from.fd.get(), node.from.only_path}, {to, node.to.only_path},
                          node.from.status, options_.keep);
        if (failed.operation)
            fail(self, nullptr, failed.operation, destination_path(&node, nullptr), failed.reason);
    } else if (is_new) {
        const mode_t inherited = node.to.status.mode & S_ISGID;
        const metadata_of directory = {to, node.to.only_path};
        const mode_t allowed = 01000U | permissions_of_new(directory, umask_);
        const result<> set = set_mode(directory, (node.from.status.permissions() & allowed) | inherited);
        if (!set) fail(self, nullptr, "chmod", destination_path(&node, nullptr), set.error());
    }
    if (options_.durable) sync_names(self, &node, to);
    if (options_.durable && !node.parent) sync_names(self, nullptr, destination_.base.get());
    return false;
}

/// What was made in a directory is on the disk when this returns.
void copying::sync_names(tree_worker& self, const tree_node* node, int directory) {
    if (const result<> synced = sync_directory(directory); !synced)
        fail(self, nullptr, "fsync", destination_path(node, nullptr), synced.error());
}

copying::treatment copying::meet(tree_worker& self, tree_node& in, const dirent_view& met) {
    if (!follow_ || met.type != file_type::symlink) return traversal::meet(self, in, met);
    const auto leads_to = status_at(in.from.fd.get(), met.name.data(), true);
    return leads_to && leads_to->is_directory() ? treatment::directory : treatment::other;
}

void copying::count_directory(const tree_node& node) {
    const std::lock_guard one_at_a_time(asking_);
    if (!stopped())
        options_.copied(
            {.from = node.path_of({}), .to = destination_path(&node, nullptr), .type = file_type::directory});
}

std::string copying::destination_path(const tree_node* in, const char* name) const {
    std::string path = later_.path;
    while (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    // The names below the root are the source's.
    if (in && in->parent) path += in->path_of({}).substr(root_->path_length);
    if (name && in) path.append(path.ends_with('/') ? "" : "/").append(name);
    return path;
}

}  // namespace detail

}  // namespace aio
