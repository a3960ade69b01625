// SPDX-License-Identifier: MIT
#include "tree.hpp"

#include <aio/call.hpp>
#include <aio/metadata.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace tool {

namespace {

// Descriptors kept from one directory to reach the next ones, after it was closed.
constexpr std::size_t longest_trail = 8;

bool is_out_of_descriptors(const std::error_code& reason) {
    return reason == std::errc::too_many_files_open || reason == std::errc::too_many_files_open_in_system;
}

}  // namespace

tree::limits tree::limits::fitting(std::size_t descriptors_each) {
    limits most;
    rlimit allowed = {};
    if (::getrlimit(RLIMIT_NOFILE, &allowed) != 0) return most;
    // A dozen are the context's, standard input and such.
    const std::size_t free = allowed.rlim_cur - std::min<rlim_t>(allowed.rlim_cur, 12 + longest_trail);
    most.kept_open = std::clamp<std::size_t>(free / 4, 1, most.kept_open);
    // The base of a directory that was begun stays open, even if it is no longer kept.
    most.in_progress = std::clamp<std::size_t>(free / 2 / (descriptors_each + 1), 1, most.in_progress);
    return most;
}

aio::directory_entry tree::visit::operator[](std::size_t index) const noexcept {
    aio::directory_entry entry = listing_[index];
    if (!types_.empty()) entry.type = types_[index];
    return entry;
}

tree::~tree() {
    while (!stack_.empty()) {
        release(stack_.back());
        stack_.pop_back();
    }
}

void tree::add(std::string root) {
    begin(new tree_node(std::move(root)));
}

/// Requires: the parent is open, or there is none.
void tree::begin(tree_node* node) {
    ++in_progress_;
    const tree_node* parent = node->parent;
    const aio::path_view path =
        parent ? aio::path_view(parent->handle, node->name) : aio::path_view(node->name);
    io_.submit(
        aio::readdir(path, {.nofollow = true, .keep_open = true}),
        [this, node](aio::result<aio::directory_listing> listing) { arrived(node, std::move(listing)); });
}

void tree::begin_more() {
    while (!stack_.empty() && in_progress_ < limits_.in_progress) {
        if (!stack_.back()->handle) return reopen(stack_.back());
        begin(next_node());
    }
}

tree_node* tree::next_node() {
    tree_node* parent = stack_.back();
    auto* child = new tree_node(*parent, parent->take_subdirectory());
    if (!parent->has_subdirectories()) {
        stack_.pop_back();
        release(parent);
    }
    return child;
}

void tree::arrived(tree_node* node, aio::result<aio::directory_listing> listing) {
    if (!listing && postpone(node, listing.error())) return finish(node);
    // Nothing below the parent is left to be opened: what was begun keeps it open by itself.
    if (node->parent && !node->parent->has_subdirectories()) open_.close(*node->parent);
    if (listing) {
        io_.submit(process(node, std::move(*listing)), [this, node] { finish(node); });
    } else {
        visitor_.unreadable(*node, listing.error());
        finish(node);
    }
}

aio::task<> tree::process(tree_node* node, aio::directory_listing listing) {
    visit current(*node, listing);
    if (!listing.types_known()) co_await learn_types(&current);
    co_await visitor_.read(current);
    go_below(node, current, std::move(listing.directory()));
}

/// Some file systems do not tell types.
aio::task<> tree::learn_types(visit* of) {
    of->types_.reserve(of->size());
    for (const aio::directory_entry entry : of->listing_) {
        aio::file_type type = entry.type;
        if (type == aio::file_type::unknown) {
            const aio::path_view path(of->directory(), entry.name);
            const aio::result<aio::file_status> status = co_await aio::lstat(path);
            if (status) type = status->type();
        }
        of->types_.push_back(type);
    }
}

void tree::go_below(tree_node* node, const visit& was_read, aio::directory handle) {
    for (std::size_t i = 0; i < was_read.size(); ++i) {
        const aio::directory_entry entry = was_read[i];
        if (entry.type == aio::file_type::directory) node->subdirectories.append(entry.name).push_back('\0');
    }
    if (!node->has_subdirectories()) return;
    open_.keep(*node, std::move(handle));
    stack_.push_back(node);
    ++node->uses;
}

void tree::finish(tree_node* node) {
    release(node);
    --in_progress_;
    begin_more();
}

/// Opens a directory, and some above it, that were open before. One at a time, for it takes some descriptors.
void tree::reopen(tree_node* node) {
    if (std::exchange(reopening_, true)) return;
    ++in_progress_;
    ++node->uses;
    descent way(*node, std::min(longest_trail, open_.limit()));
    std::vector<tree_node*> nodes = way.trail();
    io_.submit(aio::call(std::move(way)), [this, node, nodes = std::move(nodes)](auto opened) {
        reopening_ = false;
        if (!opened && !make_do_with_less(opened.error())) give_up_below(node, opened.error());
        // The one that is wanted comes last, so that it is closed last.
        for (std::size_t i = 0; opened && i < nodes.size(); ++i)
            if (nodes[i]->has_subdirectories()) open_.keep(*nodes[i], std::move((*opened)[i]));
        finish(node);
    });
}

/// If there was no descriptor for a directory, it waits until fewer are in use.
bool tree::postpone(tree_node* node, const std::error_code& reason) {
    tree_node* parent = node->parent;
    if (!parent || !make_do_with_less(reason)) return false;
    if (!parent->has_subdirectories()) {
        stack_.push_back(parent);
        ++parent->uses;
    }
    parent->subdirectories.append(node->name).push_back('\0');
    return true;
}

/// Whether there is hope, because others can be closed.
bool tree::make_do_with_less(const std::error_code& reason) noexcept {
    if (!is_out_of_descriptors(reason)) return false;
    if (in_progress_ == 1) return open_.halve();
    limits_.in_progress = in_progress_ - 1;
    return true;
}

/// What is below a directory that cannot be opened again cannot be read.
void tree::give_up_below(tree_node* node, const std::error_code& reason) {
    while (node->has_subdirectories()) {
        auto* child = new tree_node(*node, node->take_subdirectory());
        visitor_.unreadable(*child, reason);
        release(child);
    }
    if (std::erase(stack_, node) != 0) release(node);
}

/// Deletes what nobody uses any more. A loop: the tree may be deep.
void tree::release(tree_node* node) noexcept {
    while (node && --node->uses == 0) {
        open_.close(*node);
        delete std::exchange(node, node->parent);
    }
}

}  // namespace tool
