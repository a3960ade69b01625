// SPDX-License-Identifier: MIT
#include "lister.hpp"

#include <aio/metadata.hpp>
#include <aio/open_close.hpp>
#include <aio/sync.hpp>

#include <fcntl.h>

#include <algorithm>

namespace tool {

namespace {

constexpr std::size_t looks_at_once = 32;

bool is_gone(const std::error_code& reason) {
    return reason == std::errc::no_such_file_or_directory;
}

/// Writes a file to the disk. A link in its place is not followed, a FIFO not waited for.
aio::task<aio::result<>> sync_file(aio::path_view path) {
    aio::result<aio::file> file = co_await aio::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!file) co_return std::unexpected(file.error());
    const aio::result<> synced = co_await aio::fsync(*file);
    const aio::result<> closed = co_await aio::close(std::move(*file));
    co_return synced ? closed : synced;
}

}  // namespace

lister::lister(aio::context& io, output& out, report& errors, options how)
    : io_(io), out_(out), errors_(errors), how_(std::move(how)), is_terminal_(out.is_terminal()) {}

aio::task<> lister::read(const tree::visit& directory) {
    path_.clear();
    if (how_.print_directories || how_.print_others) directory.node().append_path(path_);
    ++counts_.directories;
    if (how_.print_directories) print(path_, {});
    for (std::size_t i = 0; i < directory.size(); ++i) {
        const aio::directory_entry entry = directory[i];
        if (entry.type == aio::file_type::directory) continue;
        count(entry.type);
        if (how_.print_others) print(path_, entry.name);
    }
    if (how_.stat || how_.sync) co_await look_closer(&directory);
}

void lister::unreadable(const tree_node& directory, const std::error_code& reason) {
    path_.clear();
    directory.append_path(path_);
    errors_.error("readdir", path_, reason);
    if (is_gone(reason)) return;  // the name was read, but there is nothing of that name any more
    ++counts_.directories;
    if (how_.print_directories) print(path_, {});
}

aio::task<> lister::plain_operand(std::string path, aio::file_type type) {
    count(type);
    if (how_.print_others) print(path, {});
    if (!how_.sync || type != aio::file_type::regular) co_return;
    const aio::result<> synced = co_await sync_file(path);
    if (!synced) errors_.error("sync", path, synced.error());
}

void lister::count(aio::file_type type) noexcept {
    if (type == aio::file_type::regular)
        ++counts_.files;
    else if (type == aio::file_type::symlink)
        ++counts_.symlinks;
    else
        ++counts_.others;
}

void lister::print(std::string_view directory, std::string_view name) {
    if (how_.only) {
        matched_.assign(directory).append(name);
        if (!how_.only->matches(matched_)) return;
    }
    std::string& block = out_.block();
    const std::size_t begin = block.size();
    block.append(directory).append(name);
    // A terminal would obey what a name may contain.
    if (is_terminal_)
        std::replace_if(block.begin() + static_cast<std::ptrdiff_t>(begin), block.end(), is_control, '?');
    block += how_.terminator;
    out_.pour();
}

/// Stats or syncs what is in a directory, then syncs the directory itself.
aio::task<> lister::look_closer(const tree::visit* directory) {
    std::size_t next = 0;
    aio::group looks(io_, {.limit = how_.sync ? syncs_at_once : looks_at_once});
    looks.feed([&](aio::group& members) {
        const std::size_t before = members.size();
        while (next < directory->size() && members.size() == before) {
            const aio::directory_entry entry = (*directory)[next++];
            add_look(members, *directory, entry.name, entry.type);
        }
    });
    co_await looks;
    if (!how_.sync) co_return;
    const aio::result<> synced = co_await aio::fsync(directory->directory());
    if (!synced) check("fsync", directory->node(), {}, synced.error());
}

void lister::add_look(aio::group& looks, const tree::visit& directory, std::string_view name,
                      aio::file_type type) {
    if (type == aio::file_type::directory) return;
    const aio::path_view path(directory.directory(), name);
    const tree_node& node = directory.node();
    if (how_.stat) {
        looks.add(aio::lstat(path), [this, &node, name](const aio::result<aio::file_status>& status) {
            if (!status) check("lstat", node, name, status.error());
        });
    }
    // Only regular files have content of their own to be written; opening a device may do anything.
    if (how_.sync && type == aio::file_type::regular) {
        looks.add(sync_file(path), [this, &node, name](const aio::result<>& synced) {
            if (!synced) check("sync", node, name, synced.error());
        });
    }
}

/// Reports an entry's error, unless the entry is gone: then there was nothing to do.
void lister::check(std::string_view operation, const tree_node& in, std::string_view name,
                   const std::error_code& reason) {
    if (is_gone(reason)) return;
    std::string path;
    in.append_path(path);
    errors_.error(operation, path.append(name), reason);
}

}  // namespace tool
