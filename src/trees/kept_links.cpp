// SPDX-License-Identifier: MIT
#include "kept_links.hpp"

#include "system_call.hpp"

#include <fcntl.h>

namespace aio::detail {

kept_links::key kept_links::key_of(const file_status& file) noexcept {
    const timespec& since = file.has_btime() ? file.btime : file.mtime;
    return {file.device, file.inode, since.tv_sec, since.tv_nsec};
}

std::optional<kept_links::place> kept_links::find(const file_status& source, bool by_name) {
    const key which = key_of(source);
    std::unique_lock lock(mutex_);
    for (;;) {
        if (source.links <= 1 && !copies_.contains(which)) return std::nullopt;
        const auto [found, is_first] = copies_.try_emplace(which);
        if (is_first) {
            found->second.left = source.links;
            return std::nullopt;
        }
        if (found->second.is_made) {
            place at = found->second.at;
            if (by_name && --found->second.left <= 1) copies_.erase(found);
            return at;
        }
        changed_.wait(lock);
    }
}

void kept_links::made(const file_status& source, place at) {
    const std::lock_guard lock(mutex_);
    copy& of = copies_[key_of(source)];
    of.is_made = true;
    of.at = std::move(at);
    changed_.notify_all();
}

void kept_links::failed(const file_status& source) {
    const std::lock_guard lock(mutex_);
    copies_.erase(key_of(source));
    changed_.notify_all();
}

result<std::shared_ptr<const unique_fd>> kept_links::base(int directory) {
    const auto status = status_at(directory, "");
    if (!status) return std::unexpected(status.error());
    const std::lock_guard lock(mutex_);
    auto& known = bases_[{status->device, status->inode, mount_of(*status, directory)}];
    if (auto shared = known.lock()) return shared;
    const auto own = attempt([&] { return ::fcntl(directory, F_DUPFD_CLOEXEC, 0); });
    if (!own) return std::unexpected(own.error());
    auto made = std::make_shared<const unique_fd>(*own);
    known = made;
    return made;
}

}  // namespace aio::detail
