// SPDX-License-Identifier: MIT
// work: what can be started. Operations, functions (aio::call) and tasks.
#pragma once

#include <aio/detail/engine.hpp>
#include <aio/detail/leaf.hpp>

#include <concepts>
#include <type_traits>

namespace aio {

/// Anything that `context::submit`, `context::run`, `group::add`, `when_all` and `when_any` take.
/// `Work::outcome` is what it delivers: `result<T>` for an operation, T for a task.
template <class Work>
concept work = !std::is_lvalue_reference_v<Work> && requires(Work&& work) {
    typename Work::outcome;
    { work.how() } -> std::convertible_to<options>;
    { std::move(work).into_block(detail::no_callback()) } -> std::same_as<detail::block_pointer>;
};

/// A callback for Work: called once with its outcome. For a `task<void>`, with nothing.
template <class Callback, class Work>
concept receives = std::move_constructible<Callback> &&
                   (std::invocable<Callback&, typename Work::outcome> ||
                    (std::same_as<typename Work::outcome, detail::nothing> && std::invocable<Callback&>));

}  // namespace aio
