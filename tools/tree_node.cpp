// SPDX-License-Identifier: MIT
#include "tree_node.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <climits>

namespace tool {

namespace {

#ifdef O_PATH
constexpr int open_base = O_PATH;  // enough for what is below it, and needs no permission to read
#else
constexpr int open_base = O_RDONLY | O_NONBLOCK;
#endif

std::size_t without_slashes(std::string_view operand) noexcept {
    while (operand.ends_with('/'))
        operand.remove_suffix(1);
    return operand.size();
}

identity identity_of(int fd) noexcept {
    struct stat found = {};
    if (::fstat(fd, &found) != 0) return {};
    return {.device = found.st_dev, .inode = found.st_ino};
}

}  // namespace

tree_node::tree_node(std::string operand)
    : name(std::move(operand)), path_length(without_slashes(name) + 1) {}

tree_node::tree_node(tree_node& above, std::string_view own_name)
    : parent(&above), name(own_name), path_length(above.path_length + name.size() + 1) {
    ++above.uses;
}

void tree_node::append_path(std::string& to) const {
    to.resize(to.size() + path_length);
    char* end = to.data() + to.size();
    for (const tree_node* each = this; each; each = each->parent) {
        const std::size_t length = each->parent ? each->name.size() : each->path_length - 1;
        *--end = '/';
        end -= length;
        std::copy_n(each->name.data(), length, end);
    }
}

std::string_view tree_node::take_subdirectory() noexcept {
    assert(has_subdirectories());
    const std::string_view taken = subdirectories.data() + next_subdirectory;
    next_subdirectory += taken.size() + 1;
    return taken;
}

void open_directories::keep(tree_node& node, aio::directory handle) {
    if (node.handle) return;  // somebody else was faster
    if (held_.size() >= limit_) close(*held_.front());
    held_.push_back(&node);
    node.handle = std::move(handle);
}

void open_directories::close(tree_node& node) noexcept {
    if (!node.handle) return;
    node.was = identity_of(node.handle.fd());
    node.handle = {};
    std::erase(held_, &node);
}

bool open_directories::halve() noexcept {
    if (limit_ <= 1) return false;
    limit_ /= 2;
    while (held_.size() > limit_)
        close(*held_.front());
    return true;
}

descent::descent(tree_node& to, std::size_t trail) {
    tree_node* from = &to;
    for (; from && !from->handle; from = from->parent)
        steps_.push_back({.node = from, .expected = from->was});
    std::reverse(steps_.begin(), steps_.end());
    trail_begin_ = steps_.size() - std::min(steps_.size(), trail);
    if (!from) return;
    // A descriptor of our own: the other may be closed while this is under way.
    base_ = aio::directory(::fcntl(from->handle.fd(), F_DUPFD_CLOEXEC, 0));
    if (!base_) error_ = errno;
}

aio::result<std::vector<aio::directory>> descent::operator()() const {
    if (error_ != 0) return aio::error(error_);
    std::vector<aio::directory> opened;
    aio::directory position;
    int above = base_ ? base_.fd() : AT_FDCWD;
    std::string path;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        path += steps_[i].node->name;
        // Above the trail, several names at once, as many as a path may have. A link that was put among them
        // might be followed; then it leads back to the right directory, or the identity tells.
        if (i + 1 < trail_begin_ && path.size() + steps_[i + 1].node->name.size() + 2 < PATH_MAX) {
            path += '/';
            continue;
        }
        aio::directory next(::openat(above, path.c_str(), open_base | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next) return aio::error(errno);
        if (identity_of(next.fd()) != steps_[i].expected) return aio::error(ESTALE);
        path.clear();
        above = next.fd();
        if (i < trail_begin_)
            position = std::move(next);
        else
            opened.push_back(std::move(next));
    }
    return opened;
}

std::vector<tree_node*> descent::trail() const {
    std::vector<tree_node*> nodes;
    for (std::size_t i = trail_begin_; i < steps_.size(); ++i)
        nodes.push_back(steps_[i].node);
    return nodes;
}

}  // namespace tool
