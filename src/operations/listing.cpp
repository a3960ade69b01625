// SPDX-License-Identifier: MIT
#include "listing.hpp"

#include "status.hpp"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <tuple>

namespace aio {

namespace {

/// aio_readdirx's order of likelihood: directories, then hidden names, then short names without a dot.
std::uint8_t score_of(std::string_view name, file_type type) noexcept {
    constexpr std::uint8_t unlikely = 7;
    if (type == file_type::directory) return 0;
    if (type != file_type::unknown) return unlikely;
    if (name.starts_with('.')) return 1;
    if (name.find('.') != std::string_view::npos) return unlikely;
    if (name.size() <= 1) return 2;
    if (name.size() <= 3) return 3;
    if (name.size() <= 6) return 4;
    return 5;
}

bool is_valid(std::string_view name) noexcept {
    return !name.empty() && name.find('/') == std::string_view::npos &&
           name.size() <= std::numeric_limits<std::uint16_t>::max();
}

/// Grows at least by half, so that adding stays linear, and exactly where that is enough for the whole
/// directory.
template <class Vector>
void make_room(Vector& in, std::size_t more) {
    const std::size_t needed = in.size() + more;
    if (needed > in.capacity()) in.reserve(std::max(needed, in.capacity() + in.capacity() / 2));
}

}  // namespace

file_type detail::to_file_type(unsigned number) noexcept {
    switch (number) {
        case DT_FIFO:
        case DT_CHR:
        case DT_DIR:
        case DT_BLK:
        case DT_REG:
        case DT_LNK:
        case DT_SOCK:
            return static_cast<file_type>(number);
        default:
            return file_type::unknown;
    }
}

void directory_listing::builder::reserve(std::size_t entries, std::size_t bytes) {
    make_room(made_.records_, entries);
    make_room(made_.names_, bytes);
}

result<> directory_listing::builder::add(std::span<const std::byte> dirents) {
    struct header {
        std::uint64_t inode;
        std::int64_t next;
        std::uint16_t size;
        std::uint8_t type;
    };
    constexpr std::size_t name_offset = offsetof(dirent64, d_name);
    static_assert(offsetof(header, size) == offsetof(dirent64, d_reclen));
    static_assert(offsetof(header, type) == offsetof(dirent64, d_type));

    // How many there are is a good guess at best, and saves the growing.
    constexpr std::size_t common_size = 32;
    const std::size_t entries = dirents.size() / common_size + 1;
    reserve(entries, dirents.size() - std::min(dirents.size(), entries * name_offset));

    while (dirents.size() > name_offset) {
        header entry;
        std::memcpy(&entry, dirents.data(), name_offset);
        if (entry.size <= name_offset || entry.size > dirents.size()) return error(EIO);
        const auto* name = reinterpret_cast<const char*>(dirents.data()) + name_offset;
        auto added = add(std::string_view(name, ::strnlen(name, entry.size - name_offset)),
                         detail::to_file_type(entry.type), entry.inode);
        if (!added) return added;
        dirents = dirents.subspan(entry.size);
    }
    return {};
}

result<> directory_listing::builder::add(std::string_view name, file_type type, std::uint64_t inode) {
    if (name == "." || name == "..") return {};
    // What a hostile file system may say must not become a path that leads elsewhere (safety.md, promise 14).
    if (!is_valid(name)) return error(EIO);
    auto& names = made_.names_;
    if (names.size() > std::numeric_limits<std::uint32_t>::max()) return error(EOVERFLOW);
    made_.records_.push_back({.inode = inode,
                              .offset = static_cast<std::uint32_t>(names.size()),
                              .length = static_cast<std::uint16_t>(name.size()),
                              .type = type,
                              .score = score_of(name, type)});
    make_room(names, name.size() + 1);
    names.insert(names.end(), name.begin(), name.end());
    names.push_back('\0');
    if (type == file_type::unknown) made_.types_known_ = false;
    return {};
}

directory_listing directory_listing::builder::finish(const readdir_options& how) && {
    auto& records = made_.records_;
    // The offset last: entries that are equal otherwise stay in the directory's order.
    auto by_inode = [](const record& a, const record& b) {
        return std::tie(a.inode, a.offset) < std::tie(b.inode, b.offset);
    };
    auto by_score = [](const record& a, const record& b) {
        return std::tie(a.score, a.inode, a.offset) < std::tie(b.score, b.inode, b.offset);
    };
    if (how.directories_first && (how.stat_order || !made_.types_known_)) {
        std::sort(records.begin(), records.end(), by_score);
    } else if (how.directories_first) {
        // Only the directories by inode; with scores of 0 and 7 alone, the offset keeps the others' order.
        std::sort(records.begin(), records.end(), [](const record& a, const record& b) {
            if (a.score != b.score) return a.score < b.score;
            return a.score == 0 && a.inode != b.inode ? a.inode < b.inode : a.offset < b.offset;
        });
    } else if (how.stat_order) {
        std::sort(records.begin(), records.end(), by_inode);
    }
    return std::move(made_);
}

}  // namespace aio
