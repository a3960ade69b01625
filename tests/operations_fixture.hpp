// SPDX-License-Identifier: MIT
// What the tests of the operations share: a directory of their own, a context, and every way a path can be
// wrong.
#pragma once

#include <aio/aio.hpp>

#include "support/child.hpp"
#include "support/leaks.hpp"
#include "support/temporary.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace aio::test {

/// The errno of a failed result, 0 of a successful one.
template <class T>
int failure(const result<T>& made) {
    return made ? 0 : made.error().value();
}

class operations : public leak_checked {
  protected:
    void SetUp() override {
        leak_checked::SetUp();
        tree_.emplace();
        root = tree_->root().string();
        io.emplace();
    }

    void TearDown() override {
        io.reset();
        tree_.reset();
        leak_checked::TearDown();
    }

    template <class Work>
    auto run(Work&& work) {
        return io->run(std::forward<Work>(work));
    }

    [[nodiscard]] std::string path(std::string_view name) const { return root + "/" + std::string(name); }

    std::string make_file(std::string_view name, std::string_view content = "") const {
        std::string made = path(name);
        std::ofstream(made, std::ios::binary) << content;
        return made;
    }

    std::string make_fifo(std::string_view name) const {
        std::string made = path(name);
        EXPECT_EQ(::mkfifo(made.c_str(), 0600), 0);
        return made;
    }

    static std::string content(const std::string& of) { return aio::test::content_of(of); }

    aio::file open(const std::string& name, int flags = O_RDWR) {
        auto made = run(aio::open(name, flags));
        EXPECT_TRUE(made) << name << ": " << made.error().message();
        return made ? std::move(*made) : aio::file();
    }

    aio::directory open_root() {
        auto made = run(aio::open_directory(root));
        EXPECT_TRUE(made);
        return made ? std::move(*made) : aio::directory();
    }

    /// A number that is no open descriptor.
    static int closed_fd() {
        int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(fd);
        return fd;
    }

    /// A pair of pipe ends.
    struct pipe_ends {
        aio::file out, in;  // to read from, to write to
    };
    static pipe_ends make_pipe(int flags = 0) {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC | flags), 0);
        return {aio::file(ends[0]), aio::file(ends[1])};
    }

    /// Calls `check` in a child that is the user nobody, so that permissions count; gives what it returned.
    static int as_nobody(const std::function<int()>& check) {
        const child_end end = run_in_child([&] {
            become_nobody();
            ::_exit(check());
        });
        EXPECT_FALSE(end.timed_out);
        EXPECT_EQ(end.signal, 0) << end.output;
        return end.status;
    }

    std::string root;
    std::optional<aio::context> io;

  private:
    std::optional<temporary_tree> tree_;
};

/// Every way in which a path can be wrong, for any operation on a path that must exist.
/// `attempt(path)` runs the operation and gives its errno.
template <class Attempt>
void expect_bad_paths_refused(const std::string& root, Attempt&& attempt) {
    using namespace std::string_literals;
    EXPECT_EQ(attempt(aio::path_view(root + "/missing")), ENOENT);
    EXPECT_EQ(attempt(aio::path_view("")), ENOENT);
    EXPECT_EQ(attempt(aio::path_view(std::string_view())), ENOENT);
    EXPECT_EQ(attempt(aio::path_view(static_cast<const char*>(nullptr))), EINVAL);
    EXPECT_EQ(attempt(aio::path_view(root + "\0missing"s)), EINVAL) << "M-9: a NUL must not cut the path";
    EXPECT_EQ(attempt(aio::path_view(std::string(4096, 'x'))), ENAMETOOLONG);
    EXPECT_EQ(attempt(aio::path_view(std::string(100'000, 'x').c_str())), ENAMETOOLONG);
    EXPECT_EQ(attempt(aio::path_view(root + "/" + std::string(256, 'x'))), ENAMETOOLONG)
        << "the kernel's own limit";
    EXPECT_EQ(attempt({aio::directory(), "missing"}), EBADF) << "an empty handle";
    aio::directory base(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    EXPECT_EQ(attempt({base, "missing"}), ENOENT);
    EXPECT_EQ(attempt({base, ""}), ENOENT) << "an empty path is not the directory itself";
}

}  // namespace aio::test
