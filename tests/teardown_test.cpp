// SPDX-License-Identifier: MIT
// Teardown in flight: once a request has let its memory go, neither a worker nor the kernel writes there.
#include "support/engines.hpp"
#include "support/patience.hpp"
#include "support/sanitizers.hpp"
#include "support/signals.hpp"
#include "support/temporary.hpp"

#include <aio/aio.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace aio::test {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t memory_size = 16 * 1024;
constexpr auto let_go = std::byte{0xdd};

/// Where memory goes that requests have let go. One half is forbidden, so that a write of the program's ends
/// it; the other is marked, so that one of the kernel's shows, which would only be refused otherwise.
class graveyard {
  public:
    void bury(std::byte* memory) {
        const std::scoped_lock held(mutex_);
        const bool forbidden = buried_.size() % 2;
        if (forbidden)
            ::mprotect(memory, memory_size, PROT_NONE);
        else
            std::fill_n(memory, memory_size, let_go);
        buried_.push_back({memory, forbidden});
    }
    /// How many were written to.
    [[nodiscard]] std::size_t disturbed() const {
        return static_cast<std::size_t>(std::ranges::count_if(buried_, [](const grave& each) {
            return !each.forbidden && std::any_of(each.memory, each.memory + memory_size,
                                                  [](std::byte b) { return b != let_go; });
        }));
    }
    [[nodiscard]] std::size_t size() const { return buried_.size(); }
    graveyard() = default;
    graveyard(const graveyard&) = delete;
    graveyard& operator=(const graveyard&) = delete;
    ~graveyard() {
        for (const grave& each : buried_)
            ::munmap(each.memory, memory_size);
    }

  private:
    struct grave {
        std::byte* memory;
        bool forbidden;
    };
    std::mutex mutex_;
    std::vector<grave> buried_;
};

/// Pages that belong to a request's callback, and are let go with it.
class guarded_memory {
  public:
    explicit guarded_memory(graveyard& after)
        : after_(after),
          bytes_(static_cast<std::byte*>(
              ::mmap(nullptr, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
    guarded_memory(const guarded_memory&) = delete;
    guarded_memory& operator=(const guarded_memory&) = delete;
    ~guarded_memory() { after_.bury(bytes_); }
    [[nodiscard]] std::span<std::byte> span() const { return {bytes_, memory_size}; }

  private:
    graveyard& after_;
    std::byte* bytes_;
};

/// A pipe that has something to read now and then.
class trickle {
  public:
    trickle() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::system_category(), "pipe2");
        from_ = file(ends[0]);
        ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
        writer_ = std::jthread([to = file(ends[1])](const std::stop_token& stop) {
            const std::string text(1000, 't');
            while (!stop.stop_requested()) {
                std::this_thread::sleep_for(200us);
                static_cast<void>(::write(to.fd(), text.data(), text.size()));
            }
        });
    }
    [[nodiscard]] const file& from() const { return from_; }

  private:
    file from_;
    std::jthread writer_;
};

class Teardown : public engine_test {};

TEST_P(Teardown, NothingIsWrittenAfterRelease) {
    const signal_storm signals;
    const temporary_tree tree;
    const file content(::open(tree.write("file", std::string(1 << 20, 'x')).c_str(), O_RDWR | O_CLOEXEC));
    graveyard buried;
    constexpr unsigned rounds = sanitized ? 30 : 100;
    constexpr std::size_t requests = 24;
    for (unsigned round = 0; round < rounds; ++round) {
        std::mt19937 dice(round);
        const trickle pipe;
        std::optional<engine_context> io(std::in_place, GetParam(), context_options{});
        std::optional<group> some(std::in_place, **io);
        std::vector<request> started;
        for (std::size_t i = 0; i < requests; ++i) {
            auto memory = std::make_shared<guarded_memory>(buried);
            const std::span<std::byte> span = memory->span();
            const auto offset = static_cast<std::int64_t>(dice() % (1 << 20));
            auto receive = [memory](const auto&) {};
            const bool from_pipe = GetParam().has_threads && i % 3 == 0;  // it may wait
            auto work = from_pipe    ? read(pipe.from(), span)
                        : i % 3 == 1 ? read(content, span, offset)
                                     : write(content, std::span<const std::byte>(span), offset);
            if (i % 4 == 0)
                some->add(std::move(work), std::move(receive));
            else
                started.push_back((*io)->submit(std::move(work), std::move(receive)));
        }
        for (std::size_t i = dice() % 10; i; --i) {
            request& hit = started[dice() % started.size()];
            dice() % 2 ? hit.cancel() : hit.forget();
            if (dice() % 3 == 0) (*io)->poll({.requests = 3, .time = {}});
        }
        if (round % 3 == 0) some.reset();
        if (round % 3 == 1) {
            EXPECT_TRUE((*io)->flush(long_enough()));
        }
        some.reset();
        started.clear();
        io.reset();
    }
    EXPECT_EQ(buried.size(), rounds * requests) << "memory was not let go";
    EXPECT_EQ(buried.disturbed(), 0U);
}

AIO_ON_EVERY_ENGINE(Teardown);

}  // namespace

}  // namespace aio::test
