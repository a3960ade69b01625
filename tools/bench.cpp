// SPDX-License-Identifier: MIT
// aio bench: how fast calls are here, beside plain ones, and which way they went.
#include <aio/context.hpp>
#include <aio/metadata.hpp>
#include <aio/read_write.hpp>
#include <aio/waiting.hpp>

#include "arguments.hpp"
#include "command.hpp"
#include "interrupt.hpp"
#include "output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace tool {

namespace {

using seconds = std::chrono::duration<double>;
using clock = std::chrono::steady_clock;

constexpr std::size_t block = 4096;
constexpr std::size_t blocks = 256;
constexpr std::size_t rounds = 3;  // each measures plain calls and ours; medians count

enum class call : std::uint8_t { stat, read, nop };

struct work {
    const char* name;
    call what;
    unsigned in_flight;
};
constexpr work works[] = {
    {"stat", call::stat, 1},        {"stat", call::stat, 64}, {"read 4 KiB", call::read, 1},
    {"read 4 KiB", call::read, 64}, {"nop", call::nop, 64},
};

/// The file that is looked at and read: the user's, or one of our own for a while.
class subject {
  public:
    std::error_code open(const std::string& path) {
        path_ = path;
        fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        struct stat status = {};
        if (fd_ < 0 || ::fstat(fd_, &status) != 0) return last_error();
        if (!S_ISREG(status.st_mode)) return std::make_error_code(std::errc::invalid_argument);
        blocks_ = std::clamp<std::size_t>(static_cast<std::size_t>(status.st_size) / block, 1, blocks);
        return {};
    }
    std::error_code make() {
        const char* directory = std::getenv("TMPDIR");
        path_ = std::string(directory && *directory ? directory : "/tmp") + "/aio-bench-XXXXXX";
        fd_ = ::mkostemp(path_.data(), O_CLOEXEC);
        if (fd_ < 0) return last_error();
        is_ours_ = true;
        const std::vector<char> content(block * blocks, 'a');
        const ssize_t written = ::write(fd_, content.data(), content.size());
        if (written < 0) return last_error();
        blocks_ = static_cast<std::size_t>(written) / block;  // of a disk that is nearly full, a few
        return blocks_ != 0 ? std::error_code() : std::make_error_code(std::errc::no_space_on_device);
    }
    subject() = default;
    subject(const subject&) = delete;
    subject& operator=(const subject&) = delete;
    ~subject() {
        if (is_ours_) ::unlink(path_.c_str());
        if (fd_ >= 0) ::close(fd_);
    }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] std::int64_t offset(std::size_t n) const noexcept {
        return static_cast<std::int64_t>(n % blocks_ * block);
    }

  private:
    static std::error_code last_error() { return {errno, std::system_category()}; }

    std::string path_;
    std::size_t blocks_ = blocks;
    int fd_ = -1;
    bool is_ours_ = false;
};

/// Calls a second, of plain calls on as many threads as can run at once.
double plain(const work& what, const subject& of, seconds time) {
    std::atomic<std::size_t> all{0};
    const clock::time_point begin = clock::now();
    const auto make_calls = [&] {
        std::array<char, block> into;
        std::size_t made = 0;
        for (bool over = false; !over; over = clock::now() - begin >= time || is_interrupted())
            for (int few = 0; few < 64; ++few, ++made) {
                struct stat found = {};
                const bool failed = what.what == call::stat
                                        ? ::stat(of.path().c_str(), &found) != 0
                                        : ::pread(of.fd(), into.data(), block, of.offset(made)) < 0;
                if (failed) break;  // ours says why
            }
        all += made;
    };
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < std::min(what.in_flight, std::max(1U, std::thread::hardware_concurrency())); ++i)
        others.emplace_back(make_calls);
    make_calls();
    others.clear();
    return static_cast<double>(all) / seconds(clock::now() - begin).count();
}

/// Keeps so many requests in flight: whichever ends begins the next.
class load {
  public:
    load(const work& what, const subject& of) : what_(what), of_(of), buffers_(what.in_flight) {}

    /// Calls a second.
    double run(seconds time) {
        const std::size_t before = made_;
        const clock::time_point begin = clock::now();
        over_ = false;
        for (std::size_t place = 0; place < what_.in_flight; ++place)
            submit(place);
        while (in_flight_ != 0) {
            io_.wait();
            io_.poll();
            over_ = clock::now() - begin >= time || is_interrupted();
        }
        return static_cast<double>(made_ - before) / seconds(clock::now() - begin).count();
    }
    [[nodiscard]] std::size_t made() const noexcept { return made_; }
    [[nodiscard]] std::error_code failed() const noexcept { return failed_; }
    [[nodiscard]] aio::statistics statistics() const { return io_.statistics(); }

  private:
    void submit(std::size_t place) {
        ++in_flight_;
        const auto ended = [this, place](const auto& result) {
            --in_flight_;
            ++made_;
            if (!result) failed_ = result.error();
            if (!over_ && !failed_) submit(place);
        };
        if (what_.what == call::stat)
            io_.submit(aio::stat(of_.path()), ended);
        else if (what_.what == call::read)
            io_.submit(aio::read(of_.fd(), buffers_[place], of_.offset(made_)), ended);
        else
            io_.submit(aio::nop(), ended);
    }

    const work& what_;
    const subject& of_;
    std::vector<std::array<std::byte, block>> buffers_;
    std::size_t in_flight_ = 0;
    std::size_t made_ = 0;
    bool over_ = false;
    std::error_code failed_;
    aio::context io_;  // goes first
};

double median(std::array<double, rounds> of) {
    std::ranges::sort(of);
    return of[rounds / 2];
}

std::string percent(std::size_t part, std::size_t whole) {
    return std::to_string(whole == 0 ? 0 : (100 * part + whole / 2) / whole) + "%";
}

/// A line of the table, or why there is none.
std::error_code measure(const work& what, const subject& of, seconds time, std::string& line) {
    load ours(what, of);
    std::array<double, rounds> here = {};
    std::array<double, rounds> there = {};
    for (std::size_t i = 0; i < rounds; ++i) {
        here[i] = ours.run(time);
        if (ours.failed()) return ours.failed();
        if (what.what != call::nop) there[i] = plain(what, of, time);
    }
    const double calls = median(here);
    const double limit = median(there);
    const aio::statistics ways = ours.statistics();
    const std::size_t all = ours.made();
    const std::size_t at_once = all - std::min(all, ways.ring_completed + ways.threads_completed);
    std::array<char, 128> text = {};
    std::array<char, 64> beside = {"          -      -"};
    if (limit > 0)
        std::snprintf(beside.data(), beside.size(), "%9.0f k %5.0f%%", limit / 1000, 100 * calls / limit);
    std::snprintf(
        text.data(), text.size(), "%-10s %9u %9.0f k %s %8s %5s %8s %9.1f\n", what.name, what.in_flight,
        calls / 1000, beside.data(), percent(at_once, all).c_str(), percent(ways.ring_completed, all).c_str(),
        percent(ways.threads_completed, all).c_str(),
        1000 * static_cast<double>(ways.wakeups) / static_cast<double>(std::max<std::size_t>(all, 1)));
    line = text.data();
    return {};
}

}  // namespace

int bench(std::span<char*> given) {
    std::optional<std::string> wanted;
    std::vector<std::string> files;
    arguments options("bench",
                      "Measures calls a second here, beside plain calls on\n"
                      "as many threads as there are processors, and shows\n"
                      "which way they went, and how many per thousand woke\n"
                      "somebody.");
    options.value("--seconds", "N", wanted, "for how long, each (0.1)");
    options.operands("FILE", files, 0, "to read; without one, one in $TMPDIR");
    if (auto status = options.parse(given)) return *status;
    double time = 0.1;
    if (wanted) {
        char* end = nullptr;
        time = std::strtod(wanted->c_str(), &end);
        if (wanted->empty() || *end || !(time > 0 && time <= 3600))
            return options.complain("--seconds: " + *wanted + " is not in 0...3600");
    }
    if (files.size() > 1) return options.complain("one FILE at most");

    report errors("bench");
    output out(errors);
    subject of;
    if (const auto failed = files.empty() ? of.make() : of.open(files.front())) {
        errors.error("open", of.path(), failed);
        return errors.status();
    }
    out.block() += "calls/s    in flight         aio       plain  of it  at once  ring  threads  wake-ups\n";
    for (const work& each : works) {
        std::string line;
        if (const auto failed = measure(each, of, seconds(time), line)) {
            errors.error(each.what == call::stat ? "stat" : "read", of.path(), failed);
            continue;
        }
        if (is_interrupted()) break;
        out.block() += line;
        out.flush();
        if (out.ended()) break;
    }
    out.finish();
    return errors.status();
}

}  // namespace tool
