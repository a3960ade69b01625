// SPDX-License-Identifier: MIT
#include "tree_runner.hpp"

#include "command.hpp"
#include "interrupt.hpp"
#include "size_text.hpp"

#include <cstdio>

namespace tool {

tree_runner::tree_runner(const char* command, bool show_progress, bool prints_results)
    : command_(command), prints_results_(prints_results), errors_(command), progress_(show_progress) {}

aio::tree_options tree_runner::options() {
    aio::tree_options made;
    made.failed = [this](const aio::tree_failure& each) { return failed(each); };
    if (progress_.wanted())
        made.progress = [this](const aio::tree_progress& now) {
            progress_.note(before_.directories + before_.others + now.directories + now.others,
                           before_.bytes + now.bytes);
        };
    return made;
}

aio::on_failure tree_runner::failed(const aio::tree_failure& what) {
    progress_.erase();
    errors_.error(what.operation, what.path, what.reason);
    return aio::on_failure::go_on;
}

aio::copy_options tree_runner::copy_options() {
    aio::copy_options made;
    made.tree = options();
    made.links = &links_;
    if (progress_.wanted()) made.written = [this](std::uint64_t bytes) { written_ += bytes; };
    return made;
}

void tree_runner::wait_for(aio::request request) {
    bool was_stopped = false;
    while (!request.done()) {
        io_.wait(aio::deadline(longest_wait));
        io_.poll();
        pour();
        progress_.note_bytes(written_);
        progress_.show(errors_.count());
        if (progress_.is_shown()) measure();
        if (stopped() && !std::exchange(was_stopped, true)) request.cancel();
    }
    progress_.erase();
}

/// Only now: what is over in a second needs no estimate.
void tree_runner::measure() {
    for (const std::string& path : std::exchange(paths_, {})) {
        ++measuring_;
        aio::disk_usage_options how;
        how.apparent_size = true;
        how.tree.limit = 1;
        io_.submit(aio::disk_usage(path, how), [this](const aio::tree_result& found) {
            all_.others += found.directories + found.others;
            all_.bytes += found.bytes;
            if (--measuring_ == 0) progress_.expect(all_.others, all_.bytes);
        });
    }
}

aio::tree_result tree_runner::run_tree(std::string_view path, aio::task<aio::tree_result> work,
                                       counting what) {
    aio::tree_result done = run(std::move(work));
    if (done || what == counting::parts) {
        before_.directories += done.directories;
        before_.others += done.others;
        before_.bytes += done.bytes;
    }
    if (done.stopped && !stopped()) errors_.error("stopped", path, done.stopped);
    return done;
}

void tree_runner::print(std::string_view text) {
    const std::lock_guard lock(mutex_);
    printed_ += text;
}

void tree_runner::pour() {
    {
        const std::lock_guard lock(mutex_);
        out_.block() += printed_;
        printed_.clear();
    }
    if (!out_.is_terminal()) return out_.pour();
    if (!out_.block().empty()) progress_.erase();
    out_.flush();
}

bool tree_runner::stopped() const noexcept {
    return is_interrupted() || (prints_results_ && out_.ended());
}

int tree_runner::finish() {
    const bool was_interrupted = is_interrupted();
    pour();
    out_.finish();
    if (was_interrupted) {
        std::string done = std::to_string(before_.directories + before_.others) + " entries";
        if (before_.bytes != 0) done += ", " + size_text(before_.bytes);
        std::fprintf(stderr, "aio %s: interrupted after %s\n", command_, done.c_str());
    }
    return errors_.status();
}

}  // namespace tool
