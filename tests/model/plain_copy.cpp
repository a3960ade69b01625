// SPDX-License-Identifier: MIT
#include "model/plain_copy.hpp"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace aio::test {

namespace {

constexpr const char* temporary = ".tmp";

file_identity identity_of(const struct ::stat& status) {
    return {status.st_dev, status.st_ino};
}

file_identity identity_of(int fd) {
    struct ::stat status = {};
    EXPECT_EQ(::fstat(fd, &status), 0);
    return identity_of(status);
}

std::string proc_path(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

/// Below the root of a tree links are followed if they always are.
int flags_of(const copy_wishes& how) {
    return how.follow == follow_links::always ? 0 : AT_SYMLINK_NOFOLLOW;
}

bool follows_root(const copy_wishes& how, const std::string& path) {
    return how.follow != follow_links::never || !how.whole_trees || path.ends_with('/');
}

/// Whether a directory, or one above it, is `which`.
bool is_below(int directory, const file_identity& which) {
    std::string above = ".";
    for (file_identity last;; above += "/..") {
        struct ::stat status = {};
        if (::fstatat(directory, above.c_str(), &status, 0) != 0) return false;
        if (identity_of(status) == which) return true;
        if (identity_of(status) == last) return false;
        last = identity_of(status);
    }
}

/// T-12: owner before permissions before times; without the owner no set-id bits.
void carry(int base, const char* name, const struct ::stat& source) {
    mode_t mode = source.st_mode & 07777;
    if (::fchownat(base, name, source.st_uid, source.st_gid, AT_SYMLINK_NOFOLLOW) != 0) mode &= 01777;
    if (!S_ISLNK(source.st_mode)) {
        EXPECT_EQ(::fchmodat(base, name, mode, 0), 0);
    }
    const timespec times[2] = {source.st_atim, source.st_mtim};
    EXPECT_EQ(::utimensat(base, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

/// The same for an open file or directory.
void carry(int fd, const struct ::stat& source) {
    mode_t mode = source.st_mode & 07777;
    if (::fchown(fd, source.st_uid, source.st_gid) != 0) mode &= 01777;
    EXPECT_EQ(::fchmod(fd, mode), 0);
    const timespec times[2] = {source.st_atim, source.st_mtim};
    EXPECT_EQ(::futimens(fd, times), 0);
}

/// Reads and writes from a position on, up to an end.
int copy_bytes(int from, int to, off_t at, off_t end) {
    std::vector<char> block(64 * 1024);
    while (at < end) {
        const auto asked = std::min<off_t>(end - at, static_cast<off_t>(block.size()));
        const ssize_t got = ::read(from, block.data(), static_cast<std::size_t>(asked));
        if (got <= 0) return got < 0 ? errno : 0;
        if (::write(to, block.data(), static_cast<std::size_t>(got)) != got) return errno;
        at += got;
    }
    return 0;
}

/// Holes stay holes.
int copy_stretches(int from, int to, off_t size) {
    for (off_t end = 0, at = 0; (at = ::lseek(from, end, SEEK_DATA)) >= 0;) {
        end = ::lseek(from, at, SEEK_HOLE);
        if (end < at) end = size;  // of the largest file tmpfs says a negative one
        if (::lseek(from, at, SEEK_SET) < 0) return errno;
        if (::lseek(to, at, SEEK_SET) < 0) return errno == EINVAL ? EFBIG : errno;
        if (const int failed = copy_bytes(from, to, at, end)) return failed;
    }
    return ::ftruncate(to, size) == 0 ? 0 : errno;
}

}  // namespace

named_place::named_place(const std::string& path)
    : must_be_directory(path.size() > 1 && path.ends_with('/')), is_nameless(test::is_nameless(path)) {
    const std::string stem = without_slashes(path);
    name = is_nameless ? "." : last_name(path);
    directory = is_nameless ? path : stem.substr(0, stem.size() - name.size());
    if (directory.empty()) directory = ".";
}

answer copy_outcome::to_answer(const std::string& root) const {
    const auto shown = [&](const std::string& path) {
        return path.starts_with(root) ? "ROOT" + path.substr(root.size()) : path;
    };
    std::vector<std::pair<std::string, int>> sorted;
    for (const auto& [path, error] : failures)
        sorted.emplace_back(shown(without_slashes(path)), error);
    std::ranges::sort(sorted);
    std::vector<std::string> made;
    for (const std::string& each : copied)
        made.push_back(shown(each));
    answer all;
    if (failed <= tree_result::failures_max)
        for (const auto& [path, error] : sorted)
            all.value += path + ' ' + ::strerrorname_np(error) + ", ";
    if (failed) all.error = failed <= tree_result::failures_max ? sorted.front().second : EIO;
    all.value += std::to_string(failed) + " failed, " + std::to_string(directories) + " directories, " +
                 std::to_string(others) + " others, " + std::to_string(bytes) +
                 " bytes: " + joined(std::move(made));
    return all;
}

void plain_copy::fail(const std::string& path, int error) {
    ++done_.failed;
    done_.failures.emplace_back(path, error);
}

void plain_copy::succeed(const entry& of, bool is_new) {
    ++(S_ISDIR(of.status.st_mode) ? done_.directories : done_.others);
    if (is_new) done_.copied.push_back(of.to_path + ' ' + std::to_string(of.status.st_mode >> 12));
}

copy_outcome plain_copy::run(posix_side& p, const path_operand& from, const path_operand& to) {
    const std::string source = p.path_of(from);
    if (const int wrong = p.error_of(from)) {
        fail({}, wrong);
        return done_;
    }
    if (const int wrong = p.error_of(to)) {  // the source is looked at first
        struct ::stat status = {};
        const int flags = follows_root(how_, source) ? 0 : AT_SYMLINK_NOFOLLOW;
        if (::fstatat(p.base_of(from), source.c_str(), &status, flags) != 0)
            fail(source, errno);
        else
            fail({}, wrong);
        return done_;
    }
    return run(p.base_of(from), source, p.base_of(to), p.path_of(to));
}

copy_outcome plain_copy::run(int from_base, const std::string& from, int to_base, const std::string& to) {
    const auto refuse = [&](const std::string& path, int error) {
        fail(path, error);
        return done_;
    };
    const bool follow = follows_root(how_, from);
    struct ::stat status = {};
    if (::fstatat(from_base, from.c_str(), &status, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
        return refuse(from, errno);
    const named_place place(to);
    const opened directory(::openat(to_base, place.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return refuse(to, errno);
    const entry root{from_base,           from,   from, directory.get(),        place.name,
                     without_slashes(to), status, true, place.must_be_directory};
    if (S_ISDIR(status.st_mode)) {
        if (!how_.whole_trees) return refuse(from, EISDIR);
        if (is_below(directory.get(), identity_of(status))) return refuse(from, EINVAL);
        std::vector<file_identity> above;
        copy_directory(root, above);
        return done_;
    }
    if (place.is_nameless) return refuse(to, EISDIR);
    if (place.must_be_directory) return refuse(to, ENOTDIR);
    copy_other(root);
    return done_;
}

/// A directory that is there is copied into, unless it is a root that must not be; a link to one is none.
void plain_copy::copy_directory(const entry& of, std::vector<file_identity>& above) {
    const int follow = flags_of(how_) == 0 || of.is_root ? 0 : O_NOFOLLOW;
    const opened from(::openat(of.from, of.from_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow));
    if (!from) return fail(of.from_path, errno);
    const file_identity source = identity_of(from.get());
    if (!of.is_root && source == root_) return fail(of.from_path, EINVAL);  // the copy is not copied
    if (std::ranges::find(above, source) != above.end()) return fail(of.from_path, ELOOP);
    // The umask counts, and the set-id bit of the directory above, if nothing is kept; as by cp -r.
    const mode_t mode = how_.keep == preserve::nothing ? of.status.st_mode & 01777 : 0700;
    const bool is_new = ::mkdirat(of.to, of.to_name.c_str(), mode) == 0;
    if (!is_new && errno != EEXIST) return fail(of.to_path, errno);
    if (!is_new && of.is_root && how_.existing == on_existing::fail) return fail(of.to_path, EEXIST);
    const int follow_to = of.follow_to ? 0 : O_NOFOLLOW;
    const opened to(::openat(of.to, of.to_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow_to));
    if (!to) return fail(of.to_path, errno);
    if (of.is_root) root_ = identity_of(to.get());
    if (source == identity_of(to.get())) return fail(of.from_path, EINVAL);
    succeed(of, is_new);
    above.push_back(source);
    copy_entries(of, from.get(), to.get(), above);
    above.pop_back();
    if (how_.keep != preserve::nothing) carry(to.get(), of.status);
}

void plain_copy::copy_entries(const entry& of, int from, int to, std::vector<file_identity>& above) {
    for (const std::string& name : names_in(from)) {
        entry each{from, name, without_slashes(of.from_path) + '/' + name, to, name, of.to_path + '/' + name,
                   {},   false};
        if (::fstatat(from, name.c_str(), &each.status, flags_of(how_)) != 0)
            fail(each.from_path, errno);
        else if (S_ISDIR(each.status.st_mode))
            copy_directory(each, above);
        else
            copy_other(each);
    }
}

void plain_copy::copy_other(const entry& of) {
    const mode_t type = of.status.st_mode & S_IFMT;
    const bool is_read = type == S_IFREG || (of.is_root && how_.read_special && type != S_IFLNK);
    constexpr int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const opened content(is_read ? ::openat(of.from, of.from_name.c_str(), flags) : -1);
    if (is_read && !content) return fail(of.from_path, errno);
    struct ::stat there = {};
    const bool exists = ::fstatat(of.to, of.to_name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
    if (!exists && errno != ENOENT) return fail(of.to_path, errno);
    if (exists && how_.overwrite == false) return;  // asked before all else, as by cp
    if (exists && S_ISDIR(there.st_mode)) return fail(of.to_path, EISDIR);
    if (exists && identity_of(there) == identity_of(of.status)) return fail(of.to_path, EINVAL);
    struct ::stat target = {};  // of a link, which must not take the place of what it leads to
    const bool leads = type == S_IFLNK && ::fstatat(of.from, of.from_name.c_str(), &target, 0) == 0;
    if (exists && leads && identity_of(there) == identity_of(target)) return fail(of.to_path, EINVAL);
    if (exists && how_.existing == on_existing::fail) return fail(of.to_path, EEXIST);
    const int failed = make(of, content.get(), exists ? &there : nullptr);
    if (failed) return fail(of.to_path, failed);
    succeed(of);
}

int plain_copy::make(const entry& of, int content, const struct ::stat* there) {
    // Of several names, one is taken from the others only if the copy is to have the names of its source.
    const bool is_plain =
        there && S_ISREG(there->st_mode) && (there->st_nlink == 1 || how_.keep == preserve::all);
    const bool in_place =
        how_.existing == on_existing::in_place || (how_.existing == on_existing::as_cp && !is_plain);
    if (there && in_place && of.is_root && content >= 0) return write_in_place(of, content);
    const bool may_be_met_again = how_.keep == preserve::all && !of.is_root && of.status.st_nlink > 1;
    const auto first = first_copies_.find(identity_of(of.status));
    if (may_be_met_again && first != first_copies_.end()) return link_to_first(of, there != nullptr);
    const int failed = content >= 0 ? write_file(of, content, there) : make_unread(of, there != nullptr);
    if (failed || !may_be_met_again) return failed;
    const int copy =
        kept_open_.emplace_back(::openat(of.to, of.to_name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)).get();
    first_copies_.emplace(identity_of(of.status), proc_path(copy));
    return 0;
}

int plain_copy::link_to_first(const entry& of, bool replace) {
    const std::string& first = first_copies_.at(identity_of(of.status));
    const char* name = replace ? temporary : of.to_name.c_str();
    if (::linkat(AT_FDCWD, first.c_str(), of.to, name, AT_SYMLINK_FOLLOW) != 0) return errno;
    return !replace || ::renameat(of.to, name, of.to, of.to_name.c_str()) == 0 ? 0 : errno;
}

/// T-11: one that is replaced is until then; a new one has no name before it is complete, or, if it is to be
/// durable, another.
int plain_copy::write_file(const entry& of, int content, const struct ::stat* there) {
    const mode_t mode = how_.keep == preserve::nothing ? of.status.st_mode & 0777 : 0600;
    const bool has_name = there || how_.durable;
    const char* name = has_name ? temporary : ".";
    const int flags = O_WRONLY | O_CLOEXEC | (has_name ? O_CREAT | O_EXCL : O_TMPFILE);
    const opened copy(::openat(of.to, name, flags, mode));
    if (!copy) return errno;
    int failed = fill(of, content, copy.get());
    if (!failed && there && how_.existing == on_existing::as_cp && S_ISREG(there->st_mode)) {
        // It hands its owner and permissions on.
        EXPECT_EQ(::fchown(copy.get(), there->st_uid, there->st_gid), 0);
        EXPECT_EQ(::fchmod(copy.get(), there->st_mode & 0777), 0);
    }
    if (!failed && how_.keep != preserve::nothing) carry(copy.get(), of.status);
    const std::string nameless = proc_path(copy.get());
    const auto give_name = [&] {
        const char* to = of.to_name.c_str();
        return has_name ? ::renameat(of.to, temporary, of.to, to)
                        : ::linkat(AT_FDCWD, nameless.c_str(), of.to, to, AT_SYMLINK_FOLLOW);
    };
    if (!failed && give_name() != 0) failed = errno;
    if (failed && has_name) ::unlinkat(of.to, temporary, 0);
    if (!failed) done_.bytes += static_cast<std::uint64_t>(of.status.st_size);
    return failed;
}

/// As open with O_TRUNC does, whatever it leads to.
int plain_copy::write_in_place(const entry& of, int content) {
    const opened copy(::openat(of.to, of.to_name.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
    if (!copy) return errno;
    struct ::stat there = {};
    EXPECT_EQ(::fstat(copy.get(), &there), 0);
    if (identity_of(there) == identity_of(of.status)) return EINVAL;
    const bool is_regular = S_ISREG(there.st_mode);
    if (is_regular && ::ftruncate(copy.get(), 0) != 0) return errno;
    if (const int failed = fill(of, content, copy.get())) return failed;
    if (is_regular && how_.keep != preserve::nothing) carry(copy.get(), of.status);
    done_.bytes += static_cast<std::uint64_t>(of.status.st_size);
    return 0;
}

int plain_copy::fill(const entry& of, int content, int copy) {
    const struct ::stat& source = of.status;
    if (!S_ISREG(source.st_mode) || source.st_size == 0)
        return copy_bytes(content, copy, 0, std::numeric_limits<off_t>::max());
    // Here no file system has blocks to share.
    if (how_.clone == reflink::always && ::ioctl(copy, FICLONE, content) != 0) return errno;
    const bool has_holes = source.st_blocks * 512 < source.st_size;
    if (has_holes) return copy_stretches(content, copy, source.st_size);
    return copy_bytes(content, copy, 0, source.st_size);
}

/// Links, FIFOs, sockets and devices.
int plain_copy::make_unread(const entry& of, bool replace) {
    const char* name = replace ? temporary : of.to_name.c_str();
    if (S_ISLNK(of.status.st_mode)) {
        std::vector<char> text(PATH_MAX);
        const ssize_t size =
            ::readlinkat(of.from, of.from_name.c_str(), text.data(), text.size() - 1);  // a NUL behind it
        if (size < 0 || ::symlinkat(text.data(), of.to, name) != 0) return errno;
    } else {
        const mode_t mode = how_.keep == preserve::nothing ? of.status.st_mode & 0777 : 0600;
        if (::mknodat(of.to, name, (of.status.st_mode & S_IFMT) | mode, of.status.st_rdev) != 0) return errno;
    }
    if (how_.keep != preserve::nothing) carry(of.to, name, of.status);
    return !replace || ::renameat(of.to, name, of.to, of.to_name.c_str()) == 0 ? 0 : errno;
}

// Moving.

namespace {

int remove_all(int base, const char* name) {
    if (::unlinkat(base, name, 0) == 0) return 0;
    if (errno != EISDIR) return errno;
    {
        const opened directory(::openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        for (const std::string& each : names_in(directory.get()))
            if (const int failed = remove_all(directory.get(), each.c_str())) return failed;
    }
    return ::unlinkat(base, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

/// Why rename would not put something there; 0 if it would. Known before anything is copied.
int refusal_of(int base, const std::string& name, bool is_directory, bool replace) {
    struct ::stat there = {};
    if (::fstatat(base, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return 0;
    if (!replace) return EEXIST;
    if (is_directory != S_ISDIR(there.st_mode)) return is_directory ? ENOTDIR : EISDIR;
    if (!is_directory) return 0;
    const opened directory(::openat(base, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return names_in(directory.get()).empty() ? 0 : ENOTEMPTY;
}

copy_outcome failed_move(const std::string& path, int error) {
    copy_outcome failed;
    failed.failed = 1;
    failed.failures.emplace_back(path, error);
    return failed;
}

}  // namespace

copy_outcome plain_move(posix_side& p, const path_operand& from, const path_operand& to, bool replace) {
    const int wrong = p.error_of(from) ? p.error_of(from) : p.error_of(to);
    if (wrong) return failed_move(p.error_of(from) ? std::string() : p.path_of(from), wrong);
    return plain_move(p.base_of(from), p.path_of(from), p.base_of(to), p.path_of(to), replace);
}

copy_outcome plain_move(int from_base, const std::string& from, int to_base, const std::string& to,
                        bool replace) {
    const unsigned flags = replace ? 0 : RENAME_NOREPLACE;
    if (::renameat2(from_base, from.c_str(), to_base, to.c_str(), flags) == 0) {
        copy_outcome renamed;
        renamed.others = 1;
        return renamed;
    }
    if (errno != EXDEV) return failed_move(from, errno);
    // What rename refuses of a name is refused between file systems too.
    const named_place source(from);
    const named_place place(to);
    struct ::stat status = {};
    if (source.is_nameless || place.is_nameless) return failed_move(from, EBUSY);
    const opened above(::openat(from_base, source.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (::fstatat(above.get(), source.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return failed_move(from, errno);
    const bool must_be_directory = source.must_be_directory || place.must_be_directory;
    if (must_be_directory && !S_ISDIR(status.st_mode)) return failed_move(from, ENOTDIR);
    const opened directory(::openat(to_base, place.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (const int refused = refusal_of(directory.get(), place.name, S_ISDIR(status.st_mode), replace))
        return failed_move(from, refused);
    const std::string copy = ".moving";
    copy_wishes how;
    how.whole_trees = true;
    copy_outcome copied = plain_copy(how).run(from_base, without_slashes(from), directory.get(), copy);
    copied.copied.clear();
    int failed = copied.failed ? std::ranges::min(copied.failures).second : 0;
    if (!failed &&
        ::renameat2(directory.get(), copy.c_str(), directory.get(), place.name.c_str(), flags) != 0)
        failed = errno;
    if (failed) {
        remove_all(directory.get(), copy.c_str());
        return failed_move(from, failed);
    }
    EXPECT_EQ(remove_all(above.get(), source.name.c_str()), 0);
    return copied;
}

// What has one answer.

namespace {

/// Goes through a source as a copy does, and through what it will be copied into.
class survey {
  public:
    survey(posix_side& p, const copy_wishes& how) : posix_(p), how_(how) {}

    bool visit(const path_operand& at, int from, int to) {
        read_.insert(identity_of(from));
        if (to >= 0) written_.insert(identity_of(to));
        if (above_.empty() && to >= 0) root_ = identity_of(to);
        above_.push_back(identity_of(from));
        for (const std::string& name : names_in(from)) {
            path_operand below = at;
            below.name += '/' + name;
            constexpr std::size_t entries_max = 60;
            if (++entries_ > entries_max || below.name.size() > PATH_MAX / 2) return false;
            if (!entry(below, from, to, name)) return false;
        }
        above_.pop_back();
        return true;
    }
    [[nodiscard]] bool is_apart() const {
        return std::ranges::none_of(read_,
                                    [this](const file_identity& each) { return written_.contains(each); });
    }

  private:
    bool entry(const path_operand& at, int from, int to, const std::string& name) {
        const int flags = flags_of(how_);
        if (flags == 0 && !posix_.stays_inside(at)) return false;
        struct ::stat status = {};
        if (::fstatat(from, name.c_str(), &status, flags) != 0) return true;
        if (S_ISDIR(status.st_mode)) {
            const file_identity which = identity_of(status);
            if (which == root_ || std::ranges::find(above_, which) != above_.end()) return true;
            constexpr int directory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
            const opened source(::openat(from, name.c_str(), directory));
            const opened copy(to < 0 ? -1 : ::openat(to, name.c_str(), directory | O_NOFOLLOW));
            return visit(at, source.get(), copy.get());
        }
        // The same file at both places is refused; but not what a link leads to that is written at another.
        if (flags == 0) read_.insert(identity_of(status));
        if (to >= 0 && ::fstatat(to, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
            written_.insert(identity_of(status));
        return true;
    }

    posix_side& posix_;
    const copy_wishes& how_;
    std::vector<file_identity> above_;
    file_identity root_ = {};
    std::set<file_identity> read_;
    std::set<file_identity> written_;
    std::size_t entries_ = 0;
};

}  // namespace

bool is_determined(posix_side& p, const path_operand& from, const path_operand& to, const copy_wishes& how) {
    if (p.error_of(from) || p.error_of(to)) return true;
    const unsigned source = p.type_of(from);
    const bool writes_in_place = how.existing == on_existing::in_place || how.existing == on_existing::as_cp;
    if (source == S_IFIFO && how.read_special) return false;        // waits for somebody who writes
    if (p.type_of(to) == S_IFIFO && writes_in_place) return false;  // and for one who reads
    if (source != S_IFDIR || !how.whole_trees) return true;
    const std::string path = p.path_of(from);
    const int follow = follows_root(how, path) ? 0 : O_NOFOLLOW;
    const opened directory(
        ::openat(p.base_of(from), path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow));
    if (!directory) return true;
    // Opened as a directory, "link/" is what it leads to, whatever this flag says.
    const opened copy(
        ::openat(p.base_of(to), p.path_of(to).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (copy && identity_of(copy.get()) == identity_of(directory.get())) return true;  // refused
    survey all(p, how);
    return all.visit(from, directory.get(), copy.get()) && all.is_apart();
}

}  // namespace aio::test
