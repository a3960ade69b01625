// SPDX-License-Identifier: MIT
// leaf_block: the block of one system call. Not part of the promise.
#pragma once

#include <aio/detail/engine.hpp>
#include <aio/result.hpp>

#include <algorithm>
#include <memory>
#include <string>

namespace aio::detail {

struct nothing {};

template <class T>
using stored = std::conditional_t<std::is_void_v<T>, nothing, T>;

/// The part of a leaf that does not depend on its types. Behind the most derived object lies the payload:
/// the call and its paths, which turn into the value.
class AIO_EXPORT leaf : public block {
  public:
    int run() noexcept override;
    void dispose() noexcept override;
    /// Makes the call if it cannot block: 0 and there is a value, or what row::try_now gives.
    [[nodiscard]] int try_now() noexcept;
    /// A ring made the call, which is over: takes what came of it instead of run(). Of an error only the
    /// number counts, else `count`, and `bytes` if the value is a string.
    void take(int failed, std::size_t count, std::string&& bytes) noexcept;
    [[nodiscard]] leaf* system_call() noexcept final { return this; }
    [[nodiscard]] const row& operation() const noexcept { return *row_; }
    [[nodiscard]] detail::call& arguments() noexcept {
        return *std::launder(static_cast<detail::call*>(payload()));
    }

  protected:
    explicit leaf(const row& row) noexcept : block(kind::leaf), row_(&row) {}
    ~leaf() override;

    /// Copies the call and its paths into the payload; or makes it, if it never blocks.
    void prepare(const detail::call& call) noexcept;
    [[nodiscard]] virtual void* payload() noexcept = 0;
    /// Bytes the payload needs for `call` with its paths.
    [[nodiscard]] static std::size_t payload_size(const detail::call& call) noexcept;
    /// Undoes what the value stands for, before it is destroyed unreceived.
    void undo() noexcept;

  private:
    /// Lets `make`, which gives an errno or 0, turn the arguments into the value.
    template <class Make>
    int turn(Make&& make) noexcept;

    const row* row_;
};

template <class T, class Callback>
class leaf_block final : public leaf {
  public:
    static block_pointer make(const row& row, const detail::call& call, Callback&& callback) {
        std::size_t bytes = offset() + std::max(payload_size(call), sizeof(stored<T>));
        return block_pointer(make_block<leaf_block>(bytes, row, call, std::move(callback)));
    }

    void deliver() override {
        if (error) return call_back(*this, *callback_, result<T>(aio::error(error)));
        has_value = false;
        if constexpr (std::is_void_v<T>) {
            call_back(*this, *callback_, result<T>());
        } else {
            result<T> outcome(std::move(value()));
            std::destroy_at(&value());
            call_back(*this, *callback_, std::move(outcome));
        }
    }
    void drop() noexcept override { callback_.drop(*this); }
    void discard() noexcept override {
        if (!has_value) return;
        has_value = false;
        undo();
        std::destroy_at(&value());
    }
    const void* outcome_type() const noexcept override { return &outcome_tag<result<T>>::here; }

    leaf_block(const row& row, const detail::call& call, Callback&& callback)
        : leaf(row), callback_(std::move(callback)) {
        prepare(call);
        if constexpr (std::is_same_v<Callback, no_callback>)
            wishes.store(nobody_receives, std::memory_order_relaxed);
    }
    ~leaf_block() override {
        drop();
        discard();
        leaf::dispose();
    }

  private:
    void* payload() noexcept override { return reinterpret_cast<std::byte*>(this) + offset(); }
    static constexpr std::size_t offset() noexcept {
        static_assert(alignof(leaf_block) <= alignof(std::max_align_t) &&
                      alignof(stored<T>) <= alignof(std::max_align_t));
        return (sizeof(leaf_block) + alignof(detail::call) - 1) / alignof(detail::call) *
               alignof(detail::call);
    }
    stored<T>& value() noexcept { return *std::launder(static_cast<stored<T>*>(payload())); }

    callback_slot<Callback> callback_;
};

}  // namespace aio::detail
