// SPDX-License-Identifier: MIT
// block: a request's one allocation. Not part of the promise: only the templates of the public headers use
// it.
#pragma once

#include <aio/export.hpp>
#include <aio/options.hpp>
#include <aio/path.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <new>
#include <utility>

namespace aio::detail {

class engine;
class group_block;
class leaf;
struct row;
struct extras;

/// Bytes to move, where from and to.
struct transfer {
    void* buffer = nullptr;
    std::size_t size = 0;
    std::int64_t offset = 0;
};

inline constexpr std::int64_t file_position = -1;  // transfer::offset: use and move the file's own position

/// The arguments of any system call we make; each operation's function says which it reads.
struct call {
    constexpr call() noexcept {}  // not defaulted: `call()` would be filled with zeros before
    target at;                    // what it acts on
    target to;                    // the second path or file, if it has two
    union {
        transfer data = {};
        timespec times[2];
    };
    int flags = 0;
    unsigned mode = 0;
};

enum class phase : std::uint8_t {
    fresh,      // made, not handed to a route yet
    queued,     // a route holds it; may be taken back
    waiting,    // for room in a ring; may be taken back
    taken,      // a worker has it in hand, and has not begun; may be taken back
    running,    // its call is being made
    done,       // its outcome is fixed
    abandoned,  // its outcome is fixed (given up), and a worker is still inside its call
    delivered,  // its callback runs, has run, or never will
};

/// What is at stake when a running call is given up, and what one accepts to lose by it.
enum class stake : std::uint8_t {
    nothing,  // it only looks, on the library's memory, or is undone: cancel gives it up
    effect,   // its effect may still come: a deadline and destruction give it up
    memory,   // it may still write to the caller's memory: only shutdown past its deadline does, and leaks
              // that
};

enum class kind : std::uint8_t { leaf, task, group };

/// Bits of block::wishes.
enum wish : std::uint8_t {
    nobody_receives = 1,  // no callback is called; a value may be discarded
    forgotten = 2,        // and none can be put in place any more
    discarded = 4,        // the value was
};

/// A started request: header, callback, and the call's arguments that turn into its value.
///
/// Referenced by the engine until delivered, by the handle, and by the worker of an abandoned call.
class AIO_EXPORT block {
  public:
    block(const block&) = delete;
    block& operator=(const block&) = delete;

    /// Leaf: makes the call, on any thread; 0 and a value, or an errno.
    virtual int run() noexcept { return 0; }
    /// Leaf: lets go of what its call would use, which is never made; again, nothing.
    virtual void dispose() noexcept {}
    /// Leaf: itself, if it makes a system call. Not a dynamic_cast: users may do without type information.
    [[nodiscard]] virtual leaf* system_call() noexcept { return nullptr; }
    /// Task: begins it, in poll.
    virtual void begin() noexcept {}
    /// Task and group: passes a cancellation on, in poll. `why` is ECANCELED or ETIMEDOUT.
    virtual void cancel_parts(int why) noexcept { static_cast<void>(why); }
    /// Calls the callback with the outcome, in poll.
    virtual void deliver() = 0;
    /// Destroys the callback, and the task's coroutine; what the callback owns dies here, never on a worker.
    virtual void drop() noexcept = 0;
    /// Destroys a value that nobody will receive, undoing what it stands for.
    virtual void discard() noexcept {}
    /// Identifies the callback's argument type, for replacing the callback; null if it cannot be replaced.
    [[nodiscard]] virtual const void* outcome_type() const noexcept { return nullptr; }

    /// It comes from another thread and all of it will be used: fetches its cache lines together, not one by
    /// one.
    void prefetch() const noexcept {
        for (std::size_t offset = 0; offset < 256; offset += 64)
            __builtin_prefetch(reinterpret_cast<const char*>(this) + offset, 1);
    }

    block* next = nullptr;  // in a route's queue, among the results, or among the parked
    block* previous = nullptr;
    engine* owner = nullptr;
    group_block* parent = nullptr;
    block* next_member = nullptr;
    block* previous_member = nullptr;
    extras* extra = nullptr;  // deadline, stop token, replaced callback: what few requests have
    std::atomic<std::uint32_t> references{1};
    std::atomic<std::int16_t> cause{0};  // why it was cancelled: an errno, 0 if it was not
    std::int16_t error = 0;              // errno of the outcome; written before it is published as done
    std::atomic<phase> state{phase::fresh};
    std::atomic<std::uint8_t> wishes{0};
    std::uint8_t size_class = 0;
    std::uint8_t era = 0;  // of the process that started it: a fork's child has another
    std::int8_t priority = 0;
    // Bits that different threads write stand in different bytes.
    const kind is : 2;
    stake at_stake : 2 = stake::nothing;  // leaf, while running; fixed when it is started
    bool may_be_quick : 1 = false;        // leaf: tried at once, by whoever starts it
    bool shielded : 1 = false;            // what contains it does not cancel it; fixed when it is started
    bool sheltered : 1 = false;  // that, or a task that awaits it is: shutdown leaves it, too; the same
    // Leaf: its file said so, when it was tried: what it reads is not there.
    bool answers_at_once : 1 = false;
    std::uint8_t : 0;
    bool begun : 1 = false;    // poller, task and group: the next delivery is the outcome
    bool dropped : 1 = false;  // poller: the callback is destroyed
    bool pending : 1 = false;  // poller: among the results taken from the completions
    bool batched : 1 = false;  // poller, leaf: a ring is to make it, with others
    std::uint8_t : 0;
    bool has_run : 1 = false;  // worker, leaf: the arguments are gone; before it is started: it never blocks
    bool has_value : 1 = false;  // worker, leaf: they have turned into the value
    bool half_made : 1 = false;  // worker, leaf: a ring may have written a part: too late to be cancelled

  protected:
    explicit block(kind which) noexcept : is(which) {}
    virtual ~block();  // by release() only

    friend AIO_EXPORT void release(block* request) noexcept;
};

/// What tasks and groups have in common: they are cancelled in poll only, so other threads leave a message.
class AIO_EXPORT composite : public block {
  public:
    composite* next_message = nullptr;
    composite* awaited_by = nullptr;  // task: the one that cannot go on, nor go, before it ends
    std::uint32_t walk = 0;           // in which the engine has come by, looking for who awaits
    std::atomic<bool> has_message{false};

  protected:
    using block::block;
    ~composite() override;
};

/// Drops one reference; the last destroys and frees the block.
AIO_EXPORT void release(block* request) noexcept;
inline block* retain(block* request) noexcept {
    // Relaxed: whoever retains holds a reference already.
    request->references.fetch_add(1, std::memory_order_relaxed);
    return request;
}

/// Memory for blocks and coroutine frames, from a cache of the calling thread; throws std::bad_alloc.
AIO_EXPORT void* allocate(std::size_t bytes);
[[nodiscard]] AIO_EXPORT std::uint8_t size_class_of(std::size_t bytes) noexcept;
AIO_EXPORT void deallocate(void* memory, std::uint8_t size_class) noexcept;

/// Allocates and makes a block.
template <class Block, class... Arguments>
[[nodiscard]] Block* make_block(std::size_t bytes, Arguments&&... arguments) {
    static_assert(alignof(Block) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "captures may not be over-aligned: capture a pointer");
    auto* made = new (allocate(bytes))
        Block(std::forward<Arguments>(arguments)...);  // moving a callback does not throw
    made->size_class = size_class_of(bytes);
    return made;
}

/// Holds one reference to a block.
class block_pointer {
  public:
    block_pointer() noexcept = default;
    explicit block_pointer(block* adopted) noexcept : block_(adopted) {}
    block_pointer(const block_pointer& other) noexcept
        : block_(other.block_ ? retain(other.block_) : nullptr) {}
    block_pointer(block_pointer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    block_pointer& operator=(block_pointer other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~block_pointer() {
        if (block_) detail::release(block_);
    }

    [[nodiscard]] block* get() const noexcept { return block_; }
    block* operator->() const noexcept { return block_; }
    block& operator*() const noexcept { return *block_; }
    explicit operator bool() const noexcept { return block_ != nullptr; }
    void reset() noexcept { *this = block_pointer(); }

  private:
    block* block_ = nullptr;
};

/// Storage for a callback that is destroyed by block::drop(), before its block.
template <class Callback>
class callback_slot {
  public:
    explicit callback_slot(Callback&& callback) { std::construct_at(&callback_, std::move(callback)); }
    callback_slot(const callback_slot&) = delete;
    callback_slot& operator=(const callback_slot&) = delete;
    ~callback_slot() {}  // whoever owns the block has called drop

    Callback& operator*() noexcept { return callback_; }
    void drop(block& of) noexcept {
        if (of.dropped) return;
        of.dropped = true;
        std::destroy_at(&callback_);
    }

  private:
    union {
        Callback callback_;
    };
};

/// The callback of a request that has none.
struct no_callback {
    template <class Outcome>
    void operator()(Outcome&&) const noexcept {}
    void operator()() const noexcept {}
};

}  // namespace aio::detail
