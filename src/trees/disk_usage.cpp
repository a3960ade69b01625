// SPDX-License-Identifier: MIT
// disk_usage.
#include "operand.hpp"
#include "run.hpp"

#include <memory>
#include <optional>
#include <set>

namespace aio {

class counted_files::set {
  public:
    void add_root(const file_status& of) { roots_.emplace(of.device, of.inode); }
    /// Whether it was not counted before.
    bool add(const file_status& of) {
        const bool may_come_again =
            (of.links > 1 && !of.is_directory()) || roots_.contains({of.device, of.inode});
        if (!may_come_again) return true;
        const std::lock_guard lock(mutex_);
        return counted_.emplace(of.device, of.inode).second;
    }

  private:
    using identities = std::set<std::pair<std::uint64_t, std::uint64_t>>;

    identities roots_;
    std::mutex mutex_;
    identities counted_;  // under the mutex
};

counted_files::counted_files() : set_(std::make_shared<set>()) {}
counted_files::~counted_files() = default;
void counted_files::add_root(const file_status& of) {
    set_->add_root(of);
}

namespace detail {

namespace {

constexpr std::uint64_t block = 512;

/// What a directory and all below it that is done amounts to. Workers add to it.
struct usage final : tree_note {
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> entries{0};

    void add(std::uint64_t more_bytes, std::uint64_t more_entries) noexcept {
        // Relaxed: whoever reads them comes after all who add, by the traversal's mutex.
        bytes.fetch_add(more_bytes, std::memory_order_relaxed);
        entries.fetch_add(more_entries, std::memory_order_relaxed);
    }
};

class measurement final : public traversal {
  public:
    measurement(owned_path root, const disk_usage_options& how)
        : traversal(how.tree, {}),
          root_(std::move(root)),
          options_(how),
          counted_(how.counted ? how.counted->get() : std::make_shared<counted_files::set>()) {}

  private:
    std::unique_ptr<tree_node> begin(tree_worker& self) override;
    bool enter(tree_worker& self, tree_node& node) override;
    void other(tree_worker& self, tree_node& in, const dirent_view& entry) override;
    bool leave(tree_worker& self, tree_node& node) override;
    void unreadable(tree_worker& self, tree_node& which, const char* operation,
                    std::error_code reason) override;

    /// Nothing if it was counted before.
    std::optional<std::uint64_t> size_of(const file_status& status);
    void count_unread(tree_worker& self, const tree_node& which, const file_status& status);
    void tell(const std::string& path, const usage& of, unsigned depth);

    const owned_path root_;
    const disk_usage_options options_;
    const std::shared_ptr<counted_files::set> counted_;  // shared: as copied_links are
    std::mutex telling_;
};

usage& usage_of(tree_node& node) {
    return static_cast<usage&>(*node.note);
}

std::optional<std::uint64_t> measurement::size_of(const file_status& status) {
    if (!counted_->add(status)) return std::nullopt;
    if (!options_.apparent_size) return status.blocks * block;
    return status.is_regular() || status.is_symlink() ? status.size : 0;
}

std::unique_ptr<tree_node> measurement::begin(tree_worker& self) {
    const target path = root_.target();
    auto root = std::make_unique<tree_node>(std::string(path.path, path.size));
    const auto refuse = [&](const char* operation, const std::error_code& reason) {
        fail(self, nullptr, operation, root->name, reason);
        return nullptr;
    };
    auto operand = open_operand(path);
    if (!operand) return refuse("open", operand.error());
    const auto status = status_at(operand->base.get(), operand->name.c_str(), operand->must_be_directory);
    if (!status) return refuse("lstat", status.error());
    if (!status->is_directory()) {
        if (operand->must_be_directory)
            return refuse("lstat", std::make_error_code(std::errc::not_a_directory));
        if (const std::optional<std::uint64_t> size = size_of(*status)) {
            ++self.tally.others;
            self.tally.bytes += *size;
        }
        return nullptr;
    }
    auto opened =
        open_place_at(operand->base.get(), operand->name.c_str(), false, operand->must_be_directory);
    if (!opened) {
        count_unread(self, *root, *status);
        return refuse("open", opened.error());
    }
    root->from = std::move(*opened);
    if (!enter(self, *root)) return nullptr;
    return root;
}

bool measurement::enter(tree_worker& self, tree_node& node) {
    const std::optional<std::uint64_t> size = size_of(node.from.status);
    if (!size) return false;
    node.note = std::make_unique<usage>();
    usage_of(node).add(*size, 1);
    ++self.tally.directories;
    self.tally.bytes += *size;
    return true;
}

void measurement::other(tree_worker& self, tree_node& in, const dirent_view& entry) {
    const auto status = status_at(in.from.fd.get(), entry.name.data());
    if (!status) {
        if (status.error() != std::errc::no_such_file_or_directory)
            fail(self, &in, "lstat", in.path_of(entry.name), status.error());
        return;
    }
    const std::uint64_t size = size_of(*status).value_or(0);
    usage_of(in).add(size, 1);
    ++self.tally.others;
    self.tally.bytes += size;
}

bool measurement::leave(tree_worker&, tree_node& node) {
    const usage& total = usage_of(node);
    if (node.parent)
        usage_of(*node.parent)
            .add(total.bytes.load(std::memory_order_relaxed), total.entries.load(std::memory_order_relaxed));
    if (options_.directory) tell(node.path_of({}), total, node.depth);
    return false;
}

/// A directory that may not be read still takes the space that it takes itself.
void measurement::count_unread(tree_worker& self, const tree_node& which, const file_status& status) {
    const std::optional<std::uint64_t> size = size_of(status);
    if (!size) return;
    ++self.tally.directories;
    self.tally.bytes += *size;
    usage own;
    own.add(*size, 1);
    if (which.parent) usage_of(*which.parent).add(*size, 1);
    if (options_.directory) tell(which.path_of({}), own, which.depth);
}

void measurement::unreadable(tree_worker& self, tree_node& which, const char* operation,
                             std::error_code reason) {
    if (!which.from.exists() && which.parent) {
        const auto status = status_at(which.parent->from.fd.get(), which.name.c_str());
        if (status) count_unread(self, which, *status);
    }
    traversal::unreadable(self, which, operation, reason);
}

void measurement::tell(const std::string& path, const usage& of, unsigned depth) {
    const std::lock_guard one_at_a_time(telling_);
    if (!stopped())
        options_.directory({.path = path, .bytes = of.bytes, .entries = of.entries, .depth = depth});
}

}  // namespace

}  // namespace detail

task<tree_result> disk_usage(path_view path, disk_usage_options how) {
    return detail::run_job<detail::measurement>(detail::owned_path(path), how);
}

}  // namespace aio
