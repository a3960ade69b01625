// SPDX-License-Identifier: MIT
// aio sync: writes files and directories to the disk.
#include <aio/composites.hpp>
#include <aio/context.hpp>
#include <aio/group.hpp>

#include "arguments.hpp"
#include "command.hpp"
#include "interrupt.hpp"
#include "report.hpp"

namespace tool {

namespace {

constexpr std::size_t syncs_at_once = 16;  // each has a file open

}  // namespace

int sync(std::span<char*> given) {
    std::vector<std::string> paths;
    arguments options(
        "sync", "Writes each PATH to the disk (fsync):\nof a file its content, of a directory its names.");
    options.operands("PATH", paths, 1, "files and directories");
    if (auto status = options.parse(given)) return *status;

    report errors("sync");
    aio::context io;
    std::size_t next = 0;
    aio::group all(io, {.limit = syncs_at_once});
    all.feed([&](aio::group& members) {
        if (next == paths.size()) return;
        const std::string& path = paths[next++];
        members.add(aio::pathsync(path), [&](const aio::result<>& synced) {
            if (!synced) errors.error("sync", path, synced.error());
        });
    });
    while (!all.done()) {
        end_if_interrupted();
        io.wait(aio::deadline(longest_wait));
        io.poll();
    }
    return errors.status();
}

}  // namespace tool
