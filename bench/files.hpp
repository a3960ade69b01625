// SPDX-License-Identifier: MIT
// files: what the workloads work on, in a directory of its own that goes when it goes.
#pragma once

#include "slow_file_system.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class files {
  public:
    static constexpr std::uint64_t big_size = 256 << 20;
    static constexpr unsigned lanes_most = 4096;  // that may save files

    struct wishes {
        std::uint64_t big = 0;  // bytes of the big file; a power of two
        bool slow = false;      // mount the slow file system
    };

    /// Makes them below `directory`. Throws std::system_error.
    files(const std::string& directory, const wishes& what);
    files(const files&) = delete;
    files& operator=(const files&) = delete;
    ~files();

    /// Of 1,024 small files, another one for each operation.
    [[nodiscard]] const char* small(std::uint64_t operation) const {
        return small_[which(operation)].c_str();
    }
    [[nodiscard]] std::size_t small_size(std::uint64_t operation) const { return 1000 + which(operation); }

    /// The big file; each 4 KiB of it begin with `content` of where they are.
    [[nodiscard]] int big() const { return big_; }
    [[nodiscard]] int direct() const { return direct_; }
    [[nodiscard]] const std::string& big_path() const { return big_path_; }
    [[nodiscard]] std::uint64_t size() const { return big_bytes_; }
    /// Where an operation reads: scattered, and every place once before any comes again.
    [[nodiscard]] std::int64_t offset(std::uint64_t operation, std::size_t block) const;
    [[nodiscard]] static std::uint64_t content(std::uint64_t offset);
    /// Empties the page cache of the big file.
    void make_cold() const;

    /// Where a lane writes a file, and what it is called when it is finished.
    [[nodiscard]] const char* unfinished(unsigned lane) const {
        return unfinished_[lane % lanes_most].c_str();
    }
    [[nodiscard]] const char* saved(unsigned lane) const { return saved_[lane % lanes_most].c_str(); }

    [[nodiscard]] const char* fifo() const { return fifo_.c_str(); }
    [[nodiscard]] const char* slow(std::uint64_t operation) const {
        return slow_[operation % slow_.size()].c_str();
    }
    /// Why there is no slow file system.
    [[nodiscard]] const std::string& why_not_slow() const { return why_not_slow_; }
    /// Lets everything that hangs in the FIFO or the slow file system go. Any thread.
    void release() const;
    /// The slow file system is slow again.
    void slow_down() const {
        if (slow_mount_) slow_mount_->slow();
    }

    [[nodiscard]] const std::string& directory() const { return directory_; }

  private:
    static constexpr std::size_t small_count = 1024;
    [[nodiscard]] static std::size_t which(std::uint64_t operation) {
        return (operation * 387) % small_count;
    }
    void write_big();

    std::string directory_;
    std::string big_path_;
    std::string fifo_;
    std::string why_not_slow_;
    std::vector<std::string> small_, unfinished_, saved_, slow_;
    std::uint64_t big_bytes_;
    int big_ = -1;
    int direct_ = -1;
    std::unique_ptr<slow_file_system> slow_mount_;
};

}  // namespace bench
