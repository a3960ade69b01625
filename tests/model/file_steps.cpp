// SPDX-License-Identifier: MIT
// What is done to open files.
#include "model/world.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace aio::test {

namespace {

/// What the looping forms would wait for, or what never ends.
bool may_wait(world& w, const file_operand& of) {
    const unsigned type = w.posix().type_of(of);
    return type == S_IFIFO || type == S_IFSOCK;
}

/// An operand that is refused before anything is called.
bool is_negative(const std::optional<std::int64_t>& offset) {
    return offset && *offset < 0;
}

/// What was read, and what else of the buffer was touched.
std::string text_of(std::size_t got, const std::vector<std::byte>& buffer) {
    std::string text = std::to_string(got) + ':';
    for (const std::byte each : buffer)
        text += static_cast<char>(each);
    return text;
}

constexpr auto untouched = std::byte{0xee};

/// Three pieces of a buffer, the middle one empty.
std::array<iovec, 3> pieces_of(std::byte* bytes, std::size_t size) {
    const std::size_t first = size / 3;
    return {iovec{bytes, first}, iovec{bytes + first, 0}, iovec{bytes + first, size - first}};
}

/// One system call, with buffers or without: what is wrong is not found in the same order.
template <bool Vectored>
ssize_t read_once(int fd, std::byte* into, std::size_t size, std::optional<std::int64_t> offset) {
    const iovec one = {into, size};
    if constexpr (Vectored) return offset ? ::preadv(fd, &one, 1, *offset) : ::readv(fd, &one, 1);
    return offset ? ::pread(fd, into, size, *offset) : ::read(fd, into, size);
}
template <bool Vectored>
ssize_t write_once(int fd, std::byte* from, std::size_t size, std::optional<std::int64_t> offset) {
    const iovec one = {from, size};
    if constexpr (Vectored) return offset ? ::pwritev(fd, &one, 1, *offset) : ::writev(fd, &one, 1);
    return offset ? ::pwrite(fd, from, size, *offset) : ::write(fd, from, size);
}

/// Calls `once(done)` until all is moved or nothing is.
template <class Once>
ssize_t until_done(std::size_t size, Once once) {
    std::size_t done = 0;
    do {
        const ssize_t moved = once(done);
        if (moved < 0) return -1;
        if (moved == 0) break;
        done += static_cast<std::size_t>(moved);
    } while (done < size);
    return static_cast<ssize_t>(done);
}

std::optional<std::int64_t> advanced(std::optional<std::int64_t> offset, std::size_t by) {
    if (offset) *offset += static_cast<std::int64_t>(by);
    return offset;
}

enum class extent : bool { once, all };

/// Makes the calls of `once(fd, bytes, size, offset)`, one or as many as it takes.
template <auto Once>
ssize_t move_bytes(extent how, int fd, std::byte* bytes, std::size_t size,
                   std::optional<std::int64_t> offset) {
    if (how == extent::once) return Once(fd, bytes, size, offset);
    return until_done(
        size, [&](std::size_t done) { return Once(fd, bytes + done, size - done, advanced(offset, done)); });
}

template <extent How, bool Vectored>
void read_step(world& w) {
    const file_operand of = w.draw_file();
    const std::size_t size = w.draw_size();
    const auto offset = w.draw_optional_offset();
    if (How == extent::all && may_wait(w, of)) return;
    w.compare(
        [&](library_side& l) {
            std::vector<std::byte> buffer(size, untouched);
            auto text = [&](std::size_t got) { return text_of(got, buffer); };
            const std::span<std::byte> into(buffer);
            const auto pieces = pieces_of(buffer.data(), size);
            const std::span<const iovec> vectors(pieces);
            if constexpr (Vectored)
                return l.run(How == extent::once ? read(l.at(of), vectors, offset)
                                                 : read_exactly(l.at(of), vectors, offset),
                             text);
            else
                return l.run(
                    How == extent::once ? read(l.at(of), into, offset) : read_exactly(l.at(of), into, offset),
                    text);
        },
        [&](posix_side& p) {
            return p.at(of, [&](int fd) {
                if (is_negative(offset)) return answer{EINVAL, {}};
                std::vector<std::byte> buffer(size, untouched);
                const ssize_t got = move_bytes<read_once<Vectored>>(How, fd, buffer.data(), size, offset);
                if (got < 0) return answer{errno, {}};
                return answer{0, text_of(static_cast<std::size_t>(got), buffer)};
            });
        });
}

template <extent How, bool AtOffset>
void read_owned_step(world& w) {
    const file_operand of = w.draw_file();
    const std::size_t size = w.draw_size();
    const auto offset = AtOffset ? std::optional(w.draw_offset()) : std::nullopt;
    if (How == extent::all && may_wait(w, of)) return;
    w.compare(
        [&](library_side& l) {
            return l.run(
                How == extent::once ? read(l.at(of), size, offset) : read_exactly(l.at(of), size, offset),
                std::identity());
        },
        [&](posix_side& p) {
            return p.at(of, [&](int fd) {
                if (is_negative(offset)) return answer{EINVAL, {}};
                std::vector<std::byte> buffer(size);
                const ssize_t got = move_bytes<read_once<false>>(How, fd, buffer.data(), size, offset);
                if (got < 0) return answer{errno, {}};
                const char* const text = reinterpret_cast<const char*>(buffer.data());
                return answer{0, std::string(text, static_cast<std::size_t>(got))};
            });
        });
}

template <extent How, bool Vectored>
void write_step(world& w) {
    const file_operand of = w.draw_file();
    std::string data = w.draw_data();
    const auto offset = w.draw_optional_offset();
    if (How == extent::all && may_wait(w, of)) return;
    auto* const bytes = reinterpret_cast<std::byte*>(data.data());
    const auto pieces = pieces_of(bytes, data.size());
    const std::span<const iovec> vectors(pieces);
    auto text = [](std::size_t moved) { return std::to_string(moved); };
    w.compare(
        [&](library_side& l) {
            if constexpr (Vectored)
                return l.run(How == extent::once ? write(l.at(of), vectors, offset)
                                                 : write_all(l.at(of), vectors, offset),
                             text);
            else
                return l.run(
                    How == extent::once ? write(l.at(of), data, offset) : write_all(l.at(of), data, offset),
                    text);
        },
        [&](posix_side& p) {
            return p.at(of, [&](int fd) {
                if (is_negative(offset)) return answer{EINVAL, {}};
                return count_answer(move_bytes<write_once<Vectored>>(How, fd, bytes, data.size(), offset));
            });
        });
}

void sendfile_step(world& w) {
    const file_operand out = w.draw_file();
    const file_operand in = w.draw_file();
    const std::int64_t offset = w.draw_offset();
    const std::size_t length = w.draw_size();
    // Within one file, what has been written may or may not be read again.
    struct ::stat from = {};
    struct ::stat to = {};
    ::fstat(w.posix().fd_of(in), &from);
    ::fstat(w.posix().fd_of(out), &to);
    const bool regular = S_ISREG(from.st_mode) && S_ISREG(to.st_mode);
    if (!regular || (from.st_dev == to.st_dev && from.st_ino == to.st_ino)) return;
    w.compare(
        [&](library_side& l) {
            return l.run(sendfile(l.at(out), l.at(in), offset, length),
                         [](std::size_t moved) { return std::to_string(moved); });
        },
        [&](posix_side& p) {
            return p.at(out, [&](int out_fd) {
                return p.at(in, [&](int in_fd) {
                    if (offset < 0) return answer{EINVAL, {}};
                    if (!length) return answer{0, "0"};
                    std::vector<std::byte> buffer(length);
                    const ssize_t got = ::pread(in_fd, buffer.data(), length, offset);
                    if (got < 0) return answer{errno, {}};
                    // Also of nothing: that cannot be written to a file that is not open for it either.
                    return count_answer(::write(out_fd, buffer.data(), static_cast<std::size_t>(got)));
                });
            });
        });
}

void readahead_step(world& w) {
    const file_operand of = w.draw_file();
    const std::int64_t offset = w.draw_offset();
    const std::size_t length = w.draw_size();
    w.compare([&](library_side& l) { return l.run(readahead(l.at(of), offset, length)); },
              [&](posix_side& p) {
                  return p.at(of, [&](int fd) {
                      if (offset < 0) return answer{EINVAL, {}};
                      return answer_of(::readahead(fd, offset, length));
                  });
              });
}

void file_truncate_step(world& w) {
    const file_operand of = w.draw_file();
    const std::int64_t length = w.draw_offset();
    w.compare(
        [&](library_side& l) { return l.run(truncate(l.at(of), length)); },
        [&](posix_side& p) { return p.at(of, [&](int fd) { return answer_of(::ftruncate(fd, length)); }); });
}

/// Allocating much would take what the machine has: only what is allowed or impossible.
void fallocate_step(world& w) {
    const file_operand of = w.draw_file();
    const int mode = w.draw({0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                             FALLOC_FL_ZERO_RANGE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE, 1 << 20});
    const std::int64_t offset = w.draw_offset();
    const std::int64_t length = w.draw({std::int64_t{4096}, std::int64_t{0}, std::int64_t{1},
                                        std::int64_t{-1}, std::int64_t{10'000}, std::int64_t{1} << 17});
    w.compare([&](library_side& l) { return l.run(fallocate(l.at(of), mode, offset, length)); },
              [&](posix_side& p) {
                  return p.at(of, [&](int fd) {
                      if (offset < 0 || length <= 0) return answer{EINVAL, {}};
                      return answer_of(::fallocate(fd, mode, offset, length));
                  });
              });
}

template <auto Operation, int (*Call)(int)>
void sync_step(world& w) {
    const file_operand of = w.draw_file();
    w.compare([&](library_side& l) { return l.run(Operation(l.at(of))); },
              [&](posix_side& p) { return p.at(of, [](int fd) { return answer_of(Call(fd)); }); });
}

void sync_file_range_step(world& w) {
    const file_operand of = w.draw_file();
    const std::int64_t offset = w.draw_offset();
    const std::int64_t length = w.draw_offset();
    const unsigned flags = w.draw({0U, unsigned{SYNC_FILE_RANGE_WRITE}, 7U, 8U});
    w.compare([&](library_side& l) { return l.run(sync_file_range(l.at(of), offset, length, flags)); },
              [&](posix_side& p) {
                  return p.at(of, [&](int fd) {
                      if (offset < 0 || length < 0) return answer{EINVAL, {}};
                      return answer_of(::sync_file_range(fd, offset, length, flags));
                  });
              });
}

/// The handle is empty afterwards, whatever comes.
void close_step(world& w) {
    const std::size_t slot = w.draw_slot(file_slots);
    const bool as_number = w.draw_once_in(2);
    w.compare(
        [&](library_side& l) {
            return as_number ? l.run(close(l.files[slot].release())) : l.run(close(std::move(l.files[slot])));
        },
        [&](posix_side& p) {
            const int fd = std::exchange(p.files[slot], -1);
            return answer_of(::close(fd));
        });
}

}  // namespace

std::span<const step> file_steps() {
    static constexpr step all[] = {
        {"read", read_step<extent::once, false>},
        {"readv", read_step<extent::once, true>},
        {"read_exactly", read_step<extent::all, false>},
        {"readv_exactly", read_step<extent::all, true>},
        {"read_owned", read_owned_step<extent::once, false>},
        {"pread_owned", read_owned_step<extent::once, true>},
        {"read_exactly_owned", read_owned_step<extent::all, false>},
        {"pread_exactly_owned", read_owned_step<extent::all, true>},
        {"write", write_step<extent::once, false>},
        {"writev", write_step<extent::once, true>},
        {"write_all", write_step<extent::all, false>},
        {"writev_all", write_step<extent::all, true>},
        {"sendfile", sendfile_step},
        {"readahead", readahead_step},
        {"truncate", file_truncate_step},
        {"fallocate", fallocate_step},
        {"fsync", sync_step<fsync, ::fsync>},
        {"fdatasync", sync_step<fdatasync, ::fdatasync>},
        {"syncfs", sync_step<syncfs, ::syncfs>},
        {"sync_file_range", sync_file_range_step},
        {"close", close_step},
    };
    return all;
}

}  // namespace aio::test
