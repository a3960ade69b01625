// SPDX-License-Identifier: MIT
#include "listing.hpp"

#include "colours.hpp"
#include "json.hpp"

#include <unistd.h>

#include <algorithm>

namespace tool {

namespace {

const char* word_for(aio::file_type type) {
    constexpr const char* words[] = {"unknown",      "fifo", "character device", "", "directory", "",
                                     "block device", "",     "regular",          "", "symlink",   "",
                                     "socket"};
    return words[static_cast<unsigned>(type)];
}

void append_json(std::string& to, const aio::walk_entry& entry) {
    to += "{\"path\":";
    append_json_string(to, entry.path);
    to.append(",\"type\":\"").append(word_for(entry.type));
    to.append("\",\"inode\":").append(std::to_string(entry.inode));
    to.append(",\"depth\":").append(std::to_string(entry.depth));
    if (const aio::file_status* status = entry.status) {
        const auto number = [&to](const char* name, std::uint64_t value) {
            to.append(",\"").append(name).append("\":").append(std::to_string(value));
        };
        number("size", status->size);
        number("blocks", status->blocks);
        number("mode", status->mode);
        number("links", status->links);
        number("uid", status->uid);
        number("gid", status->gid);
        number("device", status->device);
        to.append(",\"mtime\":").append(std::to_string(status->mtime.tv_sec)).append(",\"mtime_ns\":");
        to.append(std::to_string(status->mtime.tv_nsec));
    }
    to += '}';
}

/// One mark for each byte.
void hide_controls(std::string& block, std::size_t begin) {
    while (begin < block.size()) {
        const std::size_t plain = shown_bytes(std::string_view(block).substr(begin));
        if (plain == 0) block[begin] = '?';
        begin += std::max<std::size_t>(plain, 1);
    }
}

}  // namespace

listing::listing(output& out, options how)
    : out_(out),
      how_(std::move(how)),
      is_terminal_(out.is_terminal()),
      has_colours_(is_terminal_ && shows_colours(STDOUT_FILENO)) {}

void listing::add(const aio::walk_batch& batch) {
    for (const aio::walk_entry entry : batch) {
        count(entry.type);
        const bool is_directory = entry.type == aio::file_type::directory;
        if (is_directory ? how_.print_directories : how_.print_others) print(entry);
    }
}

void listing::count(aio::file_type type) noexcept {
    if (type == aio::file_type::directory)
        ++counts_.directories;
    else if (type == aio::file_type::regular)
        ++counts_.files;
    else if (type == aio::file_type::symlink)
        ++counts_.symlinks;
    else
        ++counts_.others;
}

void listing::print(const aio::walk_entry& entry) {
    const bool wants_slash = entry.type == aio::file_type::directory && !entry.path.ends_with('/');
    if (how_.only) {
        matched_.assign(entry.path);
        if (wants_slash) matched_ += '/';
        if (!how_.only->matches(matched_)) return;
    }
    std::string& block = out_.block();
    if (how_.json) {
        append_json(block, entry);
    } else {
        const std::string_view colour = has_colours_ ? colour_of(entry.type) : std::string_view();
        block += colour;
        const std::size_t begin = block.size();
        block.append(entry.path);
        if (wants_slash) block += '/';
        // A terminal would obey what a name may contain.
        if (is_terminal_) hide_controls(block, begin);
        if (!colour.empty()) block += end_of_colour;
    }
    block += how_.terminator;
    out_.pour();
}

}  // namespace tool
