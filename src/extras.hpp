// SPDX-License-Identifier: MIT
// extras: what few requests have. A deadline, a stop token, a replaced callback, a trace.
#pragma once

#include <aio/detail/engine.hpp>

#include <memory>
#include <optional>
#include <stop_token>

namespace aio::detail {

struct extras {
    struct stopper {
        block* request;
        void operator()() const noexcept { cancel(*request, ECANCELED); }
    };

    clock::time_point due = clock::time_point::max();
    std::uint64_t number = 0;  // decides between requests that are due together
    std::optional<std::stop_callback<stopper>> stop;
    std::unique_ptr<replacement> callback;
    clock::time_point began;      // if it is traced
    const char* route = nullptr;  // that it went last, if it is traced
};

}  // namespace aio::detail
