// SPDX-License-Identifier: MIT
// hostile_fs DIRECTORY: mounts a file system that lies, until its standard input is closed. Says "mounted"
// when it is. Each of its directories lies in another way; `kind` has them. What is removed is gone, but
// where a directory never ends.
#include "server.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

namespace {

enum class kind : std::uint64_t {
    root,
    slash,         // a name with "/" between good ones
    nameless,      // an empty name between good ones
    dots,          // "." and "..", several times
    long_names,    // of 1,000 bytes
    duplicates,    // a file and a directory, each three times
    endless,       // always another name
    circle,        // 400 names, and then the first again
    deep,          // a directory with a directory, and so on
    types,         // others than the directory says
    sizes,         // others than there is
    holes,         // which lead nowhere and back
    inodes,        // other numbers each time
    times,         // which go back
    attributes,    // whose list never fits
    hang_listing,  // reading it never ends
    hang_reading,  // reading its file never ends
};
constexpr const char* names[] = {
    "",      "slash", "nameless", "dots",   "long_names", "duplicates", "endless",      "circle",      "deep",
    "types", "sizes", "holes",    "inodes", "times",      "attributes", "hang_listing", "hang_reading"};
constexpr std::uint64_t kinds = std::size(names);

/// A node's number says what it is: of which kind, and which entry; 0: the directory of that kind.
struct node {
    kind of = kind::root;
    std::uint64_t number = 0;

    static constexpr int shift = 40;
    static node from(std::uint64_t id) {
        if (id == FUSE_ROOT_ID) return {};
        return {static_cast<kind>(id >> shift), id & ((std::uint64_t(1) << shift) - 1)};
    }
    [[nodiscard]] std::uint64_t id() const {
        return of == kind::root ? FUSE_ROOT_ID : static_cast<std::uint64_t>(of) << shift | number;
    }
};

/// What a directory says of an entry, and what it is.
struct entry {
    std::string name;
    unsigned char listed = DT_REG;
    mode_t mode = S_IFREG | 0644;
    std::uint64_t next = 0;  // 0: the position behind it
};

const entry of_types[] = {
    {"file_as_directory", DT_DIR, S_IFREG | 0644}, {"directory_as_file", DT_REG, S_IFDIR | 0755},
    {"fifo_as_file", DT_REG, S_IFIFO | 0644},      {"link_as_file", DT_REG, S_IFLNK | 0777},
    {"link_as_directory", DT_DIR, S_IFLNK | 0777}, {"file_as_link", DT_LNK, S_IFREG | 0644},
    {"unknown", DT_UNKNOWN, S_IFREG | 0644},       {"nonsense", 15, S_IFREG | 0644}};
constexpr std::uint64_t circle_size = 400;
const std::string filling(100, 'x');  // of names, so that few of them fill what is read at once
constexpr std::string_view content = "text of it";
constexpr std::string_view link_text = "../../outside";

std::optional<entry> fixed(std::initializer_list<entry> all, std::uint64_t index) {
    if (index >= all.size()) return {};
    return all.begin()[index];
}

entry directory(std::string name) {
    return {std::move(name), DT_DIR, S_IFDIR | 0755};
}

/// The entry at this position of a directory.
std::optional<entry> entry_at(const node& in, std::uint64_t index) {
    switch (in.of) {
        case kind::root:
            return index + 1 < kinds ? std::optional(directory(names[index + 1])) : std::nullopt;
        case kind::slash:
            return fixed({{"first"}, {"../../outside/kept"}, {"last"}}, index);
        case kind::nameless:
            return fixed({{"first"}, {""}, {"last"}}, index);
        case kind::dots:
            return fixed({directory("."), directory(".."), {"first"}, directory(".."), {".."}}, index);
        case kind::long_names:
            if (index >= 100) return {};
            return entry{std::string(996, 'n') + std::to_string(1000 + index)};
        case kind::duplicates:
            if (in.number != 0) return fixed({{"inner"}}, index);
            if (index >= 6) return {};
            return index % 2 ? directory("directory") : entry{"file"};
        case kind::endless:
            return entry{"e" + std::to_string(index) + filling};
        case kind::circle: {
            entry made{"c" + std::to_string(index) + filling};
            made.next = index + 1 == circle_size ? 1 : 0;
            return made;
        }
        case kind::deep:
            return fixed({directory("d")}, index);
        case kind::types:
            return index < std::size(of_types) && in.number == 0 ? std::optional(of_types[index])
                                                                 : std::nullopt;
        case kind::sizes:
            return fixed({{"empty"}, {"huge"}, {"negative"}, {"short"}}, index);
        case kind::holes:
            return fixed({{"back"}, {"nowhere"}}, index);
        case kind::inodes:
            if (in.number < 4) return fixed({directory("d"), {"file"}, {"other"}}, index);
            return {};
        case kind::times:
        case kind::attributes:
        case kind::hang_listing:
        case kind::hang_reading:
            return fixed({{"file"}}, index);
    }
    return {};
}

class hostile final : public fuse::server {
  public:
    using server::server;

  private:
    bool answer(const fuse::request& to) override;
    void look_up(const fuse::request& to);
    void list(const fuse::request& to);
    void read(const fuse::request& to);
    void seek(const fuse::request& to);
    void remove(const fuse::request& to);
    fuse_attr status(const node& of, mode_t mode);
    void reply_status(const fuse_in_header& to, const node& of);

    std::set<std::pair<std::uint64_t, std::string>> removed_;
    std::uint64_t asked_ = 0;  // how often for a status
};

/// Where an entry's number comes from: from its position, from its parent's in a deep tree.
node child(const node& in, std::uint64_t index) {
    if (in.of == kind::root) return {static_cast<kind>(index + 1), 0};
    if (in.of == kind::deep) return {in.of, in.number + 1};
    if (in.of == kind::inodes) return {in.of, index == 0 ? in.number + 1 : 100 + 10 * in.number + index};
    return {in.of, index + 1};
}

bool is_listed_without_end(kind of) {
    return of == kind::endless || of == kind::circle || of == kind::deep;
}

mode_t mode_of(const node& which) {
    constexpr mode_t as_directory = S_IFDIR | 0755;
    if (which.number == 0 || which.of == kind::deep) return as_directory;
    if (which.of == kind::inodes) return which.number < 100 ? as_directory : S_IFREG | 0644;
    const auto made = entry_at({which.of, 0}, which.number - 1);
    return made ? made->mode : S_IFREG | 0644;
}

bool hostile::answer(const fuse::request& to) {
    switch (to.header.opcode) {
        case FUSE_LOOKUP:
            look_up(to);
            return true;
        case FUSE_GETATTR:
        case FUSE_SETATTR:
            reply_status(to.header, node::from(to.header.nodeid));
            return true;
        case FUSE_OPEN:
        case FUSE_OPENDIR: {
            fuse_open_out out = {};
            out.open_flags = to.header.opcode == FUSE_OPEN ? FOPEN_DIRECT_IO : 0;
            reply_with(to.header, out);
            return true;
        }
        case FUSE_READDIR:
            list(to);
            return true;
        case FUSE_READ:
            read(to);
            return true;
        case FUSE_READLINK:
            reply(to.header, 0, link_text);
            return true;
        case FUSE_LSEEK:
            seek(to);
            return true;
        case FUSE_UNLINK:
        case FUSE_RMDIR:
            remove(to);
            return true;
        case FUSE_LISTXATTR:
            reply(to.header, node::from(to.header.nodeid).of == kind::attributes ? -ERANGE : -EOPNOTSUPP);
            return true;
        case FUSE_STATFS:
            reply_with(to.header, fuse_statfs_out{});
            return true;
        case FUSE_RELEASE:
        case FUSE_RELEASEDIR:
            reply(to.header, 0);
            return true;
        default:
            return false;
    }
}

fuse_attr hostile::status(const node& of, mode_t mode) {
    fuse_attr found = {};
    found.ino = of.id();
    found.mode = mode;
    found.nlink = S_ISDIR(mode) ? 2 : 1;
    found.size = S_ISREG(mode) ? content.size() : 0;
    found.blocks = 8;
    found.mtime = found.atime = found.ctime = 1'000'000'000;
    ++asked_;
    if (of.of == kind::inodes) found.ino = 1'000'000 + asked_;
    if (of.of == kind::times) {
        found.mtime -= 1000 * asked_;
        found.mtimensec = std::numeric_limits<std::uint32_t>::max();
    }
    if (of.of == kind::sizes && of.number != 0) {
        constexpr std::uint64_t sizes[] = {0, std::numeric_limits<std::int64_t>::max(),
                                           std::numeric_limits<std::uint64_t>::max(), 100'000};
        found.size = sizes[of.number - 1];
        found.blocks = std::numeric_limits<std::uint64_t>::max();
    }
    if (of.of == kind::holes && of.number != 0) {
        found.size = 1 << 20;
        found.blocks = 0;
    }
    return found;
}

void hostile::reply_status(const fuse_in_header& to, const node& of) {
    fuse_attr_out out = {};
    out.attr = status(of, mode_of(of));
    reply_with(to, out);
}

void hostile::look_up(const fuse::request& to) {
    const node in = node::from(to.header.nodeid);
    const std::string name = to.name();
    // Of those without end the name says the position.
    const bool has_number = in.of == kind::endless || in.of == kind::circle;
    std::uint64_t index = has_number ? std::strtoull(name.c_str() + 1, nullptr, 10) : 0;
    auto found = entry_at(in, index);
    while (found && found->name != name && !has_number)
        found = entry_at(in, ++index);
    if (!found || removed_.contains({to.header.nodeid, name})) return reply(to.header, -ENOENT);
    const node made = child(in, index);
    fuse_entry_out out = {};
    out.nodeid = made.id();
    out.attr = status(made, in.of == kind::root ? S_IFDIR | 0755 : found->mode);
    reply_with(to.header, out);
}

void hostile::list(const fuse::request& to) {
    const auto how = to.as<fuse_read_in>();
    const node in = node::from(to.header.nodeid);
    if (in.of == kind::hang_listing) return;
    std::vector<char> out;
    std::uint64_t index = how.offset;
    for (auto each = entry_at(in, index); each; each = entry_at(in, index)) {
        const std::size_t size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + each->name.size());
        if (out.size() + size > how.size) break;
        const std::uint64_t next = each->next != 0 ? each->next - 1 : index + 1;
        if (!removed_.contains({to.header.nodeid, each->name})) {
            const fuse_dirent header = {.ino = child(in, index).id(),
                                        .off = next,
                                        .namelen = static_cast<std::uint32_t>(each->name.size()),
                                        .type = each->listed};
            const std::size_t begin = out.size();
            out.resize(begin + size);
            std::memcpy(out.data() + begin, &header, FUSE_NAME_OFFSET);
            std::memcpy(out.data() + begin + FUSE_NAME_OFFSET, each->name.data(), each->name.size());
        }
        index = next;
    }
    reply(to.header, 0, out);
}

void hostile::read(const fuse::request& to) {
    const auto how = to.as<fuse_read_in>();
    if (node::from(to.header.nodeid).of == kind::hang_reading) return;
    const std::uint64_t left = content.size() - std::min<std::uint64_t>(how.offset, content.size());
    reply(to.header, 0, content.substr(content.size() - left).substr(0, how.size));
}

/// SEEK_DATA and SEEK_HOLE.
void hostile::seek(const fuse::request& to) {
    const auto how = to.as<fuse_lseek_in>();
    const bool goes_back = node::from(to.header.nodeid).number == 1;
    fuse_lseek_out out = {};
    if (how.whence == SEEK_HOLE) out.offset = goes_back ? 4 : how.offset;
    reply_with(to.header, out);
}

void hostile::remove(const fuse::request& to) {
    const node in = node::from(to.header.nodeid);
    const bool stays = is_listed_without_end(in.of);
    if (stays && to.header.opcode == FUSE_RMDIR) return reply(to.header, -ENOTEMPTY);
    if (!stays) removed_.emplace(to.header.nodeid, to.name());
    reply(to.header, 0);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    try {
        const fuse::mount mounted("aio_hostile", argv[1]);
        std::puts("mounted");
        std::fflush(stdout);
        hostile(mounted.device()).run(STDIN_FILENO);
    } catch (const std::system_error& thrown) {
        std::fprintf(stderr, "%s\n", thrown.what());
        return 77;
    }
}
