// SPDX-License-Identifier: MIT
// open, close, and files and directories with a name of their own.
#pragma once

#include <aio/call.hpp>
#include <aio/export.hpp>
#include <aio/file.hpp>
#include <aio/operation.hpp>
#include <aio/path.hpp>

#include <sys/types.h>

#include <string>
#include <utility>

namespace aio {

/// Opens a file: open(2), R-OPEN. `flags` are O_… of <fcntl.h>; O_CLOEXEC is always added. `mode` counts only
/// if a file is created, less the umask of the time when the call is made.
///
/// A FIFO opened for reading or writing waits for its other end, as in open(2), unless O_NONBLOCK is given.
/// Cancel: a file opened too late is closed again. With O_CREAT or O_TRUNC a running call has to be waited
/// for.
[[nodiscard]] AIO_EXPORT operation<file> open(path_view path AIO_LIFETIMEBOUND, int flags,
                                              mode_t mode = 0666);

/// Opens a directory as the base of relative paths: open(2) with O_DIRECTORY. Where it may be searched but
/// not read it is opened with O_PATH: everything but reading it works then.
///
/// Errors: ENOTDIR if it is something else. A symbolic link to a directory is followed.
[[nodiscard]] AIO_EXPORT operation<directory> open_directory(path_view path AIO_LIFETIMEBOUND);

namespace detail {

/// Closes the handle it owns, once; dropped uncalled it closes it too.
class closing {
  public:
    explicit closing(handle&& open) noexcept : open_(std::move(open)) {}
    AIO_EXPORT result<> operator()();

  private:
    handle open_;
};

}  // namespace detail

/// Closes a file, and reports what close(2) reports: R-CLOSE. The file is empty afterwards, whatever the
/// result.
///
/// Errors: EIO, ENOSPC or EDQUOT may be those of earlier writes. EBADF for an empty file. EBUSY while other
/// requests use the file: it is closed when the last of them completes, and nobody learns of an error.
/// It is never made twice: an EINTR means that the file is closed, and counts as success.
/// Cancel: before the call is made, the file is closed all the same, and nobody learns of an error.
[[nodiscard]] inline function_operation<detail::closing> close(file&& open) {
    return function_operation<detail::closing>(detail::closing(std::move(open)));
}
[[nodiscard]] inline function_operation<detail::closing> close(directory&& open) {
    return function_operation<detail::closing>(detail::closing(std::move(open)));
}

/// Closes a descriptor that no handle owns.
///
/// Errors: EBADF if it is not open.
[[nodiscard]] AIO_EXPORT operation<> close(int fd);

/// A new file with a name that nobody else has.
struct temporary_file {
    aio::file file;    // open for reading and writing
    std::string path;  // as it was given, with the random part; relative to the same base
};

/// Makes and opens a new file with mode 0600, named `prefix` and six random letters or digits: mkstemp(3). If
/// the prefix ends in XXXXXX, these are what is replaced.
///
/// The name stays until somebody removes it; destroying the value only closes the file.
/// Cancel: a file made too late is removed again.
[[nodiscard]] AIO_EXPORT operation<temporary_file> mkstemp(path_view prefix AIO_LIFETIMEBOUND);

/// A new directory with a name that nobody else has.
struct temporary_directory {
    aio::directory directory;  // open, for paths relative to it
    std::string path;          // as it was given, with the random part; relative to the same base
};

/// Makes and opens a new directory with mode 0700, named as by mkstemp: mkdtemp(3).
///
/// The directory stays until somebody removes it.
/// Errors: ESTALE if somebody put something else in its place before it was opened.
/// Cancel: a directory made too late is removed again.
[[nodiscard]] AIO_EXPORT operation<temporary_directory> mkdtemp(path_view prefix AIO_LIFETIMEBOUND);

}  // namespace aio
