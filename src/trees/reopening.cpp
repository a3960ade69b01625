// SPDX-License-Identifier: MIT
// What a traversal keeps open, and how it gets back to what it closed: from below by "..", or from above name
// by name; verified either way.
#include "traversal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace aio::detail {

namespace {

constexpr unsigned fruitless_max = 1000;  // attempts in a row to open a directory while others work

bool is_out_of_descriptors(const std::error_code& reason) noexcept {
    return reason == std::errc::too_many_files_open || reason == std::errc::too_many_files_open_in_system;
}

/// Opens `name` of `base` if it is the directory `expected`, ESTALE if it is another.
result<open_place> open_again(int base, const char* name, const identity& expected,
                              bool follow = false) noexcept {
    auto opened = open_place_at(base, name, true, follow);
    if (opened && opened->who() != expected) return error(ESTALE);
    return opened;
}

struct both_places {
    open_place from, to;
};

/// Both of what a node holds, `name` in the places given; the source may be reached by a link if `follow`.
result<both_places> open_both_again(const open_place& from, const open_place& to, const char* name,
                                    const tree_node& expected, bool follow) noexcept {
    both_places opened;
    auto source = open_again(from.fd.get(), name, expected.from.who(), follow);
    if (!source) return std::unexpected(source.error());
    opened.from = std::move(*source);
    if (!expected.to.exists()) return opened;
    auto destination = open_again(to.fd.get(), name, expected.to.who());
    if (!destination) return std::unexpected(destination.error());
    opened.to = std::move(*destination);
    return opened;
}

}  // namespace

/// Under the mutex. Adds a pin.
void traversal::keep_open(tree_node& node) {
    node.is_open = true;
    ++node.pins;
    open_.push_back(&node);
    fruitless_ = 0;
    close_some();
}

/// Closes what was opened first and nobody needs now, but never the root, from which everything can be
/// reached.
void traversal::close_some() {
    for (auto each = open_.begin(); open_.size() > open_max_ && each != open_.end();) {
        tree_node* node = *each;
        const bool is_needed = node->pins != 0 || !node->parent;
        off_t position = node->position;
        if (!is_needed && node->unread && !node->repositioned)
            position = ::lseek(node->from.fd.get(), 0, SEEK_CUR);
        if (is_needed || position < 0) {
            ++each;
            continue;
        }
        node->position = position;
        each = open_.erase(each);
        node->is_open = false;
        node->from.fd.reset();
        node->to.fd.reset();
    }
}

/// Too few descriptors: fewer directories are kept open and fewer workers wanted, or those that others have
/// for the moment are waited for. False if that is not the reason, or no way out.
bool traversal::spare_descriptors(const std::error_code& reason) {
    if (!is_out_of_descriptors(reason)) return false;
    std::unique_lock lock(mutex_);
    if (limit_ == 1 && open_max_ == 1) {
        if (working_ <= 1 || ++fruitless_ > fruitless_max) return false;
        lock.unlock();
        std::this_thread::yield();
        return true;
    }
    limit_ = std::max<std::size_t>(1, limit_ / 2);
    open_max_ = std::max<std::size_t>(1, open_max_ / 2);
    close_some();
    return true;
}

void traversal::unpin(tree_node& node) noexcept {
    const std::lock_guard lock(mutex_);
    --node.pins;
    close_some();
}

result<> traversal::pin(tree_node& node) {
    {
        const std::lock_guard lock(mutex_);
        if (node.is_open) {
            ++node.pins;
            return {};
        }
    }
    return descend(node);
}

/// Puts what was opened again in its place, unless somebody was faster.
void traversal::install(tree_node& node, open_place from, open_place to) {
    const std::lock_guard lock(mutex_);
    if (node.is_open) {
        ++node.pins;
        return;
    }
    // The status stays that of the first time: others compare with it, without the mutex.
    node.from.fd = std::move(from.fd);
    node.from.only_path = from.only_path;
    node.to.fd = std::move(to.fd);
    node.to.only_path = to.only_path;
    node.repositioned = node.unread;
    keep_open(node);
}

/// Pins a directory from one below it, which is pinned. A link followed on the way down leads up elsewhere;
/// so does a directory that was moved.
result<> traversal::reach(tree_node& node, const tree_node& below) {
    {
        const std::lock_guard lock(mutex_);
        if (node.is_open) {
            ++node.pins;
            return {};
        }
    }
    auto opened = open_both_again(below.from, below.to, "..", node, false);
    if (!opened) return descend(node);
    install(node, std::move(opened->from), std::move(opened->to));
    return {};
}

/// Pins a directory from the nearest one above it that is open.
result<> traversal::descend(tree_node& to) {
    std::vector<tree_node*> way{&to};
    tree_node* above = to.parent;
    {
        const std::lock_guard lock(mutex_);
        while (above && !above->is_open) {
            way.push_back(above);
            above = above->parent;
        }
        if (!above) return error(ESTALE);
        ++above->pins;
    }
    const open_place* from = &above->from;
    const open_place* destination = &above->to;
    both_places position;
    for (auto each = way.rbegin(); each != way.rend(); ++each) {
        const auto open_next = [&] {
            return open_both_again(*from, *destination, (*each)->name.c_str(), **each, follow_);
        };
        auto next = open_next();
        while (!next && spare_descriptors(next.error()))
            next = open_next();
        if (!next) {
            unpin(*above);
            return std::unexpected(next.error());
        }
        position = std::move(*next);
        from = &position.from;
        destination = &position.to;
    }
    unpin(*above);
    install(to, std::move(position.from), std::move(position.to));
    return {};
}

}  // namespace aio::detail
