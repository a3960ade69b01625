// SPDX-License-Identifier: MIT
#include <aio/detail/engine.hpp>
#include <aio/detail/leaf.hpp>

#include "extras.hpp"
#include "row.hpp"

#include <algorithm>
#include <cstring>

namespace aio::detail {

namespace {

// Apart from the cache: stores into a dying object may be optimised away.
thread_local bool cache_closed = false;

/// Blocks come and go millions of times a second, mostly freed by the thread that made them: a small stack of
/// free ones per size and thread is cheaper than any general allocator.
class block_cache {
  public:
    ~block_cache() {
        for (auto& each : classes_)
            while (each.first)
                ::operator delete(pop(each));
        cache_closed = true;
    }
    void* take(std::size_t bytes) {
        std::size_t which = class_of(bytes);
        if (which == none) return ::operator new(bytes);
        if (classes_[which].first) return pop(classes_[which]);
        return ::operator new(size_of(which));
    }
    static constexpr std::size_t class_of(std::size_t bytes) noexcept {
        return std::min((bytes + 7) / step, none);
    }
    void give(void* memory, std::size_t which) noexcept {
        if (which == none || cache_closed || classes_[which].free >= most) return ::operator delete(memory);
        classes_[which].first = new (memory) node{classes_[which].first};
        ++classes_[which].free;
    }

  private:
    struct node {
        node* next;
    };
    struct size_class {
        node* first = nullptr;
        std::size_t free = 0;
    };

    static constexpr std::size_t step = 16;
    static constexpr std::size_t none = 64;    // more than 1,000 bytes: not kept
    static constexpr std::size_t most = 1024;  // per class, so that a burst's memory goes back
    // malloc adds 8 bytes to a block and rounds to 16: sizes that leave no gap.
    static constexpr std::size_t size_of(std::size_t which) noexcept { return (which + 1) * step - 8; }

    static void* pop(size_class& from) noexcept {
        --from.free;
        return std::exchange(from.first, from.first->next);
    }

    size_class classes_[none];
};

thread_local block_cache cache;

}  // namespace

void* allocate(std::size_t bytes) {
    return cache.take(bytes);
}
std::uint8_t size_class_of(std::size_t bytes) noexcept {
    return static_cast<std::uint8_t>(block_cache::class_of(bytes));
}
void deallocate(void* memory, std::uint8_t size_class) noexcept {
    cache.give(memory, size_class);
}

block::~block() = default;
composite::~composite() = default;
replacement::~replacement() = default;

void release(block* request) noexcept {
    // Alone, nobody else can take a reference any more. Acquire: sees what the others did before they let go.
    if (request->references.load(std::memory_order_acquire) != 1 &&
        request->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    delete request->extra;
    std::uint8_t size_class = request->size_class;
    request->~block();
    deallocate(request, size_class);  // every block begins with its block
}

leaf::~leaf() = default;

void leaf::prepare(const call& call) noexcept {
    at_stake = row_->at_stake;
    if (row_->route == default_route::at_once) {
        has_run = true;  // before it is started: start() only has to hand on what came of it
        error = static_cast<std::int16_t>(row_->run(call, payload()));
        has_value = !error;
        return;
    }
    may_be_quick = row_->try_now != nullptr;
    auto* copied = new (payload()) detail::call(call);
    error = static_cast<std::int16_t>(copied->at.error ? copied->at.error : copied->to.error);
    char* behind = reinterpret_cast<char*>(copied + 1);
    for (target* each : {&copied->at, &copied->to}) {
        retain(each->keep);
        if (!each->path || error) continue;
        std::memcpy(behind, each->path, each->size);
        behind[each->size] = '\0';
        each->path = std::exchange(behind, behind + each->size + 1);
        each->terminated = true;
    }
}

void leaf::dispose() noexcept {
    if (has_run) return;
    has_run = true;
    release(arguments().at.keep);
    release(arguments().to.keep);
}

std::size_t leaf::payload_size(const call& call) noexcept {
    std::size_t bytes = sizeof call;
    for (const target* each : {&call.at, &call.to})
        if (each->path && !each->error) bytes += std::size_t(each->size) + 1;
    return bytes;
}

template <class Make>
int leaf::turn(Make&& make) noexcept {
    // The value takes the arguments' place: what they hold is let go by hand.
    descriptor* at = std::exchange(arguments().at.keep, nullptr);
    descriptor* to = std::exchange(arguments().to.keep, nullptr);
    has_run = true;
    const int failed = make();
    has_value = !failed;
    release(at);
    release(to);
    return failed;
}

int leaf::run() noexcept {
    return turn([this] { return row_->run(arguments(), payload()); });
}

void leaf::take(int failed, std::size_t count, std::string&& bytes) noexcept {
    turn([&] {
        if (failed) return failed;
        if (row_->ring->answer)
            row_->ring->answer->convert(bytes.data(), payload());
        else if (row_->ring->owns_buffer)
            std::construct_at(static_cast<std::string*>(payload()), std::move(bytes));
        else if (row_->ring->moves_bytes)
            std::construct_at(static_cast<std::size_t*>(payload()), count);
        return 0;
    });
}

int leaf::try_now() noexcept {
    descriptor* at = arguments().at.keep;
    descriptor* to = arguments().to.keep;
    if (const int failed = row_->try_now(arguments(), payload())) return failed;
    has_run = true;
    has_value = true;
    release(at);
    release(to);
    return 0;
}

void leaf::undo() noexcept {
    if (row_->undo) row_->undo(payload());
}

}  // namespace aio::detail
