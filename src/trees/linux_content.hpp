// SPDX-License-Identifier: MIT
// Copying what is in a file: by sharing blocks, in the kernel, or by reading and writing; holes stay holes.
// FICLONE and copy_file_range are Linux's.
#pragma once

#include <aio/attributes.hpp>
#include <aio/copying.hpp>
#include <aio/result.hpp>

#include <atomic>
#include <cstddef>
#include <memory>

namespace aio::detail {

class content_copier {
  public:
    /// `stop` is looked at between two pieces: not 0 means that the rest is not wanted.
    /// `written` is told of the bytes of each piece, if it is not empty.
    content_copier(reflink clone, const std::atomic<int>& stop,
                   const inline_function<void(std::uint64_t)>& written = {})
        : clone_(clone), stop_(stop), written_(written) {}

    /// Copies all of `from` to `to`, both at their beginnings. Gives how many bytes, holes included.
    [[nodiscard]] result<std::uint64_t> operator()(int from, int to, const file_status& source);

  private:
    [[nodiscard]] bool cloned(int from, int to, const file_status& source, std::error_code& reason);
    [[nodiscard]] result<std::uint64_t> copy_data(int from, int to, std::uint64_t size);
    [[nodiscard]] result<std::uint64_t> copy_range(int from, int to, std::uint64_t size);
    [[nodiscard]] result<std::uint64_t> read_small(int from, int to, std::uint64_t size);
    /// `may_wait`: what is read is no file, and may have nothing for as long as it likes.
    [[nodiscard]] result<std::uint64_t> read_and_write(int from, int to, std::uint64_t limit,
                                                       bool may_wait = false);
    [[nodiscard]] result<> write_whole(int to, const std::byte* bytes, std::size_t size) const;
    [[nodiscard]] result<> await(int fd, short event) const;
    /// Tells of a piece. An error if the rest is not wanted.
    [[nodiscard]] result<> go_on(std::uint64_t bytes) const;
    [[nodiscard]] result<> stopped() const noexcept;

    const reflink clone_;
    const std::atomic<int>& stop_;
    const inline_function<void(std::uint64_t)> written_;
    bool can_clone_ = true;
    bool can_copy_range_ = true;
    std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace aio::detail
