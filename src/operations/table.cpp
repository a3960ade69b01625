// SPDX-License-Identifier: MIT
// The table of all operations.
#include "rows.hpp"

namespace aio::detail {

std::span<const row* const> all_rows() noexcept {
    static constexpr const row* all[] = {
        &rows::access,
        &rows::busy,
        &rows::chmod,
        &rows::chown,
        &rows::close,
        &rows::fallocate,
        &rows::fdatasync,
        &rows::fsync,
        &rows::lchown,
        &rows::link,
        &rows::lstat,
        &rows::lutime,
        &rows::make_directories,
        &rows::mkdir,
        &rows::mkdtemp,
        &rows::mknod,
        &rows::mkstemp,
        &rows::nop,
        &rows::open,
        &rows::open_creating,
        &rows::open_directory,
        &rows::pread_exactly_owned,
        &rows::pread_owned,
        &rows::read,
        &rows::read_exactly,
        &rows::read_exactly_owned,
        &rows::read_owned,
        &rows::readahead,
        &rows::readdir,
        &rows::readlink,
        &rows::readv,
        &rows::readv_exactly,
        &rows::realpath,
        &rows::rename,
        &rows::rmdir,
        &rows::sendfile,
        &rows::stat,
        &rows::statvfs,
        &rows::symlink,
        &rows::sync,
        &rows::sync_file_range,
        &rows::syncfs,
        &rows::truncate,
        &rows::unlink,
        &rows::utime,
        &rows::write,
        &rows::write_all,
        &rows::writev,
        &rows::writev_all,
    };
    return all;
}

}  // namespace aio::detail
