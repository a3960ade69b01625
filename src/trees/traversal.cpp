// SPDX-License-Identifier: MIT
#include "traversal.hpp"

#include "system_call.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <utility>

namespace aio::detail {

namespace {

constexpr std::size_t pending_max = std::size_t(256) << 10;  // bytes of names, before a directory is read on
constexpr auto patience = std::chrono::microseconds(500);    // of a worker that finds nothing to do
constexpr rlim_t others_descriptors = 16;                    // the context's, standard input and such

/// How many directories may be open in a process that may have few descriptors, half of them for files if it
/// copies.
std::size_t descriptors_for(const tree_options& how, unsigned places) noexcept {
    rlimit allowed = {};
    if (::getrlimit(RLIMIT_NOFILE, &allowed) != 0) return how.descriptors;
    const rlim_t free = (allowed.rlim_cur - std::min(allowed.rlim_cur, others_descriptors)) / places;
    return std::max<std::size_t>(4, std::min<rlim_t>(how.descriptors, free));
}

const std::error_code io_error(EIO, std::system_category());

/// What a directory that is not finished takes, about.
std::size_t weight(const tree_node& node) noexcept {
    return sizeof node + node.name.size();
}

}  // namespace

traversal::traversal(const tree_options& how, const kind& which) : how_(how), kind_(which), record_(how) {
    const std::size_t descriptors = descriptors_for(how, which.places);
    // A worker needs the directory it is in and the one above.
    limit_ = std::clamp<std::size_t>(how.limit, 1, descriptors / 2 / which.places);
    open_max_ = descriptors / which.places;
    workers_.resize(limit_);
}

traversal::~traversal() {
    while (all_)
        delete std::exchange(all_, all_->next);
}

void traversal::stop(int cause) noexcept {
    int none = 0;
    // Relaxed: workers only look at the number.
    cause_.compare_exchange_strong(none, cause, std::memory_order_relaxed);
}

std::size_t traversal::wanted() noexcept {
    const std::lock_guard lock(mutex_);
    hired_ = stopped() || finished_ ? 0 : worth();
    return hired_;
}

std::size_t traversal::worth() const noexcept {
    return std::clamp<std::size_t>(available_ + busy_, 1, limit_);
}

void traversal::work(std::size_t number) noexcept {
    const errno_guard guard;
    std::unique_lock lock(mutex_);
    ++working_;
    try {
        auto& self = workers_[number];
        if (!self) self = hire();
        self->spent = 0;
        run(*self, lock);
        if (!lock.owns_lock()) lock.lock();
        publish(*self);
        record_.add(self->tally);
    } catch (const std::bad_alloc&) {
        stop(ENOMEM);
        if (!lock.owns_lock()) lock.lock();
    } catch (...) {  // out of a user's function, as out of that of `call`
        stop(ENOTRECOVERABLE);
        if (!lock.owns_lock()) lock.lock();
    }
    --working_;
    if (stopped() || finished_) more_.notify_all();
}

void traversal::run(tree_worker& self, std::unique_lock<brief_mutex>& lock) {
    if (!std::exchange(begun_, true)) {
        lock.unlock();
        std::unique_ptr<tree_node> root = begin(self);
        lock.lock();
        if (!root) {
            finished_ = true;
            return;
        }
        tree_node* node = root.release();
        link(*node);
        keep_open(*node);
        node->reading = node->entered = true;
        lock.unlock();
        read(self, *node);
        lock.lock();
    }
    bool has_waited = false;
    while (!stopped() && !finished_ && self.spent < kind_.slice) {
        if (worth() > hired_) return;  // the poller shall send more workers
        const step next = take(self, lock);
        if (next.node) {
            has_waited = false;
            ++busy_;
            lock.unlock();
            if (next.child.empty())
                read(self, *next.node);
            else
                visit(self, *next.node, next.child);
            lock.lock();
            --busy_;
            continue;
        }
        if (working_ <= 1 || std::exchange(has_waited, true)) return;
        // Somebody is at it, and will have found more in a moment.
        publish(self);
        --working_;
        ++waiting_;
        more_.wait_for(lock, patience);
        --waiting_;
        ++working_;
    }
}

bool traversal::has_work(const tree_node& node) const noexcept {
    const std::size_t left = node.pending.size() - node.next_pending;
    return left != 0 || (node.unread && !node.reading && left < pending_max);
}

/// Whether it has, at the level that is read. All of a directory belongs to it, however many names wait.
bool traversal::may_take(const tree_node& node) const noexcept {
    if (!kind_.breadth_first) return has_work(node);
    if (node.unread && !node.reading) return node.depth <= level_;
    return node.next_pending < node.pending.size() && node.depth < level_;
}

/// Something to do, nearest to the end of the way down. The node is pinned, and has one more use.
traversal::step traversal::take(tree_worker& self, std::unique_lock<brief_mutex>& lock) {
    if (kind_.breadth_first) return take_of_level(self, lock);
    for (;;) {
        for (auto each = open_.rbegin(); each != open_.rend(); ++each)
            if (has_work(**each)) return take_from(**each);
        // What is closed is opened again by whoever comes up from below, as long as anybody is there.
        if (queue_.empty() || working_ > 1) return {};
        step next = open_queued(self, *queue_.back(), lock);
        if (next.node || stopped() || finished_) return next;
    }
}

/// The same where all directories of one level come before those of the next.
traversal::step traversal::take_of_level(tree_worker& self, std::unique_lock<brief_mutex>& lock) {
    while (!stopped() && !finished_) {
        auto next = std::find_if(queue_.begin(), queue_.end(),
                                 [this](const tree_node* node) { return may_take(*node); });
        if (next != queue_.end() && (*next)->is_open) return take_from(**next);
        if (next != queue_.end()) {
            step taken = open_queued(self, **next, lock);
            if (taken.node) return taken;
        } else {
            if (queue_.empty() || working_ > 1) break;
            publish(self);
            ++level_;
        }
    }
    return {};
}

/// Opens a directory again to which nobody is on his way, and takes from it at once: where few may be open,
/// it would be closed before anybody came. Gives up the mutex meanwhile.
traversal::step traversal::open_queued(tree_worker& self, tree_node& node,
                                       std::unique_lock<brief_mutex>& lock) {
    ++node.uses;
    lock.unlock();
    step taken;
    if (const result<> reached = pin(node); reached) {
        lock.lock();
        if (may_take(node)) taken = take_from(node);
        --node.pins;
        close_some();
        lock.unlock();
    } else {
        lose(self, node, reached.error());
    }
    end_use(self, &node);
    lock.lock();
    return taken;
}

traversal::step traversal::take_from(tree_node& node) {
    step taken{.node = &node, .child = {}};
    const bool reads_on = kind_.breadth_first && node.unread && !node.reading;
    if (node.next_pending < node.pending.size() && !reads_on) {
        taken.child = node.pending.c_str() + node.next_pending;
        node.next_pending += taken.child.size() + 1;
        remembered_ -= taken.child.size() + 1;
        if (node.next_pending == node.pending.size()) {
            node.pending = std::string();
            node.next_pending = 0;
        }
    } else {
        node.reading = true;
    }
    --available_;
    ++node.uses;
    ++node.pins;
    if (node.pending.empty() && (!node.unread || node.reading)) unqueue(node);
    return taken;
}

void traversal::queue(tree_node& node) {
    if (waiting_ != 0) more_.notify_one();
    if (std::exchange(node.queued, true)) return;
    ++node.uses;
    queue_.push_back(&node);
}

void traversal::unqueue(tree_node& node) {
    if (!std::exchange(node.queued, false)) return;
    --node.uses;
    queue_.erase(std::find(queue_.rbegin(), queue_.rend(), &node).base() - 1);
}

/// Opens a subdirectory and reads it. Takes over the pin and the use of its parent.
void traversal::visit(tree_worker& self, tree_node& parent, const std::string& name) {
    auto opened = open_place_at(parent.from.fd.get(), name.c_str(), false, follow_);
    const bool is_gone = !opened && opened.error() == std::errc::no_such_file_or_directory;  // no failure
    if (!opened && (is_gone || postpone(parent, name, opened.error()))) {
        unpin(parent);
        return end_use(self, &parent);
    }
    auto made = std::make_unique<tree_node>(parent, name);
    tree_node& node = *made;
    bool go_in = false;
    if (!opened) {
        unreadable(self, node, "open", opened.error());
    } else if (how_.one_file_system && opened->status.mount_id != parent.from.status.mount_id) {
        ++self.spent;
    } else {
        node.from = std::move(*opened);
        go_in = enter(self, node);
    }
    std::unique_lock lock(mutex_);
    static_cast<void>(made.release());
    link(node);
    node.entered = node.reading = go_in;
    if (go_in) keep_open(node);
    --parent.pins;
    if (!go_in) return end_use(self, &node, std::move(lock));
    lock.unlock();
    read(self, node);
}

/// Whether there may be more. A directory that fits into one piece cannot repeat itself.
result<bool> traversal::read_piece(tree_worker& self, tree_node& node) {
    if (std::exchange(node.repositioned, false)) {
        const off_t position = node.position;
        const auto sought = attempt([&] { return ::lseek(node.from.fd.get(), position, SEEK_SET); });
        if (!sought) return std::unexpected(sought.error());  // names would be missing, or come again
        node.was_repositioned |= position != 0;
    }
    const result<bool> more = self.entries.read(node.from.fd.get());
    if (!more || (!*more && !node.repeats.has_begun())) return more;
    if (!node.repeats.found_in(self.entries.entries())) return more;
    self.entries.entries().clear();
    return std::unexpected(io_error);
}

/// Whether names that long may be remembered until their turn comes.
bool traversal::make_room(std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    if (remembered_ + bytes > how_.memory_max) return false;
    remembered_ += bytes;
    return true;
}

/// Reads some of a directory. Takes over its pin and use.
void traversal::read(tree_worker& self, tree_node& node) {
    const result<bool> more = read_piece(self, node);
    const bool is_whole = !more.value_or(false);
    if (!is_whole) {  // others may read on at once
        const std::lock_guard lock(mutex_);
        node.reading = false;
        node.unread = true;
        ++available_;
        publish(self);
        queue(node);
    }
    if (!more) unreadable(self, node, "readdir", more.error());
    self.spent += 8;  // what a directory costs besides its entries
    look_at_entries(self, node);
    if (!self.found.empty() && !make_room(self.found.size())) {
        self.found.clear();
        fail(self, &node, "readdir", node.path_of({}), std::make_error_code(std::errc::not_enough_memory));
    }
    if (how_.progress) node.append_path((self.tally.path.clear(), self.tally.path));
    std::unique_lock lock(mutex_);
    if (is_whole) node.reading = node.unread = false;
    entries_ += self.entries.entries().size();
    if (entries_ > how_.entries_max) stop(EOVERFLOW);
    if (!self.found.empty() && !stopped()) {
        publish(self);
        node.pending.erase(0, std::exchange(node.next_pending, 0));
        node.pending += self.found;
        available_ += static_cast<std::size_t>(std::count(self.found.begin(), self.found.end(), '\0'));
        queue(node);
    }
    --node.pins;
    end_use(self, &node, std::move(lock));
}

void traversal::look_at_entries(tree_worker& self, tree_node& node) {
    self.found.clear();
    self.path.clear();
    if (self.entries.had_bad_names()) fail(self, &node, "readdir", node.path_of({}), io_error);
    std::vector<dirent_view>& entries = self.entries.entries();
    if (kind_.inode_order)
        std::sort(entries.begin(), entries.end(),
                  [](const dirent_view& a, const dirent_view& b) { return a.inode < b.inode; });
    for (dirent_view& entry : entries) {
        if (stopped()) return;
        ++self.spent;
        if (entry.type == file_type::unknown) {
            const auto status = status_at(node.from.fd.get(), entry.name.data());
            if (status) entry.type = status->type();
        }
        const treatment chosen = meet(self, node, entry);
        if (chosen == treatment::other) other(self, node, entry);
        if (chosen == treatment::directory) self.found.append(entry.name).push_back('\0');
    }
}

traversal::treatment traversal::meet(tree_worker&, tree_node&, const dirent_view& entry) {
    return entry.type == file_type::directory ? treatment::directory : treatment::other;
}

void traversal::unreadable(tree_worker& self, tree_node& which, const char* operation,
                           std::error_code reason) {
    fail(self, &which, operation, which.path_of({}), reason);
}

void traversal::fail(tree_worker& self, tree_node* in, const char* operation, std::string path,
                     std::error_code reason) {
    self.spent += path.size() / bytes_per_entry;
    self.tally.failures.push_back({.operation = operation, .path = std::move(path), .reason = reason});
    leave_incomplete(in);
}

void traversal::leave_incomplete(tree_node* node) noexcept {
    const std::lock_guard lock(mutex_);
    if (node) node->incomplete = true;
}

void traversal::end_use(tree_worker& self, tree_node* node) {
    end_use(self, node, std::unique_lock(mutex_));
}

/// The last use of a directory leaves it, which is the end of a use of its parent, and so on, without
/// recursion.
void traversal::end_use(tree_worker& self, tree_node* node, std::unique_lock<brief_mutex> lock) {
    std::array<std::unique_ptr<tree_node>, 4> gone;
    // Nobody counts their descriptors.
    const std::size_t gone_max = open_max_ < 2 * gone.size() ? 1 : gone.size();
    std::size_t gone_now = 0;
    while (node && --node->uses == 0 &&
           !stopped()) {  // if it was stopped, the destructor forgets what is left
        tree_node* parent = node->parent;
        if (node->entered) {
            ++node->uses;
            if (leave(self, *node, lock)) {
                ++node->passes;
                node->unread = node->repositioned = true;
                node->position = 0;
                node->repeats = {};
                ++available_;
                queue(*node);
                continue;
            }
            --node->uses;
        }
        if (parent && node->incomplete) parent->incomplete = true;
        unlink(*node);
        gone[gone_now++].reset(node);
        node = parent;
        if (gone_now < gone_max) continue;
        lock.unlock();
        for (auto& each : gone)
            each.reset();  // closing takes time
        gone_now = 0;
        lock.lock();
    }
    if (!node) {
        finished_ = true;
        more_.notify_all();
    }
    close_some();
    lock.unlock();
}

/// Leaves a directory. Gives the mutex up where there is something to do.
bool traversal::leave(tree_worker& self, tree_node& node, std::unique_lock<brief_mutex>& lock) {
    tree_node* parent = node.parent;
    const bool both_are_open = node.is_open && (!parent || parent->is_open);
    if (both_are_open && !kind_.leaves) return false;
    ++node.pins;
    if (parent) ++parent->pins;
    lock.unlock();
    bool once_more = false;
    if (both_are_open)
        once_more = leave(self, node);
    else
        once_more = leave_reopened(self, node);
    lock.lock();
    --node.pins;
    if (parent) --parent->pins;
    return once_more;
}

/// Opens the parent again if it was closed, which the way up can do for nothing, and leaves. Whether the
/// directory is to be read once more.
bool traversal::leave_reopened(tree_worker& self, tree_node& node) {
    const result<> own = pin(node);
    if (!own) {
        if (kind_.acts_on_leaving) unreadable(self, node, "open", own.error());
        return kind_.acts_on_leaving ? false : leave(self, node);
    }
    const result<> above = node.parent ? reach(*node.parent, node) : result<>();
    bool once_more = false;
    if (above || !kind_.acts_on_leaving)
        once_more = leave(self, node);
    else
        unreadable(self, node, "open ..", above.error());
    if (above && node.parent) unpin(*node.parent);
    unpin(node);
    return once_more;
}

/// It cannot be opened again: what was to be done in it is not.
void traversal::lose(tree_worker& self, tree_node& node, const std::error_code& reason) {
    unreadable(self, node, "open", reason);
    const std::lock_guard lock(mutex_);
    available_ -= static_cast<std::size_t>(std::count(
        node.pending.begin() + static_cast<std::ptrdiff_t>(node.next_pending), node.pending.end(), '\0'));
    if (node.unread && !node.reading) --available_;
    remembered_ -= node.pending.size() - node.next_pending;
    node.pending.clear();
    node.next_pending = 0;
    node.unread = node.entered = false;
    unqueue(node);
}

/// Puts it on the list of all.
void traversal::link(tree_node& node) noexcept {
    remembered_ += weight(node);
    node.next = std::exchange(all_, &node);
    if (node.next) node.next->previous = &node;
}

/// Takes it off all lists.
void traversal::unlink(tree_node& node) noexcept {
    remembered_ -= weight(node);
    if (std::exchange(node.is_open, false)) std::erase(open_, &node);
    (node.previous ? node.previous->next : all_) = node.next;
    if (node.next) node.next->previous = node.previous;
}

/// Lets a name wait for a descriptor. False if that is no way out.
bool traversal::postpone(tree_node& parent, std::string_view name, const std::error_code& reason) {
    if (!spare_descriptors(reason)) return false;
    const std::lock_guard lock(mutex_);
    parent.pending.append(name).push_back('\0');
    remembered_ += name.size() + 1;
    ++available_;
    queue(parent);
    return true;
}

}  // namespace aio::detail
