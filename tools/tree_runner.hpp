// SPDX-License-Identifier: MIT
// tree_runner: runs operations on trees for a command, one after the other.
#pragma once

#include "output.hpp"
#include "progress.hpp"
#include "report.hpp"

#include <aio/context.hpp>
#include <aio/copying.hpp>
#include <aio/trees.hpp>

#include <atomic>
#include <mutex>
#include <string>

namespace tool {

/// Whether a part of what was to be done is something done.
enum class counting : std::uint8_t { parts, whole };

/// Failures go to stderr, lines to stdout, progress to a terminal. Ctrl-C stops what is running, between two
/// entries, and what comes after it.
class tree_runner {
  public:
    /// `prints_results`: what is done is for its output, and in vain when nobody reads it any more.
    tree_runner(const char* command, bool show_progress, bool prints_results = false);

    /// To be given to every operation; its functions are set.
    [[nodiscard]] aio::tree_options options();
    /// What they do about a failure: say so, and go on.
    aio::on_failure failed(const aio::tree_failure& what);
    /// The same for copies, which count their bytes as they are written.
    [[nodiscard]] aio::copy_options copy_options();
    /// Runs a task to its end.
    template <class T>
    T run(aio::task<T> work) {
        std::optional<T> outcome;
        const aio::request request =
            io_.submit(std::move(work), [&](T value) { outcome.emplace(std::move(value)); });
        wait_for(request);
        return std::move(*outcome);
    }
    /// The same for the tree at `path`, and counts what was done.
    aio::tree_result run_tree(std::string_view path, aio::task<aio::tree_result> work,
                              counting what = counting::parts);

    /// Says what all operations together are about, so that progress can tell how much is left.
    void will_do(std::vector<std::string> paths) { paths_ = std::move(paths); }

    /// Adds to the output, from any thread; it is written now and then.
    void print(std::string_view text);
    /// Whether the rest is not wanted.
    [[nodiscard]] bool stopped() const noexcept;
    /// The exit status, after the last output. Says what was done if it was interrupted.
    [[nodiscard]] int finish();

    [[nodiscard]] report& errors() noexcept { return errors_; }
    [[nodiscard]] output& out() noexcept { return out_; }
    [[nodiscard]] aio::context& io() noexcept { return io_; }

  private:
    void wait_for(aio::request request);
    void pour();
    void measure();

    const char* command_;
    const bool prints_results_;
    report errors_;
    output out_{errors_};
    std::mutex mutex_;
    std::string printed_;  // under the mutex
    aio::copied_links links_;
    aio::context io_;
    progress progress_;
    std::atomic<std::uint64_t> written_{0};
    std::vector<std::string> paths_;  // to be measured once progress is shown
    std::size_t measuring_ = 0;
    aio::tree_progress all_;     // of those that are measured
    aio::tree_progress before_;  // of the operations that are over
};

}  // namespace tool
