// SPDX-License-Identifier: MIT
// The one template behind <aio/loop/asio.hpp> and <aio/loop/boost_asio.hpp>. Not part of the promise.
#pragma once

#include <aio/loop/attachment.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace aio::detail {

/// What a completion handler is called with, for a request that delivers Outcome.
template <class ErrorCode, class Outcome>
struct asio_signature {
    using type = void(std::exception_ptr, Outcome);
};
template <class ErrorCode>
struct asio_signature<ErrorCode, nothing> {
    using type = void(std::exception_ptr);
};
template <class ErrorCode, class T>
struct asio_signature<ErrorCode, result<T>> {
    using type = void(ErrorCode, T);
};
template <class ErrorCode>
struct asio_signature<ErrorCode, result<>> {
    using type = void(ErrorCode);
};

/// A request's callback: calls an Asio completion handler where it belongs.
template <class Library, class Outcome, class Handler>
class asio_completion {
  public:
    using executor = decltype(Library::executor_of(std::declval<Handler&>(),
                                                   std::declval<const typename Library::executor&>()));

    asio_completion(Handler&& handler, const typename Library::executor& loop)
        : handler_(std::move(handler)),
          executor_(Library::executor_of(handler_, loop)),
          work_(Library::work_of(executor_)) {}

    void operator()(Outcome&& outcome) {
        if constexpr (!is_result<Outcome>)
            complete(std::exception_ptr(), std::move(outcome));
        else if constexpr (std::is_void_v<typename Outcome::value_type>)
            complete(Library::error_of(outcome));
        else if (outcome)
            complete(typename Library::error_code(), *std::move(outcome));
        else
            complete(Library::error_of(outcome), typename Outcome::value_type());
    }
    /// What a task threw.
    void failed(std::exception_ptr thrown)
        requires(!is_result<Outcome>)
    {
        complete(std::move(thrown), Outcome());
    }

  private:
    template <class First>
    void complete(First&& first, nothing&&) {
        complete(std::forward<First>(first));
    }
    template <class... Arguments>
    void complete(Arguments&&... arguments) {
        executor destination = executor_;
        Library::dispatch(destination, [handler = std::move(handler_), work = std::move(work_),
                                        ... values = std::forward<Arguments>(arguments)]() mutable {
            Library::clear(Library::cancellation_of(handler));  // here, where signals are emitted
            std::move(handler)(std::move(values)...);
        });
    }

    Handler handler_;
    executor executor_;
    decltype(Library::work_of(std::declval<const executor&>())) work_;
};

/// An adapter for Library's io_context.
template <class Library>
class basic_asio final : public loop::attachment {
  public:
    basic_asio(context& io, typename Library::io_context& loop,
               const poll_budget& budget = loop::default_budget)
        : attachment(io, budget, keeper::any_thread), executor_(loop.get_executor()) {
        auto watched = std::make_shared<watch>(loop, fd(), this);
        watch_ = watched;
        wait(std::move(watched));
    }
    ~basic_asio() override {
        detach();
        ended();
    }

    /// Starts `work` and calls the completion handler that `token` stands for. Requires: attached.
    template <work Work, class Token>
    auto async(Work&& work, Token&& token) {
        using outcome = typename Work::outcome;
        using signature = typename asio_signature<typename Library::error_code, outcome>::type;
        auto start = [this](auto&& handler, Work&& started) {
            using given = std::decay_t<decltype(handler)>;
            auto cancellation = Library::cancellation_of(handler);
            options how = started.how();
            auto block = std::move(started).into_block(
                asio_completion<Library, outcome, given>(std::move(handler), executor_));
            // Before it may be over, and the handler called, on another thread.
            Library::cancel_with(cancellation, request(block));
            try {
                submit(std::move(block), how);
            } catch (...) {
                Library::clear(cancellation);
                throw;
            }
        };
        return Library::template initiate<signature>(std::move(start), token, std::move(work));
    }

  private:
    /// Owned by the wait that is pending: if the io_context is destroyed first, this goes with it.
    struct watch {
        watch(typename Library::io_context& loop, int fd, basic_asio* by) : descriptor(loop, fd), owner(by) {}
        watch(const watch&) = delete;
        watch& operator=(const watch&) = delete;
        ~watch() { descriptor.release(); }  // it must not close what is the context's

        typename Library::descriptor descriptor;
        basic_asio* owner;
    };

    static void wait(std::shared_ptr<watch> watched) {
        auto& descriptor = watched->descriptor;
        descriptor.async_wait(
            Library::descriptor::wait_read,
            [watched = std::move(watched)](const typename Library::error_code& failed) mutable {
                if (!failed && watched->owner) ready(std::move(watched));
            });
    }
    /// Work, while it lives.
    class held {
      public:
        explicit held(const typename Library::executor& executor) : executor_(executor) {
            executor_.on_work_started();
        }
        held(const held&) = delete;
        held& operator=(const held&) = delete;
        ~held() { executor_.on_work_finished(); }

      private:
        typename Library::executor executor_;
    };

    static void ready(std::shared_ptr<watch> watched) {
        // What callbacks post is not counted yet: to let go of the loop in between would stop it.
        const held until_it_waits_again(watched->owner->executor_);
        try {
            watched->owner->poll();
        } catch (...) {
            if (watched->owner) wait(watched);
            throw;  // leaves io_context::run
        }
        if (watched->owner) wait(std::move(watched));
    }

    void keep(bool alive) noexcept override {
        if (watch_.expired()) return;
        // The pending wait counts as work. Not to be kept alive by it, one takes it out of the count.
        alive ? executor_.on_work_started() : executor_.on_work_finished();
    }
    void ended() noexcept override {
        auto watched = watch_.lock();
        if (!watched || !std::exchange(watched->owner, nullptr)) return;
        if (!keeping()) executor_.on_work_started();
        watched->descriptor.release();  // cancels the wait
    }

    typename Library::executor executor_;
    std::weak_ptr<watch> watch_;
};

}  // namespace aio::detail
