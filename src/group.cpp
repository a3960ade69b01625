// SPDX-License-Identifier: MIT
#include "engine.hpp"

#include <aio/group.hpp>

namespace aio {

namespace detail {

group_block::~group_block() = default;

int group_block::add(block& request) noexcept {
    if (request.state.load(std::memory_order_relaxed) == phase::delivered) return 0;  // G-5
    if (finished || request.owner != owner || request.era != era) return EINVAL;
    if (request.parent) return EEXIST;
    for (const group_block* each = this; each; each = each->parent)
        if (each == &request) return ELOOP;
    request.parent = this;
    request.previous_member = nullptr;
    request.next_member = first_member;
    if (first_member) first_member->previous_member = &request;
    first_member = &request;
    ++members;
    added = true;
    return 0;
}

void group_block::leave(block& member) noexcept {
    (member.previous_member ? member.previous_member->next_member : first_member) = member.next_member;
    if (member.next_member) member.next_member->previous_member = member.previous_member;
    member.parent = nullptr;
    --members;
    refill();  // G-11
}

void group_block::feed(std::unique_ptr<feeder> replacing) noexcept {
    feeds_on = replacing != nullptr;
    source = std::move(replacing);
    if (!feeds_on) return;
    if (!limit) limit = 2;
    refill();
    settle();
}

/// The feeder stays, as its destructor is the user's, and cancelling runs nobody's code.
void group_block::stop_feeding() noexcept {
    feeds_on = false;
}

void group_block::set_limit(std::size_t most) noexcept {
    limit = most;
    refill();
    settle();
}

/// Nobody else ends it if a poll inside the feeder found it empty.
void group_block::settle() noexcept {
    if (begun && !members && !finished && !feeding) owner->take_up_again(*this);
}

void group_block::refill() noexcept {
    if (std::exchange(feeding, true)) return;  // the loop below goes on
    while (feeds_on && source && members < limit && !finished) {
        // Taken out while it runs: it may replace itself, or end the feeding.
        std::unique_ptr<feeder> running = std::move(source);
        added = false;
        int failed = 0;
        try {
            running->feed();
        } catch (const std::bad_alloc&) {
            failed = ENOMEM;
        } catch (...) {
            failed = ENOTRECOVERABLE;
        }
        if (failed && !error) error = static_cast<std::int16_t>(failed);
        // M-7: what it threw is swallowed, and it is not asked again.
        if (!failed && feeds_on && added && !source) source = std::move(running);
    }
    feeding = false;
}

/// Visits the members of this group and of the groups in it, whatever the depth, without recursion. The
/// visitor may end requests, which stay members until they are delivered: if that happens meanwhile, as what
/// it destroys may poll, it begins again.
template <class Visit>
void group_block::visit_all(Visit visit) noexcept {
    for (block* at = first_member; at;) {
        const block_pointer kept(retain(at));
        visit(*at);
        if (!at->parent) {
            at = first_member;
            continue;
        }
        block* down = at->is == kind::group ? static_cast<group_block*>(at)->first_member : nullptr;
        while (!down && at) {
            down = at->next_member;
            if (!down) at = at->parent == this ? nullptr : at->parent;
        }
        at = down;
    }
}

void group_block::cancel_members(int why) noexcept {
    stop_feeding();
    const bool silent = wishes.load(std::memory_order_relaxed) & nobody_receives;
    visit_all([&](block& member) {
        if (silent) member.wishes.fetch_or(nobody_receives | forgotten, std::memory_order_relaxed);
        if (member.shielded) return;
        if (member.is != kind::group) return detail::cancel(member, why);
        auto& group = static_cast<group_block&>(member);
        group.cause.store(static_cast<std::int16_t>(why), std::memory_order_relaxed);
        group.error = static_cast<std::int16_t>(why);
        group.stop_feeding();
    });
}

void group_block::cancel_parts(int why) noexcept {
    error = static_cast<std::int16_t>(why);
    cancel_members(why);
}

void group_block::abandon_members() noexcept {
    feed(nullptr);
    visit_all([](block& member) {
        member.wishes.fetch_or(nobody_receives | forgotten, std::memory_order_relaxed);
        if (member.is != kind::group) return detail::abandon(member);
        static_cast<group_block&>(member).feed(nullptr);
    });
}

}  // namespace detail

request group::adopt(detail::block_pointer block, const options& how) {
    if (done())
        block->cause.store(ECANCELED, std::memory_order_relaxed);  // not started yet: nobody else sees it
    detail::start(*engine_, *block, how);
    static_cast<void>(state().add(*block));
    return request(std::move(block));
}

result<> group::joined(detail::block* member) noexcept {
    if (!member) return error(EINVAL);
    if (int failed = state().add(*member)) return error(failed);
    return {};
}

}  // namespace aio
