// SPDX-License-Identifier: MIT
// move.
#include "copying.hpp"
#include "durable.hpp"
#include "removal.hpp"
#include "run.hpp"
#include "temporary_name.hpp"

#include <aio/call.hpp>
#include <aio/metadata.hpp>
#include <aio/names.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <exception>

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

/// What rename does not take is not moved between file systems either: it is known before anything is copied.
result<> check_names(const moving& what) {
    const auto operand = open_operand(what.from.target());
    if (!operand) return std::unexpected(operand.error());
    if (operand->is_nameless) return error(EBUSY);
    const auto source = status_at(operand->base.get(), operand->name.c_str());
    if (!source) return std::unexpected(source.error());
    const bool must_be_directory = operand->must_be_directory || what.must_be_directory;
    if (must_be_directory && !source->is_directory()) return error(ENOTDIR);  // also a link to one
    const auto there = status_at(what.base.fd(), what.name.c_str());
    if (!there) return {};  // or it will be known later
    if (what.how.existing == on_existing::fail) return error(EEXIST);
    if (same_file(*source, *there)) return error(EINVAL);  // by way of another mount
    if (source->is_directory() != there->is_directory())
        return error(source->is_directory() ? ENOTDIR : EISDIR);
    if (!there->is_directory()) return {};
    const auto opened = open_place_at(what.base.fd(), what.name.c_str());
    return !opened || is_empty(*opened) ? result<>() : error(ENOTEMPTY);
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

/// One more failure, of which the user's function is told.
void note(const moving& what, tree_result& so_far, tree_failure failure) {
    if (what.how.tree.failed) static_cast<void>(what.how.tree.failed(failure));
    ++so_far.failed;
    if (so_far.failures.size() < tree_result::failures_max) so_far.failures.push_back(std::move(failure));
}

tree_result failed(const moving& what, const char* operation, const std::error_code& reason,
                   tree_result so_far = {}) {
    note(what, so_far, {.operation = operation, .path = what.from.target().path, .reason = reason});
    return so_far;
}

/// What the copy is called while it is made, as its directory is called by the user.
std::string temporary_path(const moving& what) {
    std::string_view path = what.to.target().path;
    while (path.ends_with('/'))
        path.remove_suffix(1);
    return std::string(path.substr(0, path.rfind('/') + 1)) + what.temporary;
}

/// Takes a copy that is not wanted away. What stays of it is one more failure.
task<> discard(std::shared_ptr<moving> what, tree_result& so_far) {
    const path_view copy(what->base, what->temporary);
    const auto there = co_await lstat(copy).with({.shielded = true});
    if (!there && there.error() == std::errc::no_such_file_or_directory) co_return;
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
    note(*what, so_far, {.operation = "remove", .path = temporary_path(*what), .reason = reason});
}

task<tree_result> move_between(std::shared_ptr<moving> what) {
    auto open = [what] { return open_destination(*what); };
    const auto opened = co_await aio::call(std::move(open));
    if (!opened) co_return failed(*what, "open", opened.error());
    auto check = [what] { return check_names(*what); };
    const auto checked = co_await aio::call(std::move(check));
    if (!checked) co_return failed(*what, "rename", checked.error());
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
        tree_result refused = failed(*what, "rename", placed.error());
        co_await discard(what, refused);
        co_return refused;
    }
    auto remove = [what] { return remove_source(*what); };
    const auto removed = co_await aio::call(std::move(remove));
    if (removed) co_return copied;
    if (removed.error() != std::errc::is_a_directory)
        co_return failed(*what, "unlink", removed.error(), std::move(copied));
    rmtree_options all;
    all.tree = how.tree;
    all.tree.progress = {};  // it would begin anew
    tree_result gone = co_await run_traversal(std::make_shared<removal>(what->from, all, what->copied));
    gone.directories = copied.directories;
    gone.others = copied.others;
    gone.bytes = copied.bytes;
    co_return gone;
}

task<tree_result> move_anything(std::shared_ptr<moving> what) {
    tree_result lost;
    std::exception_ptr thrown;  // by a function of the user's
    try {
        auto rename = [what] { return rename_at_once(*what); };
        const auto renamed = co_await aio::call(std::move(rename));
        if (!renamed && renamed.error() == std::errc::cross_device_link)
            co_return co_await move_between(what);
        if (!renamed) co_return failed(*what, "rename", renamed.error());
        tree_result moved;
        moved.others = 1;
        co_return moved;
    } catch (const std::bad_alloc&) {
        lost = error(std::errc::not_enough_memory);
    } catch (...) {
        thrown = std::current_exception();
    }
    try {
        if (what->base) co_await discard(what, lost);
    } catch (...) {
        // The copy stays.
    }
    if (thrown) std::rethrow_exception(thrown);
    co_return lost;
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
