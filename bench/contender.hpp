// SPDX-License-Identifier: MIT
// contender: one way of doing the workloads.
#pragma once

#include "measurement.hpp"
#include "workload.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class contender {
  public:
    virtual ~contender() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Why it cannot run on this machine; empty if it can.
    [[nodiscard]] virtual std::string unavailable() const { return {}; }
    /// Why it cannot do a workload; empty if it can.
    [[nodiscard]] virtual std::string cannot(const workload& what, std::size_t in_flight) const = 0;
    /// Does the job. Called in a process of its own, once.
    virtual measurement run(const job& what) = 0;
};

/// All that were compiled in.
std::vector<std::unique_ptr<contender>> contenders();

using contender_list = std::vector<std::unique_ptr<contender>>;

// One for each file in contenders/; each adds what it has, in the order of the table.
void add_limit(contender_list& to);
void add_aiopp(contender_list& to);
void add_libuv(contender_list& to);
void add_asio(contender_list& to);
void add_posix_aio(contender_list& to);
void add_gio(contender_list& to);
void add_liburing(contender_list& to);
void add_fio(contender_list& to);
void add_io_aio(contender_list& to);

/// Whether a contender that makes `kinds` of call can make all that a workload needs; if not, which it
/// cannot.
std::string missing_call(const workload& what, std::initializer_list<kind> kinds);

}  // namespace bench
