// SPDX-License-Identifier: MIT
// aio cat: writes files to standard output, in order, while the next ones are being loaded.
#include "arguments.hpp"
#include "command.hpp"
#include "interrupt.hpp"
#include "output.hpp"
#include "source.hpp"

#include <unistd.h>

#include <deque>

namespace tool {

namespace {

class concatenation {
  public:
    explicit concatenation(std::vector<std::string> paths) : paths_(std::move(paths)) {}

    int run() {
        while (begin_ahead()) {
            copy(*sources_.front());
            if (out_.ended()) break;  // a block that nobody wants may be on its way to this source
            sources_.pop_front();
        }
        out_.finish();
        return errors_.status();
    }

  private:
    // Files open at once, each with a block of 1 MiB.
    static constexpr std::size_t sources_ahead = 8;

    bool begin_ahead();
    void copy(source& from);
    void await(const source& from);

    std::vector<std::string> paths_;
    std::size_t next_ = 0;
    report errors_{"cat"};
    output out_{errors_};
    std::deque<std::unique_ptr<source>> sources_;
    aio::context io_;  // the last, so that the first to go: what is outstanding refers to the sources
};

/// Opens what comes next. False: nothing does.
bool concatenation::begin_ahead() {
    while (next_ < paths_.size() && sources_.size() < sources_ahead) {
        sources_.push_back(std::make_unique<source>(io_, paths_[next_++]));
        // Standard input may be named several times, or be wanted by a person; it is read in its turn.
        if (!sources_.back()->is_standard_input()) sources_.back()->begin();
    }
    return !sources_.empty();
}

void concatenation::copy(source& from) {
    if (from.is_standard_input()) from.begin();
    for (bool first = true; !out_.ended(); first = false) {
        await(from);
        const aio::result<std::string> block = from.take();
        if (!block) return errors_.error(from.operation(), from.path(), block.error());
        if (block->empty()) return;
        // It would grow for ever.
        if (first && from.is_same_file(STDOUT_FILENO))
            return errors_.error("read", from.path(), "this is also where the output goes");
        from.read();
        out_.write(*block);
    }
}

void concatenation::await(const source& from) {
    while (!from.is_ready()) {
        end_if_interrupted();
        io_.wait(aio::deadline(longest_wait));
        io_.poll();
    }
}

}  // namespace

int cat(std::span<char*> given) {
    std::vector<std::string> paths;
    arguments options("cat", "Writes each FILE to standard output, in order.");
    options.operands("FILE", paths, 0, "what to write; - is standard input");
    if (auto status = options.parse(given)) return *status;
    if (paths.empty()) paths.emplace_back("-");
    return concatenation(std::move(paths)).run();
}

}  // namespace tool
