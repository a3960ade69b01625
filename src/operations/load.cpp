// SPDX-License-Identifier: MIT
// load.
#include <aio/composites.hpp>
#include <aio/metadata.hpp>
#include <aio/open_close.hpp>
#include <aio/read_write.hpp>

#include "operations.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace aio {

namespace {

constexpr std::size_t piece_min = 16 << 10;
constexpr std::size_t piece_max = 1 << 20;
constexpr std::size_t believed_max = std::size_t{1}
                                     << 30;  // of the size that stat claims: no file may cost more

/// How much to read next after `had` bytes, of a file that claims `size`: one byte beyond its end where that
/// is near, so that getting less means that the end was met.
std::size_t next_piece(std::size_t had, std::size_t size, std::size_t limit) noexcept {
    const std::size_t expected = had < size ? size - had : std::max(had, piece_min);
    return std::min({expected, piece_max, limit - had}) + 1;
}

// Reads with an offset into buffers of the library's own can be given up, so that a cancelled load ends at
// once also when its disk hangs. What has no offsets is waited for.
task<result<std::string>> load_all(detail::owned_path path, std::size_t limit) {
    auto opened = co_await detail::open(path.target(), O_RDONLY | O_NOCTTY, 0);
    if (!opened) co_return std::unexpected(opened.error());
    auto status = co_await stat(*opened);
    if (!status) co_return std::unexpected(status.error());

    std::string content;
    const auto size = static_cast<std::size_t>(status->size);
    std::optional<std::int64_t> offset;
    if (status->is_regular()) offset = 0;
    for (bool more = true; more;) {
        const std::size_t asked = next_piece(content.size(), size, limit);
        auto piece = co_await read_exactly(*opened, asked, offset);
        if (!piece && offset == 0 && piece.error() == std::errc::invalid_seek) {
            offset.reset();  // some files of the kernel's own have none
            continue;
        }
        if (!piece) co_return std::unexpected(piece.error());
        if (offset) *offset += static_cast<std::int64_t>(piece->size());
        more = piece->size() == asked;
        if (piece->size() > limit - content.size()) co_return error(EFBIG);
        try {
            if (!content.empty())
                content += *piece;
            else
                content = std::move(*piece);
            if (more) content.reserve(std::min({size, limit, believed_max}));
        } catch (const std::exception&) {
            co_return error(ENOMEM);
        }
    }
    // Nothing was written, so that nothing is lost with an error of close.
    static_cast<void>(co_await close(std::move(*opened)));
    co_return content;
}

}  // namespace

task<result<std::string>> load(path_view path, std::size_t limit) {
    try {
        return load_all(detail::owned_path(path), limit);
    } catch (const std::bad_alloc&) {
        return {};  // a task without a frame gives ENOMEM
    }
}

}  // namespace aio
