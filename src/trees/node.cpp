// SPDX-License-Identifier: MIT
#include "node.hpp"

#include <algorithm>

namespace aio::detail {

namespace {

/// "/" is left of slashes alone.
std::size_t without_slashes(std::string_view operand) noexcept {
    while (operand.size() > 1 && operand.ends_with('/'))
        operand.remove_suffix(1);
    return operand.size();
}

}  // namespace

tree_node::tree_node(std::string operand)
    : name(std::move(operand)), path_length(name == "/" ? 0 : without_slashes(name)) {}

tree_node::tree_node(tree_node& above, std::string_view own_name)
    : parent(&above),
      name(own_name),
      path_length(above.path_length + 1 + name.size()),
      depth(above.depth + 1) {}

void tree_node::append_path(std::string& path) const {
    if (path_length == 0) {
        path += '/';
        return;
    }
    path.resize(path.size() + path_length);
    char* end = path.data() + path.size();
    const tree_node* each = this;
    for (; each->parent; each = each->parent) {
        end -= each->name.size();
        std::copy_n(each->name.data(), each->name.size(), end);
        *--end = '/';
    }
    std::copy_n(each->name.data(), each->path_length, end - each->path_length);
}

std::string tree_node::path_of(std::string_view entry) const {
    std::string path;
    path.reserve(path_length + 1 + entry.size());
    append_path(path);
    if (entry.empty()) return path;
    if (!path.ends_with('/')) path += '/';
    return path.append(entry);
}

}  // namespace aio::detail
