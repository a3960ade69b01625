// Counts what is in a directory tree, many directories at a time. What the examples of event loops do
// meanwhile.
#pragma once

#include <aio/aio.hpp>

#include <cstddef>
#include <string>

class tree_count {
  public:
    tree_count(aio::context& io, const std::string& root) : io_(io) { enter(root); }

    std::size_t entries = 0;
    std::size_t directories = 0;
    std::size_t open = 0;  // directories that are being read
    bool done() const { return open == 0; }

  private:
    void enter(const std::string& path) {
        ++open;
        io_.submit(aio::readdir(path, {.stat_order = true, .nofollow = true}),
                   [this, path](aio::result<aio::directory_listing> listing) {
                       --open;
                       ++directories;
                       if (!listing) return;  // gone, or not for us to read
                       for (auto entry : *listing) {
                           ++entries;
                           if (entry.type == aio::file_type::directory)
                               enter(path + "/" + std::string(entry.name));
                       }
                   });
    }

    aio::context& io_;
};
