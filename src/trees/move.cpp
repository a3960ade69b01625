// SPDX-License-Identifier: MIT
// move.
#include "copying.hpp"
#include "durable.hpp"
#include "removal.hpp"
#include "run.hpp"
#include "temporary_name.hpp"

#include <aio/call.hpp>
#include <aio/names.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace aio {

namespace detail {

namespace {

/// What a move is about. Shared with the calls that it makes: a deadline may leave one behind.
struct moving {
    owned_path from;
    owned_path to;
    copy_options how;
    std::shared_ptr<manifest> copied = std::make_shared<manifest>();
    directory base = {};  // the destination's
    std::string name = {};
    bool must_be_directory = false;  // the destination ends with a slash
    std::string temporary = {};
};

result<> rename_at_once(const moving& what) {
    const target from = what.from.target();
    const target to = what.to.target();
    if (const int wrong = from.error ? from.error : to.error) return error(wrong);
    // The way to the new name may lead through the old one, which is gone then.
    const auto operand = what.how.durable ? open_operand(to) : tree_operand{};
    const result<> made = rename_to(from, to, what.how.existing != on_existing::fail);
    if (!made) return made;
    if (!operand) return std::unexpected(operand.error());
    return what.how.durable ? sync_directory(operand->base.get()) : result<>();
}

/// What rename does not take for a source is none between file systems either: it is known before anything is
/// copied.
result<> check_source(const moving& what) {
    const auto operand = open_operand(what.from.target());
    if (!operand) return std::unexpected(operand.error());
    if (operand->is_nameless) return error(EBUSY);
    if (!operand->must_be_directory && !what.must_be_directory) return {};
    const auto found = status_at(operand->base.get(), operand->name.c_str());
    if (!found) return std::unexpected(found.error());
    return found->is_directory() ? result<>() : error(ENOTDIR);  // also a link to one
}

result<> open_destination(moving& what) {
    auto operand = open_operand(what.to.target());
    if (!operand) return std::unexpected(operand.error());
    if (operand->is_nameless) return error(EBUSY);
    what.base = directory(operand->base.release());
    what.name = operand->name;
    what.must_be_directory = operand->must_be_directory;
    what.temporary = temporary_name();
    return {};
}

result<> put_in_place(const moving& what) {
    const result<> named = give_name(what.base.fd(), what.temporary.c_str(), what.name.c_str(),
                                     what.how.existing != on_existing::fail);
    return named && what.how.durable ? sync_directory(what.base.fd()) : named;
}

/// Removes a source that is no directory, if it still is what was copied. EISDIR if it is one.
result<> remove_source(const moving& what) {
    const auto operand = open_operand(what.from.target());
    if (!operand) return std::unexpected(operand.error());
    const auto found = status_at(operand->base.get(), operand->name.c_str());
    if (!found) return std::unexpected(found.error());
    if (found->is_directory()) return error(EISDIR);
    if (!what.copied->has(*found)) return error(ESTALE);
    const auto removed = attempt([&] { return ::unlinkat(operand->base.get(), operand->name.c_str(), 0); });
    if (!removed) return std::unexpected(removed.error());
    return {};
}

tree_result failed(const moving& what, const char* operation, const std::error_code& reason) {
    tree_result result;
    result.failed = 1;
    result.failures.push_back({.operation = operation, .path = what.from.target().path, .reason = reason});
    return result;
}

/// The same for the user's function.
tree_result reported(const moving& what, const char* operation, const std::error_code& reason) {
    tree_result result = failed(what, operation, reason);
    if (what.how.tree.failed) static_cast<void>(what.how.tree.failed(result.failures.front()));
    return result;
}

/// What the copy is called while it is made, as its directory is called by the user.
std::string temporary_path(const moving& what) {
    std::string_view path = what.to.target().path;
    while (path.ends_with('/'))
        path.remove_suffix(1);
    return std::string(path.substr(0, path.rfind('/') + 1)) + what.temporary;
}

/// Takes a copy that is not wanted away. What stays of it is one more failure.
task<> discard(std::shared_ptr<moving> what, tree_result& failed) {
    const path_view copy(what->base, what->temporary);
    const auto unlinked = co_await unlink(copy).with({.shielded = true});
    std::error_code reason = unlinked ? std::error_code() : unlinked.error();
    if (reason == std::errc::is_a_directory) {
        tree_result removed = co_await rmtree(copy).with({.shielded = true});
        if (!removed) {  // its directories may have permissions by now that keep us out
            static_cast<void>(co_await chmod_tree(copy, 0700, keep_mode).with({.shielded = true}));
            removed = co_await rmtree(copy).with({.shielded = true});
        }
        reason = removed.error();
    }
    if (!reason || reason == std::errc::no_such_file_or_directory) co_return;
    tree_failure left{.operation = "remove", .path = temporary_path(*what), .reason = reason};
    if (what->how.tree.failed) static_cast<void>(what->how.tree.failed(left));
    ++failed.failed;
    if (failed.failures.size() < tree_result::failures_max) failed.failures.push_back(std::move(left));
}

task<tree_result> move_between(std::shared_ptr<moving> what) {
    auto open = [what] {
        const result<> opened = open_destination(*what);
        return opened ? check_source(*what) : opened;
    };
    const auto opened = co_await aio::call(std::move(open));
    if (!opened) co_return reported(*what, "open", opened.error());
    copy_options how = what->how;
    how.keep = preserve::all;
    how.follow = follow_links::never;
    how.existing = on_existing::fail;
    how.overwrite = {};
    const path_view copy(what->base, what->temporary);
    copying::later called{.path = what->to.target().path, .name = what->name};
    tree_result copied = co_await run_traversal(
        std::make_shared<copying>(what->from, owned_path(copy), how, true, what->copied, std::move(called)));
    if (!copied) {
        co_await discard(what, copied);
        co_return copied;
    }
    what->copied->finish();
    auto place = [what] { return put_in_place(*what); };
    const auto placed = co_await aio::call(std::move(place));
    if (!placed) {
        tree_result refused = reported(*what, "rename", placed.error());
        co_await discard(what, refused);
        co_return refused;
    }
    auto remove = [what] { return remove_source(*what); };
    const auto removed = co_await aio::call(std::move(remove));
    if (removed) co_return copied;
    if (removed.error() != std::errc::is_a_directory) co_return reported(*what, "unlink", removed.error());
    rmtree_options all;
    all.tree.limit = how.tree.limit;
    all.tree.failed = how.tree.failed;
    tree_result gone = co_await run_traversal(std::make_shared<removal>(what->from, all, what->copied));
    gone.directories = copied.directories;
    gone.others = copied.others;
    gone.bytes = copied.bytes;
    co_return gone;
}

task<tree_result> move_anything(std::shared_ptr<moving> what) {
    tree_result failed;
    try {
        auto rename = [what] { return rename_at_once(*what); };
        const auto renamed = co_await aio::call(std::move(rename));
        if (!renamed && renamed.error() == std::errc::cross_device_link)
            co_return co_await move_between(what);
        if (!renamed) co_return reported(*what, "rename", renamed.error());
        tree_result moved;
        moved.others = 1;
        co_return moved;
    } catch (const std::bad_alloc&) {
        failed = error(std::errc::not_enough_memory);
    }
    try {
        if (what->base) co_await discard(what, failed);
    } catch (const std::bad_alloc&) {
        // The copy stays.
    }
    co_return failed;
}

}  // namespace

}  // namespace detail

task<tree_result> move(path_view from, path_view to, copy_options how) {
    try {
        return detail::move_anything(std::make_shared<detail::moving>(
            detail::moving{.from = detail::owned_path(from), .to = detail::owned_path(to), .how = how}));
    } catch (const std::bad_alloc&) {
        return {};  // a task without a frame gives ENOMEM
    }
}

}  // namespace aio
