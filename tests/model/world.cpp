// SPDX-License-Identifier: MIT
#include "model/world.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <system_error>

namespace aio::test {

namespace {

/// A tree with something in it.
std::string make_root(const std::string& directory, const char* name) {
    namespace fs = std::filesystem;
    std::string root = directory + '/' + name;
    fs::create_directories(root + "/a/b");
    std::ofstream(root + "/c") << "some text";
    std::ofstream(root + "/a/c") << std::string(10'000, 'x');
    fs::create_symlink("a/b", root + "/d");
    fs::create_hard_link(root + "/c", root + "/a/b/c");
    return root;
}

std::string in_quotes(std::string_view text, std::size_t most = 40) {
    std::string shown = "\"";
    for (const char c : text.substr(0, most))
        if (c >= ' ' && c < 127)
            shown += c;
        else
            shown += "\\" + std::to_string(static_cast<unsigned char>(c));
    if (text.size() > most) shown += "… " + std::to_string(text.size());
    return shown + '"';
}

std::string shown(const answer& what, std::size_t most = 40) {
    if (!what.error) return in_quotes(what.value, most);
    const std::string value = what.value.empty() ? "" : ' ' + in_quotes(what.value, most);
    return ::strerrorname_np(what.error) + value;
}

std::string shown(const path_operand& of) {
    switch (of.below) {
        case path_operand::base::absolute:
            return "/…/" + in_quotes(of.name);
        case path_operand::base::working_directory:
            return in_quotes(of.name);
        case path_operand::base::root:
            return "{root, " + in_quotes(of.name) + '}';
        default:
            return "{#" + std::to_string(of.slot) + ", " + in_quotes(of.name) + '}';
    }
}

}  // namespace

const std::vector<step>& all_steps() {
    static const std::vector<step> all = [] {
        std::vector<step> made;
        for (const auto& some : {path_steps(), file_steps(), tree_steps(), copy_steps()})
            made.insert(made.end(), some.begin(), some.end());
        return made;
    }();
    return all;
}

world::world(context& io, std::span<const std::uint8_t> bytes, const std::string& directory)
    : bytes_(bytes),
      old_directory_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      library_(io, make_root(directory, "library")),
      posix_(make_root(directory, "control")) {
    auto open = [](const std::string& root, const char* name, int flags) {
        return ::open((root + name).c_str(), flags | O_CLOEXEC);
    };
    library_.files[0] = file(open(library_.root(), "/c", O_RDWR));
    posix_.files[0] = open(posix_.root(), "/c", O_RDWR);
    library_.files[1] = file(open(library_.root(), "/a/c", O_RDWR));
    posix_.files[1] = open(posix_.root(), "/a/c", O_RDWR);
    library_.directories[0] = aio::directory(open(library_.root(), "/a", O_RDONLY | O_DIRECTORY));
    posix_.directories[0] = open(posix_.root(), "/a", O_RDONLY | O_DIRECTORY);
}

world::~world() {
    enter(old_directory_);
    ::close(old_directory_);
}

void world::enter(int directory) {
    if (::fchdir(directory) != 0) throw std::system_error(errno, std::system_category(), "fchdir");
}

void world::play() {
    constexpr std::size_t snapshot_interval = 16;
    while (!bytes_.empty() && difference_.empty()) {
        step();
        if (steps_ % snapshot_interval == 0) compare_snapshots();
    }
    if (difference_.empty()) compare_snapshots();
}

void world::step() {
    const auto& chosen = all_steps()[bytes_.below(all_steps().size())];
    library_.begin_step(bytes_.one_of(all_ways));
    line_ = std::string(chosen.name) + " by " + name_of(library_.way_now) + ':';
    ++steps_;
    chosen.make(*this);
}

void world::finish_step(const answer& got, const answer& expected) {
    transcript_ += line_ + " = " + shown(got) + '\n';
    constexpr std::size_t most = 4000;
    if (got != expected)
        differs("whole: " + shown(got, most) + "\nbut plain calls give " + shown(expected, most));
}

void world::compare_snapshots() {
    const std::vector<std::string> got = snapshot(library_root_fd());
    const std::vector<std::string> expected = snapshot(posix_.root_fd());
    if (got == expected) return;
    std::string difference = "and then the trees differ:";
    auto list = [&](const auto& some, const auto& others, const char* sign) {
        for (const std::string& line : some)
            if (std::ranges::find(others, line) == others.end()) difference += sign + line;
    };
    list(got, expected, "\n  library: ");
    list(expected, got, "\n  control: ");
    differs(difference);
}

/// With the last steps; all of them are in the transcript.
void world::differs(const std::string& how) {
    if (!difference_.empty()) {
        difference_ += how + '\n';
        return;
    }
    constexpr int steps_shown = 20;
    std::size_t from = transcript_.size();
    for (int i = 0; i <= steps_shown && from != std::string::npos && from > 0; ++i)
        from = transcript_.rfind('\n', from - 1);
    difference_ = transcript_.substr(from == std::string::npos ? 0 : from) + how + '\n';
}

// A few names, so that they meet; and now and then what no name should be.
std::string world::draw_name() {
    static const char* const common[] = {"a", "b", "c", "d"};
    if (!bytes_.once_in(8)) return bytes_.one_of(common);
    static const std::string odd[] = {
        "..",  ".",     std::string(255, 'n'), std::string(256, 'n'), "\xff\n\x01 *", std::string("a\0b", 3),
        "...", "XXXXXX"};
    return bytes_.one_of(odd);
}

std::string world::draw_link_text() {
    if (bytes_.once_in(32)) {
        static const std::string odd[] = {"", std::string(4095, 'a'), std::string(4096, 'a'),
                                          std::string(70'000, '.')};
        return bytes_.one_of(odd);
    }
    std::string path = draw_name();
    while (bytes_.once_in(3))
        path += '/' + draw_name();
    static const char* const ends[] = {"", "", "", "", "", "/", "/.", "/.."};
    return path + bytes_.one_of(ends);
}

path_operand world::draw_path() {
    path_operand drawn;
    static constexpr path_operand::base bases[] = {path_operand::base::root, path_operand::base::absolute,
                                                   path_operand::base::working_directory,
                                                   path_operand::base::slot};
    drawn.below = bytes_.one_of(bases);
    if (drawn.below == path_operand::base::slot) drawn.slot = bytes_.below(directory_slots);
    drawn.name = draw_link_text();
    if (!posix_.stays_inside(drawn)) drawn = {};
    note(shown(drawn));
    return drawn;
}

path_operand world::draw_path_down() {
    path_operand drawn = draw_path();
    if (drawn.name.find("..") != std::string::npos) drawn.name = "a";
    return drawn;
}

file_operand world::draw_file() {
    using enum file_operand::kind;
    static constexpr file_operand::kind kinds[] = {file, file,        file_number, file,
                                                   file, file_number, directory,   none};
    file_operand drawn{bytes_.one_of(kinds), bytes_.below(file_slots)};
    static const char* const names[] = {"file #", "fd #", "directory #", "no file #"};
    note(names[static_cast<std::size_t>(drawn.is)] + std::to_string(drawn.slot));
    return drawn;
}

std::int64_t world::draw_offset() {
    constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
    static constexpr std::int64_t choices[] = {
        0,  1,  7,    100,         4095, 4096, 4097, 8192, 65535,     65'536, 1'000'000, 10,
        -1, -5, last, last - 4096, 3,    5000, 300,  50,   -last - 1, 20'000, 200,       2};
    return draw(choices);
}

std::optional<std::int64_t> world::draw_optional_offset() {
    if (bytes_.below(2)) return draw_offset();
    return {};
}

std::size_t world::draw_size() {
    static constexpr std::size_t choices[] = {0, 1, 2, 3, 7, 10, 100, 1000, 4095, 4096, 4097, 20'000, 70'000};
    return draw(choices);
}

std::string world::draw_data() {
    std::string data(draw_size(), '\0');
    std::uint8_t byte = static_cast<std::uint8_t>(bytes_.below(256));
    for (char& each : data)
        each = static_cast<char>(byte++ | 1);  // not 0: that would be a hole
    return data;
}

mode_t world::draw_mode() {
    static constexpr mode_t choices[] = {0777, 0666, 0700, 0644, 0755, 01777, 04711, 02770, 06777};
    mode_t drawn = bytes_.one_of(choices) | 0700;  // what locks its owner out would lock the model out
    char text[16];
    std::snprintf(text, sizeof text, "%04o", drawn);
    note(text);
    return drawn;
}

}  // namespace aio::test
