// SPDX-License-Identifier: MIT
// link, symlink, readlink, unlink, mknod.
#include <aio/names.hpp>

#include "arguments.hpp"
#include "rows.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>

namespace aio {

namespace detail {

namespace {

result<> link_call(const call& arguments) {
    const target& from = arguments.at;
    const target& to = arguments.to;
    return status(
        attempt([&] { return ::linkat(from.fd, c_path(from), to.fd, c_path(to), arguments.flags); }));
}

result<> symlink_call(const call& arguments) {
    const target& text = arguments.at;
    const target& at = arguments.to;
    return status(attempt([&] { return ::symlinkat(c_path(text), at.fd, c_path(at)); }));
}

result<std::string> readlink_call(const call& arguments) {
    const target& at = arguments.at;
    std::array<char, PATH_MAX + 1> text;
    auto size = count(attempt([&] { return ::readlinkat(at.fd, c_path(at), text.data(), text.size()); }));
    if (!size) return std::unexpected(size.error());
    if (*size == text.size()) return error(ENAMETOOLONG);  // perhaps cut
    return std::string(text.data(), *size);
}

result<> unlink_call(const call& arguments) {
    const target& at = arguments.at;
    return status(attempt([&] { return ::unlinkat(at.fd, c_path(at), 0); }));
}

result<> mknod_call(const call& arguments) {
    const target& at = arguments.at;
    return status(attempt([&] { return ::mknodat(at.fd, c_path(at), arguments.mode, arguments.data.size); }));
}

}  // namespace

const row rows::link = {
    .name = "link", .run = run<&link_call>, .errors = errors::adding, .at_stake = stake::effect};
const row rows::symlink = {
    .name = "symlink", .run = run<&symlink_call>, .errors = errors::adding, .at_stake = stake::effect};
const row rows::readlink = {.name = "readlink", .run = run<&readlink_call>, .errors = errors::looking_up};
const row rows::unlink = {
    .name = "unlink", .run = run<&unlink_call>, .errors = errors::removing, .at_stake = stake::effect};
const row rows::mknod = {
    .name = "mknod", .run = run<&mknod_call>, .errors = errors::adding, .at_stake = stake::effect};

}  // namespace detail

operation<> link(path_view old_path, path_view new_path, int flags) {
    auto arguments = detail::on(old_path.target(), new_path.target());
    arguments.flags = flags;
    return {detail::rows::link, arguments};
}

operation<> symlink(path_view text, path_view path) {
    auto arguments = detail::on(text.target(), path.target());
    detail::require(arguments, text.target().fd == detail::at_cwd);
    return {detail::rows::symlink, arguments};
}

operation<std::string> readlink(path_view path) {
    return {detail::rows::readlink, detail::on(path.target())};
}

operation<> unlink(path_view path) {
    return {detail::rows::unlink, detail::on(path.target())};
}

operation<> mknod(path_view path, mode_t mode, dev_t device) {
    auto arguments = detail::on(path.target());
    arguments.mode = mode;
    arguments.data.size = device;
    return {detail::rows::mknod, arguments};
}

}  // namespace aio
