// A directory tree, copied while something else goes on: what the windows show.
#pragma once

#include <aio/aio.hpp>

#include <cstdint>
#include <string>

class tree_copy {
  public:
    tree_copy(aio::context& io, const std::string& from, const std::string& to) {
        aio::copy_options how;
        how.tree.progress = [this](const aio::tree_progress& now) { show(now); };
        io.submit(aio::copy_tree(from, to, how), [this](const aio::tree_result& result) {
            show(result);
            done = true;
        });
    }
    tree_copy(const tree_copy&) = delete;
    tree_copy& operator=(const tree_copy&) = delete;

    std::uint64_t entries = 0;
    std::uint64_t megabytes = 0;
    std::uint64_t failed = 0;
    bool done = false;

  private:
    void show(const auto& now) {
        entries = now.directories + now.others;
        megabytes = now.bytes >> 20;
        failed = now.failed;
    }
};
