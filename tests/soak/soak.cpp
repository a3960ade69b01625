// SPDX-License-Identifier: MIT
// aio_soak [MINUTES | --seconds N]: mixed load for a long time. Every request ends once, and memory,
// descriptors and threads stay what they were. A line each minute; the last says PASS or FAIL.
#include "support/leaks.hpp"
#include "support/sanitizers.hpp"
#include "support/storm.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace std::chrono_literals;
using aio::test::storm;
using aio::test::temporary_tree;

std::size_t resident_bytes() {
    std::size_t total = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// What a program may do with files, over and over.
class load {
  public:
    load() : path_(tree_.write("file", std::string(10'000, 'x'))) {
        ::mkfifo((tree_ / "fifo").c_str(), 0600);
        // They wait to the end, and hold nobody up.
        for (int i = 0; i < 32; ++i)
            io_.submit(aio::open(tree_ / "fifo", O_RDONLY), [this](const auto&) { ++early_; });
    }
    load(const load&) = delete;
    load& operator=(const load&) = delete;
    ~load() {
        const aio::file other_end(::open((tree_ / "fifo").c_str(), O_RDWR | O_CLOEXEC));
        io_.flush(10s);
    }

    void round() {
        ++rounds_;
        storm_round();
        run_tree();
        if (rounds_ % 16 == 0) fork_round();
        if (rounds_ % 8 == 0) {
            auto dropped = std::make_unique<aio::context>();
            storm some(*dropped, rounds_, path_);
            for (int i = 0; i < 100; ++i)
                some.step(true);
            dropped.reset();
        }
    }
    [[nodiscard]] unsigned long requests() const { return requests_; }
    [[nodiscard]] unsigned long wrong() const { return wrong_ + early_; }
    [[nodiscard]] std::size_t stuck() const { return io_.statistics().outstanding; }

  private:
    static constexpr aio::thread_limits limits = {.idle_timeout = 100ms};

    void expect(bool holds) { wrong_ += !holds; }

    void storm_round() {
        storm some(io_, rounds_, path_);
        for (int i = 0; i < 500; ++i)
            some.step(true);
        io_.threads(limits);
        const auto deadline = aio::clock::now() + 30s;
        while (some.delivered() < some.expected() && aio::clock::now() < deadline) {
            io_.wait(10ms);
            io_.poll();
        }
        expect(some.delivered() == some.expected());
        requests_ += static_cast<unsigned long>(some.expected());
    }

    aio::task<bool> work_at_a_tree() {
        const std::string from = tree_ / "from";
        const std::string to = tree_ / "to";
        auto made = co_await aio::make_directories(from + "/a/b/c");
        bool good = made.has_value();
        for (int i = 0; i < 8; ++i) {
            auto stored =
                co_await aio::store(from + "/a/" + std::to_string(i), "some text", {.durable = false});
            auto loaded = co_await aio::load(from + "/a/" + std::to_string(i));
            good &= stored && loaded && *loaded == "some text";
        }
        auto copied = co_await aio::copy_tree(from, to);
        auto counted = co_await aio::disk_usage(to);
        auto scanned = co_await aio::scandir(to + "/a");
        auto removed = co_await aio::rmtree(from);
        auto moved = co_await aio::move(to, from);
        auto removed_too = co_await aio::rmtree(from);
        good &= copied && counted && scanned && removed && moved && removed_too;
        requests_ += 24;
        co_return good;
    }
    void run_tree() { expect(io_.run(work_at_a_tree())); }

    /// The child is empty, and works.
    void fork_round() {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(io_.statistics().outstanding == 0 && io_.run(aio::stat(path_)) ? 0 : 1);
        int status = -1;
        expect(child > 0 && ::waitpid(child, &status, 0) == child && status == 0);
    }

    temporary_tree tree_{aio::test::in_memory()};
    std::string path_;
    aio::context io_{aio::context_options{.threads = limits}};
    std::uint32_t rounds_ = 0;
    unsigned long requests_ = 0, wrong_ = 0, early_ = 0;
};

struct figures {
    std::size_t resident = 0;
    std::size_t descriptors = 0;
    std::size_t threads = 0;
};

/// Dropped contexts close their descriptors when their workers are through, a little later.
figures measure(std::size_t descriptors_expected) {
    static_cast<void>(
        aio::test::eventually([&] { return aio::test::count_descriptors() == descriptors_expected; }));
    return {resident_bytes(), aio::test::count_descriptors(), aio::test::count_threads()};
}

void print(int part, const load& of, const figures& now, std::chrono::duration<double> took) {
    std::printf(
        "%3d: %lu requests, %.0f/s, %zu stuck, %.1f MiB resident, %zu descriptors, %zu threads, %lu wrong\n",
        part, of.requests(), static_cast<double>(of.requests()) / took.count(), of.stuck(),
        static_cast<double>(now.resident) / (1 << 20), now.descriptors, aio::test::count_threads(),
        of.wrong());
    std::fflush(stdout);
}

/// Memory may not grow after the first part; a sanitizer's quarantine does. Some threads may wait for work.
bool is_constant(const figures& first, const figures& last) {
    const std::size_t slack =
        aio::test::sanitized ? std::size_t{1} << 30 : std::max(first.resident / 10, std::size_t{4} << 20);
    return last.resident <= first.resident + slack && last.descriptors == first.descriptors &&
           last.threads <= first.threads + 8;
}

int soak(std::chrono::seconds part, int parts) {
    load all;
    all.round();  // whatever starts at need has started
    const std::size_t descriptors = aio::test::count_descriptors();
    std::optional<figures> first;
    figures last;
    const auto began = std::chrono::steady_clock::now();
    for (int i = 1; i <= parts; ++i) {
        while (std::chrono::steady_clock::now() - began < part * i)
            all.round();
        last = measure(descriptors);
        print(i, all, last, std::chrono::steady_clock::now() - began);
        if (!first) first = last;
    }
    const bool good = is_constant(*first, last) && all.wrong() == 0 && all.stuck() == 32;
    std::printf("%s: %lu requests, %.1f to %.1f MiB resident, %zu to %zu descriptors, %lu wrong\n",
                good ? "PASS" : "FAIL", all.requests(), static_cast<double>(first->resident) / (1 << 20),
                static_cast<double>(last.resident) / (1 << 20), first->descriptors, last.descriptors,
                all.wrong());
    return good ? 0 : 1;
}

int usage() {
    std::fputs("usage: aio_soak [MINUTES | --seconds N]\n", stderr);
    return 2;
}

}  // namespace

int main(int count, char** words) {
    const bool in_seconds = count == 3 && std::string_view(words[1]) == "--seconds";
    if (count > 2 && !in_seconds) return usage();
    const int time = count == 1 ? 60 : std::atoi(words[count - 1]);
    if (time < 1) return usage();
    // Seconds are for a quick look, in four parts.
    return in_seconds ? soak(std::chrono::seconds(std::max(time / 4, 1)), 4) : soak(60s, time);
}
