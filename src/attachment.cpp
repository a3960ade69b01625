// SPDX-License-Identifier: MIT
#include <aio/loop/attachment.hpp>

#include "engine.hpp"

#include <fcntl.h>

#include <cassert>
#include <cerrno>
#include <system_error>

namespace aio::loop {

/// One call of poll: how it learns that the adapter was destroyed inside it. Polls nest.
class attachment::visit {
  public:
    explicit visit(attachment& visited) noexcept : visited_(&visited), outer_(visited.polling_) {
        visited.polling_ = this;
    }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    ~visit() {
        if (visited_) visited_->polling_ = outer_;
    }

    [[nodiscard]] bool still_there() const noexcept { return visited_ != nullptr; }
    void leave() noexcept {
        for (visit* each = this; each; each = each->outer_)
            each->visited_ = nullptr;
    }

  private:
    attachment* visited_;
    visit* outer_;
};

attachment::attachment(context& io, const poll_budget& budget, keeper keeps)
    : engine_(&io.engine()), budget_(budget), fd_(io.fd()), keeps_(keeps) {
    if (::fcntl(fd_, F_GETFD) < 0)
        throw std::system_error(errno, std::system_category(), "aio::context::fd was closed");
    if (!engine_->attach(*this))
        throw std::system_error(EBUSY, std::system_category(), "the aio::context is attached to a loop");
}

attachment::~attachment() {
    if (polling_) polling_->leave();
    detach();
}

bool attachment::busy() const noexcept {
    return engine_ && engine_->outstanding();
}

request attachment::submit(detail::block_pointer block, const options& how) {
    assert(engine_);
    detail::start(*engine_, *block, how);
    return request(std::move(block));
}

bool attachment::poll() {
    if (!engine_) return true;
    visit now(*this);
    const poll_budget budget = budget_;  // this may be gone before the poll is over
    engine_->poll(budget);
    return now.still_there();
}

void attachment::rest() noexcept {
    if (engine_) engine_->rest();
}

void attachment::detach() noexcept {
    if (engine_) std::exchange(engine_, nullptr)->detach();
}

}  // namespace aio::loop
