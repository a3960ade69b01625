// SPDX-License-Identifier: MIT
// job: work for several workers at once, in slices, so that others' requests and the poller get their turn.
#pragma once

#include <cstddef>

namespace aio::detail {

class job {
  public:
    job() = default;
    job(const job&) = delete;
    job& operator=(const job&) = delete;
    virtual ~job() = default;

    /// A slice of the work, on a worker's thread. No two slices with the same number are made at once.
    virtual void work(std::size_t number) noexcept = 0;
    /// How many slices are worth being made at once. 0 while there are none: the team goes home. Poller.
    [[nodiscard]] virtual std::size_t wanted() noexcept = 0;
    /// A slice was made. Poller; what it throws ends the job and is thrown to who awaits the team.
    virtual void report() {}
    /// The rest is not wanted; `cause` is an errno. Any thread, again and again.
    virtual void stop(int cause) noexcept = 0;
};

}  // namespace aio::detail
