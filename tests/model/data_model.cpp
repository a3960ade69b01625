// SPDX-License-Identifier: MIT
#include "model/data_model.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace aio::test {

namespace {

constexpr unsigned marks_count = 64;
constexpr std::size_t block_size = 4096;
constexpr auto untouched = std::byte{0xee};

constexpr std::uint64_t bit(unsigned mark) {
    return std::uint64_t{1} << mark;
}

/// The byte at `position` that has a mark, and back.
constexpr std::byte byte_of(unsigned mark, std::size_t position) {
    if (mark == 0) return {};
    return static_cast<std::byte>(1 + (mark - 1 + position) % (marks_count - 1));
}
constexpr std::uint64_t bit_of(std::byte byte, std::size_t position) {
    const auto value = static_cast<std::size_t>(byte);
    if (value == 0) return bit(0);
    if (value >= marks_count) return 0;
    constexpr std::size_t cycle = marks_count - 1;
    return bit(static_cast<unsigned>(1 + (value - 1 + cycle - position % cycle) % cycle));
}

/// Memory as O_DIRECT wants it.
class aligned_buffer {
  public:
    explicit aligned_buffer(std::size_t size)
        : bytes_(new(std::align_val_t(block_size)) std::byte[size]), size_(size) {
        std::fill_n(bytes_.get(), size, untouched);
    }
    [[nodiscard]] std::byte* data() const { return bytes_.get(); }
    [[nodiscard]] std::span<std::byte> span() const { return {bytes_.get(), size_}; }

  private:
    struct free {
        void operator()(std::byte* bytes) const { ::operator delete[](bytes, std::align_val_t(block_size)); }
    };
    std::unique_ptr<std::byte[], free> bytes_;
    std::size_t size_;
};

/// A buffer in two pieces, whole blocks if it is that.
std::array<iovec, 2> pieces_of(const aligned_buffer& buffer) {
    const std::size_t size = buffer.span().size();
    const std::size_t first = size % block_size == 0 ? size / 2 / block_size * block_size : size / 3;
    return {iovec{buffer.data(), first}, iovec{buffer.data() + first, size - first}};
}

/// What one operation needs until its end.
struct transfer {
    explicit transfer(std::size_t size) : buffer(size), pieces(pieces_of(buffer)) {}

    aligned_buffer buffer;
    std::array<iovec, 2> pieces;

    [[nodiscard]] std::span<const iovec> vectors() const { return pieces; }
};

}  // namespace

/// One operation, from before it is started until its end was seen.
struct data_model::flight {
    extent bytes;
    bool changes = false;
    unsigned mark = 0;
    std::vector<flight*> met;           // were in flight at the same time
    std::vector<std::uint64_t> before;  // what the bytes could be when it began to read
};

data_model::data_model(context& io, file& open, const settings& how)
    : io_(io), file_(open), how_(how), dice_(how.seed), marks_(capacity, bit(0)) {}

data_model::~data_model() = default;

void data_model::differs(const std::string& what) {
    if (difference_.empty()) difference_ = what;
}

void data_model::play(int operations) {
    for (int i = 0; i < operations && difference_.empty(); ++i) {
        while (in_flight_.size() >= in_flight_max) {
            io_.wait();
            io_.poll();
        }
        const auto choice = dice_.below(20);
        if (choice < 8)
            start_read();
        else if (choice < 14)
            start_write();
        else if (choice < 16)
            start_change_of_size();
        else if (choice < 18)
            start_zeroing();
        else if (choice < 19)
            start_sync();
        else if (dice_.chance(0.3))
            io_.flush();
        else
            io_.poll();
        if (in_flight_.empty()) look();
    }
    io_.flush();
    look();
}

data_model::extent data_model::draw_extent() {
    const std::size_t unit = how_.direct ? block_size : 1;
    const std::size_t longest = dice_.chance(0.2) ? 20'000 : 3 * block_size / 2;
    const std::size_t from = dice_.below(capacity / unit) * unit;
    const std::size_t size = unit * (1 + dice_.below(std::max(longest / unit, std::size_t{1})));
    return {from, std::min(capacity, from + size)};
}

/// Delivers until nothing in flight touches these bytes.
void data_model::await_clear(extent of) {
    while (std::ranges::any_of(in_flight_, [&](const flight* each) {
        return each->bytes.from < of.to && of.from < each->bytes.to;
    })) {
        io_.wait();
        io_.poll();
    }
}

data_model::flight& data_model::begin(extent of, bool changes, unsigned mark) {
    if (!how_.overlapping) await_clear(of);
    flight& each = flights_.emplace_back();
    each.bytes = of;
    each.changes = changes;
    each.mark = mark;
    each.met = in_flight_;
    for (flight* other : in_flight_)
        other->met.push_back(&each);
    in_flight_.push_back(&each);
    most_in_flight_ = std::max(most_in_flight_, in_flight_.size());
    return each;
}

void data_model::end(flight& each) {
    std::erase(in_flight_, &each);
}

void data_model::finish_change(flight& each, std::size_t changed) {
    const std::size_t end = each.bytes.from + changed;
    std::fill(marks_.begin() + static_cast<std::ptrdiff_t>(each.bytes.from),
              marks_.begin() + static_cast<std::ptrdiff_t>(end), bit(each.mark));
    for (const flight* other : each.met) {
        if (!other->changes) continue;
        for (std::size_t at = std::max(each.bytes.from, other->bytes.from);
             at < std::min(end, other->bytes.to); ++at)
            marks_[at] |= bit(other->mark);
    }
}

// Reading.

void data_model::start_read() {
    const auto [from, to] = draw_extent();
    flight& each = begin({from, to}, false, 0);
    each.before.assign(marks_.begin() + static_cast<std::ptrdiff_t>(from),
                       marks_.begin() + static_cast<std::ptrdiff_t>(to));
    const auto offset = static_cast<std::int64_t>(from);
    const std::size_t size = to - from;
    const auto form = dice_.below(how_.direct ? 4 : 6);
    if (form >= 4) {  // into memory of its own
        const bool whole = form == 5;
        auto receive = [this, &each, whole](const result<std::string>& got) {
            if (!got) return finish_read(each, nullptr, std::unexpected(got.error()), whole);
            finish_read(each, reinterpret_cast<const std::byte*>(got->data()), got->size(), whole);
        };
        io_.submit(whole ? read_exactly(file_, size, offset) : read(file_, size, offset), receive);
        return;
    }
    auto memory = std::make_shared<transfer>(size);
    const bool whole = form % 2;
    auto receive = [this, &each, memory, whole](const result<std::size_t>& got) {
        finish_read(each, memory->buffer.data(), got, whole);
        const auto rest = memory->buffer.span().subspan(got.value_or(0));
        if (how_.direct) return;  // the device writes whole blocks, also where the file has ended meanwhile
        if (std::ranges::any_of(rest, [](std::byte byte) { return byte != untouched; }))
            differs("a read touched more than it gave");
    };
    const std::span<std::byte> into = memory->buffer.span();
    if (form < 2)
        io_.submit(whole ? read_exactly(file_, into, offset) : read(file_, into, offset), receive);
    else
        io_.submit(
            whole ? read_exactly(file_, memory->vectors(), offset) : read(file_, memory->vectors(), offset),
            receive);
}

void data_model::finish_read(flight& each, const std::byte* bytes, const result<std::size_t>& outcome,
                             bool whole) {
    end(each);
    if (!outcome) {
        if (!how_.with_faults) differs("read: " + outcome.error().message());
        return;
    }
    const auto available = [&](std::size_t size) {
        return std::clamp(size, each.bytes.from, each.bytes.to) - each.bytes.from;
    };
    const bool may_be_short = how_.with_faults && !whole;
    if (*outcome > available(size_high_) || (*outcome < available(size_low_) && !may_be_short))
        differs("a read of " + std::to_string(each.bytes.to - each.bytes.from) + " bytes at " +
                std::to_string(each.bytes.from) + " gave " + std::to_string(*outcome) +
                "; the size is between " + std::to_string(size_low_) + " and " + std::to_string(size_high_));
    std::vector<std::uint64_t>& allowed = each.before;
    for (const flight* other : each.met) {
        if (!other->changes) continue;
        for (std::size_t at = std::max(each.bytes.from, other->bytes.from);
             at < std::min(each.bytes.to, other->bytes.to); ++at)
            allowed[at - each.bytes.from] |= bit(other->mark);
    }
    for (std::size_t i = 0; i < *outcome; ++i)
        if (!(allowed[i] & bit_of(bytes[i], each.bytes.from + i)))
            return differs("read " + std::to_string(static_cast<int>(bytes[i])) + " at " +
                           std::to_string(each.bytes.from + i) + ", which was never there");
}

// Changing.

void data_model::start_write() {
    const auto [from, to] = draw_extent();
    last_mark_ = last_mark_ % (marks_count - 1) + 1;
    flight& each = begin({from, to}, true, last_mark_);
    size_high_ = std::max(size_high_, to);
    auto memory = std::make_shared<transfer>(to - from);
    for (std::size_t at = from; at < to; ++at)
        memory->buffer.data()[at - from] = byte_of(each.mark, at);
    const auto form = dice_.below(4);
    const bool whole = form % 2;
    auto receive = [this, &each, memory, whole](const result<std::size_t>& done) {
        end(each);
        if (!done && !how_.with_faults) differs("write: " + done.error().message());
        if (!done) return;
        finish_change(each, *done);
        sizes_.push_back(each.bytes.from + *done);
        if (each.bytes.from + *done != each.bytes.to && (whole || !how_.with_faults))
            differs("a write was short");
    };
    const auto offset = static_cast<std::int64_t>(from);
    const std::span<const std::byte> bytes = memory->buffer.span();
    if (form < 2)
        io_.submit(whole ? write_all(file_, bytes, offset) : write(file_, bytes, offset), receive);
    else
        io_.submit(
            whole ? write_all(file_, memory->vectors(), offset) : write(file_, memory->vectors(), offset),
            receive);
}

void data_model::start_change_of_size() {
    const std::size_t from = draw_extent().from;
    flight& each = begin({from, capacity}, true, 0);
    size_low_ = std::min(size_low_, from);
    size_high_ = std::max(size_high_, from);
    auto receive = [this, &each](const result<>& done) {
        end(each);
        if (!done && !how_.with_faults) differs("truncate: " + done.error().message());
        if (!done) return;
        finish_change(each, capacity - each.bytes.from);
        sizes_.push_back(each.bytes.from);
        was_truncated_ = true;
    };
    io_.submit(truncate(file_, static_cast<std::int64_t>(from)), receive);
}

/// A hole, or zeros where the file system has them; the size stays.
void data_model::start_zeroing() {
    const auto [from, to] = draw_extent();
    flight& each = begin({from, to}, true, 0);
    const bool punch = dice_.chance(0.5);
    const int mode = (punch ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE) | FALLOC_FL_KEEP_SIZE;
    auto receive = [this, &each](const result<>& done) {
        end(each);
        if (done) return finish_change(each, each.bytes.to - each.bytes.from);
        if (!how_.with_faults && done.error() != std::errc::operation_not_supported)
            differs("fallocate: " + done.error().message());
    };
    io_.submit(fallocate(file_, mode, static_cast<std::int64_t>(from), static_cast<std::int64_t>(to - from)),
               receive);
}

void data_model::start_sync() {
    flight& each = begin({}, false, 0);
    auto receive = [this, &each](const result<>& done) {
        end(each);
        if (!done && !how_.with_faults) differs("fsync: " + done.error().message());
    };
    io_.submit(dice_.chance(0.5) ? fsync(file_) : fdatasync(file_), receive);
}

// Looking.

std::string data_model::content() const {
    struct ::stat status = {};
    ::fstat(file_.fd(), &status);
    const auto size = static_cast<std::size_t>(status.st_size);
    const aligned_buffer buffer(capacity);
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got =
            ::pread(file_.fd(), buffer.data() + done, capacity - done, static_cast<off_t>(done));
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    return {reinterpret_cast<const char*>(buffer.data()), done};
}

/// Nothing is in flight: where nothing overlapped there is one thing that a byte can be.
void data_model::look() {
    if (!in_flight_.empty()) differs("something is in flight after flush");
    const std::string now = content();
    if (was_truncated_) {
        sizes_.push_back(size_);
        if (std::ranges::find(sizes_, now.size()) == sizes_.end())
            differs("the size is none that it was given");
    } else {
        for (const std::size_t each : sizes_)
            size_ = std::max(size_, each);
        if (now.size() != size_) differs("the size is not that of the longest write");
    }
    for (std::size_t at = 0; at < capacity; ++at) {
        const auto byte = at < now.size() ? static_cast<std::byte>(now[at]) : std::byte{0};
        const std::uint64_t mark = bit_of(byte, at);
        if (!(marks_[at] & mark))
            return differs("byte " + std::to_string(at) + " is " + std::to_string(static_cast<int>(byte)) +
                           ", which nobody wrote last");
        marks_[at] = mark;
    }
    size_ = size_low_ = size_high_ = now.size();
    sizes_.clear();
    was_truncated_ = false;
    flights_.clear();
}

}  // namespace aio::test
