// SPDX-License-Identifier: MIT
// walk.
#include <aio/walk.hpp>

#include "operand.hpp"
#include "run.hpp"

#include <utility>

namespace aio {

void walk_batch::add(std::string_view directory, std::string_view name, const walk_entry& of) {
    const bool needs_slash = !directory.empty() && !directory.ends_with('/');
    const std::size_t length = directory.size() + (needs_slash ? 1 : 0) + name.size();
    records_.push_back({.inode = of.inode,
                        .offset = text_.size(),
                        .length = static_cast<std::uint32_t>(length),
                        .name_length = static_cast<std::uint32_t>(name.size()),
                        .depth = of.depth,
                        .type = of.type});
    text_ += directory;
    if (needs_slash) text_ += '/';
    text_ += name;
    if (of.status) statuses_.push_back(*of.status);
}

void walk_batch::append(walk_batch& other) {
    if (empty()) return std::swap(*this, other);
    for (record& each : other.records_)
        each.offset += text_.size();
    text_ += other.text_;
    records_.insert(records_.end(), other.records_.begin(), other.records_.end());
    statuses_.insert(statuses_.end(), other.statuses_.begin(), other.statuses_.end());
    other.text_.clear();
    other.records_.clear();
    other.statuses_.clear();
}

namespace detail {

namespace {

struct walk_worker final : tree_worker {
    using tree_worker::tree_worker;

    walk_batch batch;
    std::string full;  // an entry's, for the filter
};

class walking final : public traversal {
  public:
    walking(owned_path root, const walk_options& how, inline_function<void(const walk_batch&)> batch)
        : traversal(how.tree, {.leaves = false,
                               .inode_order = how.by_inode,
                               .breadth_first = how.order == walk_order::breadth}),
          root_(std::move(root)),
          options_(how),
          batch_(batch) {}

    std::size_t wanted() noexcept override;
    void report() override;
    walk_batch take();

  private:
    std::unique_ptr<tree_worker> hire() override { return std::make_unique<walk_worker>(kind_.piece); }
    std::unique_ptr<tree_node> begin(tree_worker& self) override;
    treatment meet(tree_worker& self, tree_node& in, const dirent_view& entry) override;
    void other(tree_worker&, tree_node&, const dirent_view&) override {}
    void publish(tree_worker& self) override { ready_.append(static_cast<walk_worker&>(self).batch); }

    void unreadable(tree_worker& self, tree_node& which, const char*, std::error_code reason) override {
        traversal::unreadable(self, which, "readdir", reason);
    }
    bool give(walk_worker& self, std::string_view directory, walk_entry entry);

    const owned_path root_;
    const walk_options options_;
    const inline_function<void(const walk_batch&)> batch_;  // empty: they are asked for
    walk_batch ready_;                                      // under the mutex
};

/// Who asks for batches one by one gets them before there are more.
std::size_t walking::wanted() noexcept {
    if (!batch_) {
        const std::lock_guard lock(mutex_);
        if (!ready_.empty()) return 0;
    }
    return traversal::wanted();
}

walk_batch walking::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(ready_, {});
}

void walking::report() {
    if (batch_) {
        const walk_batch found = take();
        if (!found.empty()) batch_(found);
    }
    traversal::report();
}

std::unique_ptr<tree_node> walking::begin(tree_worker& self) {
    const target path = root_.target();
    auto root = std::make_unique<tree_node>(std::string(path.path, path.size));
    const auto refuse = [&](const char* operation, const std::error_code& reason) {
        fail(self, nullptr, operation, root->name, reason);
        return nullptr;
    };
    auto operand = open_operand(path);
    if (!operand) return refuse("lstat", operand.error());
    const bool follow = operand->must_be_directory;
    const auto status = status_at(operand->base.get(), operand->name.c_str(), follow);
    if (!status) return refuse("lstat", status.error());
    if (follow && !status->is_directory())
        return refuse("lstat", std::make_error_code(std::errc::not_a_directory));
    walk_entry entry;
    entry.name =
        status->is_directory() ? std::string_view(root->name).substr(0, root->path_length) : root->name;
    if (entry.name.empty()) entry.name = "/";
    entry.type = status->type();
    entry.inode = status->inode;
    if (options_.status) entry.status = &*status;
    entry.directory = operand->base.get();
    if (!give(static_cast<walk_worker&>(self), {}, entry) || !status->is_directory()) return nullptr;
    auto opened = open_place_at(operand->base.get(), operand->name.c_str(), false, follow);
    if (!opened) {
        unreadable(self, *root, "readdir", opened.error());
        return nullptr;
    }
    root->from = std::move(*opened);
    return root;
}

traversal::treatment walking::meet(tree_worker& self, tree_node& in, const dirent_view& met) {
    auto& worker = static_cast<walk_worker&>(self);
    if (worker.path.empty()) in.append_path(worker.path);
    walk_entry entry;
    entry.name = met.name;
    entry.type = met.type;
    entry.inode = met.inode;
    entry.depth = in.depth + 1;
    entry.directory = in.from.fd.get();
    result<file_status> status;
    if (options_.status) {
        status = status_at(in.from.fd.get(), met.name.data());
        if (!status && status.error() == std::errc::no_such_file_or_directory) return treatment::ignore;
        if (!status) {
            fail(self, &in, "lstat", in.path_of(met.name), status.error());
            status.emplace();
        }
        entry.status = &*status;
    }
    const bool go_in = give(worker, worker.path, entry);
    return go_in && met.type == file_type::directory ? treatment::directory : treatment::ignore;
}

/// Puts an entry into the batch, if the filter wants it there. Whether what is in it is wanted.
bool walking::give(walk_worker& self, std::string_view directory, walk_entry entry) {
    ++(entry.type == file_type::directory ? self.tally.directories : self.tally.others);
    walk_choice choice = walk_choice::take;
    if (options_.filter) {
        self.full.assign(directory);
        if (!directory.empty() && !directory.ends_with('/')) self.full += '/';
        self.full += entry.name;
        walk_entry shown = entry;
        shown.path = self.full;
        shown.name = std::string_view(self.full).substr(self.full.size() - entry.name.size());
        choice = options_.filter(shown);
    }
    if (choice == walk_choice::take || choice == walk_choice::only_it)
        self.batch.add(directory, entry.name, entry);
    self.spent += directory.size() / bytes_per_entry;
    return choice == walk_choice::take || choice == walk_choice::only_in;
}

task<std::optional<walk_batch>> next_batch(std::shared_ptr<walking> walk) {
    team hands(walk, walk->limit());
    while (co_await hands)
        hands.report();
    walk_batch found = walk->take();
    if (found.empty()) co_return std::nullopt;
    co_return std::move(found);
}

}  // namespace

}  // namespace detail

task<tree_result> walk(path_view path, inline_function<void(const walk_batch&)> batch, walk_options how) {
    return detail::run_job<detail::walking>(detail::owned_path(path), how, batch);
}

tree_walk::tree_walk(path_view path, const walk_options& how)
    : walk_(std::make_shared<detail::walking>(detail::owned_path(path), how,
                                              inline_function<void(const walk_batch&)>())) {}
tree_walk::tree_walk(tree_walk&&) noexcept = default;
tree_walk& tree_walk::operator=(tree_walk&&) noexcept = default;
tree_walk::~tree_walk() = default;

task<std::optional<walk_batch>> tree_walk::next() {
    return detail::next_batch(std::static_pointer_cast<detail::walking>(walk_));
}

tree_result tree_walk::result() {
    return static_cast<detail::walking*>(walk_.get())->result_of();
}

}  // namespace aio
