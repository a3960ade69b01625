// SPDX-License-Identifier: MIT
#include "ring.hpp"

#include <atomic>
#include <cerrno>

namespace aio::detail {

namespace {

std::atomic<ring_maker> maker{nullptr};  // relaxed: set before the contexts that are to see it

}  // namespace

void use_ring_maker(ring_maker made_by) noexcept {
    maker.store(made_by, std::memory_order_relaxed);
}

result<std::unique_ptr<ring>> make_ring(int eventfd, unsigned workers) noexcept {
    if (ring_maker replaced = maker.load(std::memory_order_relaxed)) return replaced(eventfd, workers);
#if AIO_RING
    return make_linux_ring(eventfd, workers);
#else
    return error(ENOSYS);
#endif
}

const result<ring_offers>& offers_of_rings() noexcept {
    static const result<ring_offers> found = []() -> result<ring_offers> {
        auto made = make_ring(-1, 1);
        if (!made) return std::unexpected(made.error());
        ring_offers offers = {};
        for (std::size_t each = 0; each < offers.size(); ++each)
            offers[each] = (*made)->offers(static_cast<ring_operation>(each));
        return offers;
    }();
    return found;
}

}  // namespace aio::detail
