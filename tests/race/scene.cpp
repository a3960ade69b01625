// SPDX-License-Identifier: MIT
#include "scene.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace race {

namespace {

constexpr const char* names[] = {"a/f", "a/b/g", "a/b/c/h", "d/i", "j"};

std::string text_of(const char* name) {
    return std::string("text of ") + name;
}

void write(const fs::path& file, const std::string& text) {
    std::ofstream(file) << text;
}

std::string read(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Calls `see` with everything below, links not followed; what goes away meanwhile is left out.
template <class See>
void for_each(const fs::path& top, See&& see) {
    std::error_code ignored;
    const auto how = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator each(top, how, ignored), end; !ignored && each != end;
         each.increment(ignored))
        see(*each);
}

void detach_mounts(const fs::path& below) {
    std::ifstream mounts("/proc/self/mountinfo");
    std::vector<std::string> found;
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream words(line);
        std::string word, point;
        words >> word >> word >> word >> word >> point;
        if (point.starts_with(below.string() + "/")) found.push_back(point);
    }
    for (auto each = found.rbegin(); each != found.rend(); ++each)
        ::umount2(each->c_str(), MNT_DETACH);
}

}  // namespace

scene::scene(fs::path on_here, fs::path on_there)
    : here(std::move(on_here)),
      there(std::move(on_there)),
      tree(here / "tree"),
      copy(there / "copy"),
      outside(here / "outside"),
      limbo(here / "limbo") {}

void scene::reset() {
    for (const fs::path& each : {here, there}) {
        detach_mounts(each);
        for (const auto& entry : fs::directory_iterator(each))
            fs::remove_all(entry);
    }
    fs::create_directories(tree / "a/b/c");
    fs::create_directories(tree / "d");
    for (const char* name : names)
        write(tree / name, text_of(name));
    fs::create_hard_link(tree / "j", tree / "d/k");
    fs::create_symlink("../j", tree / "a/link");
    fs::create_directories(outside / "sub");
    write(outside / "kept", secret);
    write(outside / "sub/kept", secret);
    ::chmod((outside / "kept").c_str(), 0600);
    fs::create_directory(limbo);
    fs::create_directory(limbo / "there");
    before_ = snapshot();
}

void scene::make_copy() const {
    fs::copy(tree, copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    for (const char* name : names)
        write(copy / name, "older");
}

std::string scene::snapshot() const {
    std::vector<std::string> lines;
    for_each(outside, [&](const fs::directory_entry& each) {
        struct stat found = {};
        ::lstat(each.path().c_str(), &found);
        std::ostringstream line;
        line << each.path() << ' ' << found.st_mode << ' ' << found.st_uid << ' ' << found.st_gid << ' '
             << found.st_size << ' ' << found.st_mtim.tv_sec << '.' << found.st_mtim.tv_nsec;
        if (S_ISREG(found.st_mode)) line << ' ' << read(each.path());
        lines.push_back(line.str());
    });
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const std::string& line : lines)
        all += line + '\n';
    return all;
}

std::string scene::damage(bool may_have_data) const {
    detach_mounts(here);
    detach_mounts(there);
    if (snapshot() != before_) return "what is outside was changed:\n" + snapshot();
    std::string wrong;
    for_each(there, [&](const fs::directory_entry& each) {
        std::error_code ignored;
        if (each.is_symlink(ignored) || !each.is_regular_file(ignored)) return;
        if (!may_have_data && read(each.path()) == secret)
            wrong = "data from outside: " + each.path().string();
        if (each.path().filename().string().starts_with(".aio-"))
            wrong = "a temporary file: " + each.path().string();
    });
    return wrong;
}

std::string scene::lost() const {
    std::string all;
    for (const fs::path& top : {here, there})
        for_each(top, [&all](const fs::directory_entry& each) {
            std::error_code gone;
            if (!each.is_symlink(gone) && each.is_regular_file(gone)) all += read(each.path()) + '\n';
        });
    for (const char* name : names)
        if (!all.contains(text_of(name) + '\n')) return "lost: " + text_of(name);
    return {};
}

}  // namespace race
