// SPDX-License-Identifier: MIT
// What a copy has from its source besides content, set on open files so that no name can be swapped in
// between. Extended attributes and O_PATH are Linux's.
#pragma once

#include <aio/attributes.hpp>
#include <aio/copying.hpp>
#include <aio/result.hpp>

#include "linux_directory.hpp"

namespace aio::detail {

/// An open file whose metadata is read or written; `only_path`: opened with O_PATH.
struct metadata_of {
    int fd;
    bool only_path = false;
};

/// EOPNOTSUPP if that takes /proc, and there is none.
[[nodiscard]] result<> set_mode(const metadata_of& of, mode_t mode);

/// Copies owner, extended attributes with ACLs, permissions and times, in that order, so that nobody may do
/// more than with the source at any time. The first thing that could not be had, which does not keep from the
/// rest: its name.
struct metadata_failure {
    const char* operation = nullptr;
    std::error_code reason;
};
/// Nothing, if nothing is to be kept. `has_owner_and_mode`: these are right already.
[[nodiscard]] metadata_failure copy_metadata(metadata_of from, metadata_of to, const file_status& source,
                                             preserve keep, bool has_owner_and_mode = false);

/// Whether new files in a directory get the group of their maker and no ACL.
[[nodiscard]] bool inherits_nothing(const open_place& directory);

/// What of its mode a new directory may have: by the default ACL that it has from where it was made, or by
/// the umask.
[[nodiscard]] mode_t permissions_of_new(const metadata_of& directory, mode_t umask);

/// Gives a file that is to replace another one that one's owner, permissions and ACL. False if it cannot be.
[[nodiscard]] bool take_over(int from, int to, const file_status& replaced);
/// Its permissions, where not all of that can be. `from`: -1 if it could not be opened.
[[nodiscard]] result<> take_over_permissions(int from, int to, const file_status& replaced);

}  // namespace aio::detail
