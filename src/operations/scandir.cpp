// SPDX-License-Identifier: MIT
// scandir.
#include "scandir.hpp"

#include <aio/when.hpp>

#include "operations.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

namespace aio {

namespace detail {

namespace {

/// What the tasks that look at entries share.
struct scan {
    const directory& base;
    const directory_listing& listing;
    std::optional<std::uint64_t> expected;
    scan_result found = {};
    std::vector<std::size_t> candidates = {};  // indexes of what may be directories
    std::size_t next = 0;                      // of these
    bool failed = false;

    [[nodiscard]] bool all_found() const noexcept {
        return expected && found.directories.size() >= *expected;
    }
};

/// Errors of the scan itself: anything else is said of the entry, and makes it no directory.
bool ends_scan(const std::error_code& failed) noexcept {
    return failed == std::errc::operation_canceled || failed == std::errc::timed_out ||
           failed == std::errc::not_enough_memory;
}

/// Whether entry `name` is a directory that can be searched.
task<result<bool>> is_searchable_directory(const directory& base, std::string name, file_type type) {
    const std::string inside = name + "/.";
    auto searched = co_await stat({base, inside});
    if (!searched) {
        if (ends_scan(searched.error())) co_return std::unexpected(searched.error());
        co_return false;
    }
    if (type == file_type::directory) co_return true;
    auto status = co_await lstat({base, name});  // it may be a symbolic link to a directory
    if (!status) {
        if (ends_scan(status.error())) co_return std::unexpected(status.error());
        co_return false;
    }
    co_return status->is_directory();
}

/// Takes one candidate after the other until none is left. Several of these run at once, each with one
/// request.
task<result<>> look_at_candidates(scan& shared) {
    try {
        while (!shared.failed && shared.next < shared.candidates.size()) {
            const directory_entry entry = shared.listing[shared.candidates[shared.next++]];
            std::string name(entry.name);
            result<bool> found = false;
            if (!shared.all_found()) found = co_await is_searchable_directory(shared.base, name, entry.type);
            if (!found) {
                shared.failed = true;
                co_return std::unexpected(found.error());
            }
            (*found ? shared.found.directories : shared.found.others).push_back(std::move(name));
        }
        co_return result<>();
    } catch (const std::bad_alloc&) {
        shared.failed = true;
        co_return error(ENOMEM);
    }
}

/// Puts aside what cannot be a directory.
void find_candidates(scan& shared) {
    for (std::size_t i = 0; i < shared.listing.size(); ++i) {
        const directory_entry entry = shared.listing[i];
        if (entry.type == file_type::directory || entry.type == file_type::unknown)
            shared.candidates.push_back(i);
        else
            shared.found.others.emplace_back(entry.name);
    }
}

bool same_state(const file_status& a, const file_status& b) noexcept {
    return same_file(a, b) && a.links == b.links && a.size == b.size && a.mtime.tv_sec == b.mtime.tv_sec &&
           a.mtime.tv_nsec == b.mtime.tv_nsec;
}

task<result<scan_result>> scan_path(owned_path path, std::size_t max_requests) {
    constexpr readdir_options how = {.directories_first = true, .keep_open = true};
    auto listing = co_await readdir(path.target(), how);
    if (!listing) co_return std::unexpected(listing.error());
    const directory base = std::move(listing->directory());
    std::optional<std::uint64_t> expected;
    if (!listing->types_known()) {
        // The number of links tells how many directories there are, if nobody changes it meanwhile.
        auto before = co_await stat(base);
        if (!before) co_return std::unexpected(before.error());
        listing = co_await aio::readdir(base, {.directories_first = true});
        if (!listing) co_return std::unexpected(listing.error());
        auto after = co_await stat(base);
        if (after) expected = directories_in(*before, *after, std::time(nullptr));
    }
    co_return co_await classify(base, *listing, expected, max_requests);
}

}  // namespace

std::optional<std::uint64_t> directories_in(const file_status& before, const file_status& after,
                                            std::time_t now) noexcept {
    // One or no link: a file system that does not count its directories so.
    if (!same_state(before, after) || after.mtime.tv_sec == now || after.links < 2) return {};
    return after.links - 2;
}

task<result<scan_result>> classify(const directory& base, const directory_listing& listing,
                                   std::optional<std::uint64_t> expected, std::size_t max_requests) {
    constexpr std::size_t usual = 4;
    scan shared{.base = base, .listing = listing, .expected = expected};
    try {
        find_candidates(shared);
        std::vector<task<result<>>> workers;
        const std::size_t n = std::min(max_requests ? max_requests : usual, shared.candidates.size());
        workers.reserve(n);
        for (std::size_t i = 0; i < n; ++i)
            workers.push_back(look_at_candidates(shared));
        auto ended = co_await when_all(std::move(workers));
        for (const result<>& each : ended)
            if (!each) co_return std::unexpected(each.error());
        co_return std::move(shared.found);
    } catch (const std::bad_alloc&) {
        co_return error(ENOMEM);
    }
}

}  // namespace detail

task<result<scan_result>> scandir(path_view path, std::size_t max_requests) {
    try {
        return detail::scan_path(detail::owned_path(path), max_requests);
    } catch (const std::bad_alloc&) {
        return {};  // a task without a frame gives ENOMEM
    }
}

}  // namespace aio
