// SPDX-License-Identifier: MIT
// group_block: the block of a group. Not part of the promise.
#pragma once

#include <aio/detail/engine.hpp>
#include <aio/result.hpp>

#include <memory>

namespace aio::detail {

/// A group's state. It executes nothing: it goes straight among the results (G-1), is parked when poll takes
/// it while it has members (G-2), and is delivered when it was taken once and has none (G-3). Polling thread
/// only, but for cancel and forget.
class AIO_EXPORT group_block : public composite {
  public:
    /// Adds members when asked to.
    class feeder {
      public:
        virtual ~feeder() = default;
        virtual void feed() = 0;
    };

    struct waiter {
        std::coroutine_handle<> awaiting;
        composite* task = nullptr;
        waiter* next = nullptr;
    };

    /// Makes a started request a member. EEXIST: it is in a group already. ELOOP: it contains this group.
    /// EINVAL: this group has finished, or it is another context's. A request that is done is ignored (G-5).
    [[nodiscard]] int add(block& request) noexcept;
    [[nodiscard]] bool open() const noexcept { return !finished; }

    void feed(std::unique_ptr<feeder> replacing) noexcept;  // G-10
    void set_limit(std::size_t members) noexcept;           // G-12
    void refill() noexcept;                                 // runs the feeder while below the limit

    void stop_feeding() noexcept;
    void cancel_members(int why) noexcept;         // G-9
    void cancel_parts(int why) noexcept override;  // G-8, if nobody receives its result
    void abandon_members() noexcept;

    void leave(block& member) noexcept;  // a member was delivered (M-12)

    block* first_member = nullptr;
    std::size_t members = 0;
    std::size_t limit = 0;
    bool finished = false;  // its callback runs or has run
    bool added = false;     // the feeder added something
    bool feeding = false;   // its feeder runs: it is not complete
    bool counted = false;   // as delivered, when it was taken up
    bool feeds_on = false;  // the feeder is wanted, if there is one
    std::unique_ptr<feeder> source;
    waiter* waiters = nullptr;  // the coroutines that await it

  private:
    void settle() noexcept;
    template <class Visit>
    void visit_all(Visit visit) noexcept;

  protected:
    group_block() noexcept : composite(kind::group) {}
    ~group_block() override;
};

template <class Callback>
class group_block_with final : public group_block {
  public:
    static block_pointer make(Callback&& callback) {
        return block_pointer(make_block<group_block_with>(sizeof(group_block_with), std::move(callback)));
    }
    void deliver() override {
        call_back(*this, *callback_, error ? result<>(aio::error(error)) : result<>());
    }
    void drop() noexcept override {
        source.reset();
        callback_.drop(*this);
    }
    const void* outcome_type() const noexcept override { return &outcome_tag<result<>>::here; }

    explicit group_block_with(Callback&& callback) : callback_(std::move(callback)) {}
    ~group_block_with() override { drop(); }

  private:
    callback_slot<Callback> callback_;
};

}  // namespace aio::detail
