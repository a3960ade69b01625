// SPDX-License-Identifier: MIT
// store, append: whole pieces of content, each by one call.
#include "durable.hpp"
#include "linux_metadata.hpp"
#include "operand.hpp"
#include "operations/operations.hpp"
#include "temporary_name.hpp"

#include <aio/call.hpp>
#include <aio/copying.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aio {

namespace detail {

namespace {

/// What is to be written. Shared with the call: a deadline may leave it behind.
template <class Options>
struct writing {
    owned_path path;
    std::string content;
    Options how;
};

result<> write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const auto written = attempt([&] { return ::write(fd, content.data(), content.size()); });
        if (!written) return std::unexpected(written.error());
        if (*written == 0) return error(EIO);  // else it goes on for ever
        content.remove_prefix(static_cast<std::size_t>(*written));
    }
    return {};
}

/// Whether a file is not to be looked into: it may not be read, now (a lease) or ever, or is no file any
/// more.
bool is_barred(const std::error_code& why) {
    return why == std::errc::permission_denied || why == std::errc::operation_not_permitted ||
           why == std::errc::no_such_file_or_directory || why == std::errc::too_many_symbolic_link_levels ||
           why == std::errc::no_such_device_or_address || why == std::errc::resource_unavailable_try_again ||
           why.value() == ESTALE;
}

/// Gives it the permissions of the file that it replaces, and its owner if that may be.
result<> hand_on(int base, const char* name, int to, const file_status& replaced) {
    const auto old =
        attempt([&] { return ::openat(base, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); });
    if (!old && !is_barred(old.error())) return std::unexpected(old.error());
    const unique_fd old_file(old.value_or(-1));
    if (old && take_over(*old, to, replaced)) return {};
    return take_over_permissions(old_file.get(), to, replaced);
}

result<> store_file(const writing<store_options>& what) {
    const auto operand = open_operand(what.path.target());
    if (!operand) return std::unexpected(operand.error());
    if (operand->is_nameless || operand->must_be_directory) return error(EISDIR);
    const int base = operand->base.get();
    const char* name = operand->name.c_str();
    const auto there = status_at(base, name);
    const bool is_new = !there && there.error() == std::errc::no_such_file_or_directory;
    if (!there && !is_new) return std::unexpected(there.error());
    if (there && there->is_directory()) return error(EISDIR);
    const bool replace = what.how.existing != on_existing::fail;
    if (there && !replace) return error(EEXIST);
    const bool hands_on = there && there->is_regular();
    auto made = make_temporary([&](const char* temporary) {
        return attempt([&] {
            return ::openat(base, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                            hands_on ? 0600U : what.how.mode);
        });
    });
    if (!made) return std::unexpected(made.error());
    unique_fd file(made->first);
    temporary_entry temporary(base, std::move(made->second));
    result<> done = write_all(file.get(), what.content);
    if (done && hands_on) done = hand_on(base, name, file.get(), *there);
    if (done && what.how.durable) done = sync_file(file.get());
    if (done) done = file.close();
    if (done) done = give_name(base, temporary.name(), name, replace);
    if (!done) return done;
    temporary.keep();
    return what.how.durable ? sync_directory(base) : done;
}

/// A file to be appended to, and whether it is new.
struct end_of_file {
    unique_fd file;
    bool is_new = false;
};

result<end_of_file> open_end(const target& at, mode_t mode) {
    const auto open = [&](int flags) {
        return attempt([&] {
            return ::openat(at.fd, at.path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC | flags, mode);
        });
    };
    auto fd = open(0);
    const bool is_missing = !fd && fd.error() == std::errc::no_such_file_or_directory;
    if (is_missing) fd = open(O_CREAT | O_EXCL);
    const bool is_new = is_missing && fd;
    if (!fd) fd = open(O_CREAT);  // a link that leads nowhere yet, or an error as it should be
    if (!fd) return std::unexpected(fd.error());
    return end_of_file{.file = unique_fd(*fd), .is_new = is_new};
}

result<> append_to_file(const writing<append_options>& what) {
    const target path = what.path.target();
    if (path.error) return error(path.error);
    auto end = open_end(path, what.how.mode);
    if (!end) return std::unexpected(end.error());
    result<> done = write_all(end->file.get(), what.content);
    if (done && what.how.durable) done = sync_file(end->file.get());
    const result<> closed = end->file.close();
    if (done) done = closed;
    if (!done || !what.how.durable || !end->is_new) return done;
    const auto operand = open_operand(path);
    if (!operand) return std::unexpected(operand.error());
    return sync_directory(operand->base.get());
}

template <auto Function, class Options>
task<result<>> write_by_call(std::shared_ptr<writing<Options>> what) {
    auto write = [what] { return Function(*what); };
    auto made = co_await aio::call(std::move(write));
    co_return made;
}

template <auto Function, class Options>
task<result<>> write_task(path_view path, std::string&& content, const Options& how) {
    try {
        return write_by_call<Function>(std::make_shared<writing<Options>>(
            writing<Options>{.path = owned_path(path), .content = std::move(content), .how = how}));
    } catch (const std::bad_alloc&) {
        return {};  // a task without a frame gives ENOMEM
    }
}

}  // namespace

}  // namespace detail

task<result<>> store(path_view path, std::string content, store_options how) {
    return detail::write_task<&detail::store_file>(path, std::move(content), how);
}

task<result<>> append(path_view path, std::string content, append_options how) {
    return detail::write_task<&detail::append_to_file>(path, std::move(content), how);
}

}  // namespace aio
