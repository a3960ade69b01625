// SPDX-License-Identifier: MIT
// data_model: a file that many operations work at together, and what may then be in it.
#pragma once

#include "random_source.hpp"

#include <aio/context.hpp>
#include <aio/file.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace aio::test {

/// Starts operations on one file, and knows for each byte what it may be.
///
/// Each operation that changes a byte stands for one of 64 marks: 0 for zeros, the others for what is
/// written, as bytes that also depend on the position, so that what lands elsewhere shows. For each byte
/// there is the set of marks that it may have. An operation that has ended has happened: of what it changed,
/// its own mark is left, and those of the operations that were in flight together with it, in whatever order
/// they happened.
class data_model {
  public:
    struct settings {
        std::uint64_t seed = 0;
        bool direct = false;       // the file is open with O_DIRECT: whole blocks only
        bool overlapping = true;   // operations in flight touch the same bytes
        bool with_faults = false;  // errors and short counts are to be expected
    };
    static constexpr std::size_t in_flight_max = 32;
    static constexpr std::size_t capacity = 64 * 1024;

    data_model(context& io, file& open, const settings& how);
    data_model(const data_model&) = delete;
    data_model& operator=(const data_model&) = delete;
    ~data_model();

    /// Starts so many operations, looks at the file whenever none is in flight, and at the end.
    void play(int operations);
    /// What was not as it may be; empty if all was.
    [[nodiscard]] const std::string& difference() const { return difference_; }
    /// How many operations there were at once that had not been delivered.
    [[nodiscard]] std::size_t most_in_flight() const { return most_in_flight_; }
    /// What is in the file now, as plain calls see it.
    [[nodiscard]] std::string content() const;

  private:
    struct flight;
    struct extent {
        std::size_t from = 0;
        std::size_t to = 0;
    };

    [[nodiscard]] extent draw_extent();
    void await_clear(extent of);
    flight& begin(extent of, bool changes, unsigned mark);
    void end(flight& each);
    void start_read();
    void start_write();
    void start_change_of_size();
    void start_zeroing();
    void start_sync();
    void finish_read(flight& each, const std::byte* bytes, const result<std::size_t>& outcome, bool whole);
    void finish_change(flight& each, std::size_t changed);
    void look();
    void differs(const std::string& what);

    context& io_;
    file& file_;
    settings how_;
    detail::random_source dice_;
    std::vector<std::uint64_t> marks_;  // of each byte, a bit for each that it may have
    std::deque<flight> flights_;        // all since nothing was in flight
    std::vector<flight*> in_flight_;
    std::size_t most_in_flight_ = 0;
    unsigned last_mark_ = 0;
    // What the size was when nothing was in flight, and between which it may be now.
    std::size_t size_ = 0, size_low_ = 0, size_high_ = 0;
    std::vector<std::size_t> sizes_;  // that writes and truncates have given it since
    bool was_truncated_ = false;
    std::string difference_;
};

}  // namespace aio::test
