// SPDX-License-Identifier: MIT
// mkdir, make_directories, rmdir.
#include <aio/directories.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace aio {

namespace detail {

namespace {

result<> mkdir_call(const call& arguments) {
    const target& at = arguments.at;
    return status(attempt([&] { return ::mkdirat(at.fd, c_path(at), arguments.mode); }));
}

/// Makes one directory, or finds it made. Asks only after a failure: another process may be making the same
/// ones.
result<> ensure_directory(int base, const char* path, mode_t mode) noexcept {
    auto made = status(attempt([&] { return ::mkdirat(base, path, mode); }));
    if (made || failed_with(made, ENOENT)) return made;
    // Also for other errors than EEXIST: some file systems say EROFS or EACCES of a directory that is there.
    struct ::stat found = {};
    auto looked = status(attempt([&] { return ::fstatat(base, path, &found, 0); }));
    if (looked && S_ISDIR(found.st_mode)) return {};
    // What is there but cannot be looked at must not pass for something else. Links that lead nowhere are.
    if (failed_with(made, EEXIST) && !looked && !failed_with(looked, ENOENT, ENOTDIR, ELOOP)) return looked;
    return made;
}

result<> make_directories_call(const call& arguments) {
    const target& at = arguments.at;
    auto made = ensure_directory(at.fd, c_path(at), arguments.mode);
    if (!failed_with(made, ENOENT)) return made;

    std::string path(at.path, at.size);
    while (path.ends_with('/'))
        path.pop_back();
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        path[slash] = '\0';
        auto parent = ensure_directory(at.fd, path.c_str(), 0777);
        if (failed_with(parent, EEXIST))
            return error(ENOTDIR);  // what is there is none: as mkdir(2) says of it
        if (!parent) return parent;
        path[slash] = '/';
    }
    return ensure_directory(at.fd, path.c_str(), arguments.mode);
}

result<> rmdir_call(const call& arguments) {
    const target& at = arguments.at;
    return status(attempt([&] { return ::unlinkat(at.fd, c_path(at), AT_REMOVEDIR); }));
}

}  // namespace

const row rows::mkdir = {
    .name = "mkdir", .run = run<&mkdir_call>, .errors = errors::adding, .at_stake = stake::effect};
const row rows::make_directories = {.name = "make_directories",
                                    .run = run<&make_directories_call>,
                                    .errors = errors::adding,
                                    .at_stake = stake::effect};
const row rows::rmdir = {
    .name = "rmdir", .run = run<&rmdir_call>, .errors = errors::removing, .at_stake = stake::effect};

}  // namespace detail

operation<> mkdir(path_view path, mode_t mode) {
    auto arguments = detail::on(path.target());
    arguments.mode = mode;
    return {detail::rows::mkdir, arguments};
}

operation<> make_directories(path_view path, mode_t mode) {
    auto arguments = detail::on(path.target());
    arguments.mode = mode;
    return {detail::rows::make_directories, arguments};
}

operation<> rmdir(path_view path) {
    return {detail::rows::rmdir, detail::on(path.target())};
}

}  // namespace aio
