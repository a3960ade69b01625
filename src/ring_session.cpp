// SPDX-License-Identifier: MIT
#include "ring_session.hpp"

#include "extras.hpp"
#include "operations/transfer.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace aio::detail {

namespace {

// The kernel's own, which it says are never seen (F3): ERESTARTSYS and its like.
constexpr int restart_first = 512;
constexpr int restart_last = 516;

/// It was ended, not made.
bool is_interruption(int error) noexcept {
    return error == ECANCELED || error == EINTR || (error >= restart_first && error <= restart_last);
}

/// It says something of the ring, not of the call.
bool is_refusal(int error) noexcept {
    switch (error) {
        case EAGAIN:
        case EACCES:  // a ring with restrictions
        case EPERM:
        case EINVAL:
        case ENOSYS:
        case EOPNOTSUPP:
        case ENOMEM:
            return true;
        default:
            return is_interruption(error);
    }
}

/// Whether an error is the call's. The opcode of fsync was tried: nothing refuses it. What a ring has made it
/// has the right to make.
bool is_final(ring_operation operation, int error, bool has_made) noexcept {
    if (operation == ring_operation::fsync || operation == ring_operation::fdatasync)
        return error != EAGAIN && !is_interruption(error);
    return !is_refusal(error) || (has_made && (error == EACCES || error == EPERM));
}

bool is_vectored(ring_operation operation) noexcept {
    return operation == ring_operation::readv || operation == ring_operation::writev;
}

bool is_write(ring_operation operation) noexcept {
    return operation == ring_operation::write || operation == ring_operation::writev;
}

ring_call call_of(const ring_form& form, const call& arguments) noexcept {
    const bool vectored = is_vectored(form.operation);
    return {
        .operation = form.operation,
        .fd = arguments.at.fd,
        .path = arguments.at.path,
        .address = arguments.data.buffer,
        .size = vectored ? std::min<std::size_t>(arguments.data.size, IOV_MAX) : arguments.data.size,
        .offset = arguments.data.offset,
        .flags = form.operation == ring_operation::sync_file_range ? static_cast<int>(arguments.mode)
                                                                   : arguments.flags,
    };
}

std::size_t bytes_of(std::span<const iovec> buffers) noexcept {
    std::size_t bytes = 0;
    for (const iovec& each : buffers.first(std::min<std::size_t>(buffers.size(), IOV_MAX)))
        bytes += each.iov_len;
    return bytes;
}

constexpr std::size_t tokens_per_round = std::size_t(1) << 16;  // more than there are places

}  // namespace

ring_session::ring_session(std::unique_ptr<ring> kernel, std::shared_ptr<completions> results,
                           std::shared_ptr<ring_tallies> counted)
    : kernel_(std::move(kernel)),
      results_(std::move(results)),
      counted_(std::move(counted)),
      flights_(kernel_->depth()) {
    free_.reserve(flights_.size());
    prepared_.reserve(flights_.size());
    for (std::size_t place = flights_.size(); place-- > 0;)
        free_.push_back(place);
}

bool ring_session::start(leaf& request) noexcept {
    const ring_form& form = *request.operation().ring;
    flight& one = flights_[free_.back()];
    try {
        // Not filled with zeros: the kernel fills it, and what it leaves is cut off.
        // No more than was asked for, whatever there is room for: libstdc++ says how much that is.
        const std::size_t asked = request.arguments().data.size;
        if (form.owns_buffer)
            one.bytes.resize_and_overwrite(asked, [asked](char*, std::size_t) { return asked; });
        else if (form.answer)
            one.bytes.resize(form.answer->size);
    } catch (const std::exception&) {
        return false;  // a worker tells how that ends
    }
    one.began = clock::time_point::max();
    one.done = 0;
    one.repeats = false;
    one.nowait = form.moves_bytes && !request.answers_at_once;
    one.request = &request;
    free_.pop_back();
    if (!form.moves_bytes) ++in_threads_;
    if (!ask(one)) {
        free(one);
        return false;
    }
    counted_->submitted.count();
    if (request.extra) request.extra->route = "ring";
    // Release: whoever gives it up, without a lock, uses the links that a queue has let go, and the route's
    // count. Whether a cause came before is asked afterwards, in engine::start().
    request.state.store(phase::running, std::memory_order_release);
    return true;
}

/// Puts the call, or what is left of it, among what is to be submitted.
bool ring_session::ask(flight& one) noexcept {
    ring_call wanted = call_of(*one.request->operation().ring, one.request->arguments());
    if (!one.bytes.empty()) {
        wanted.address = one.bytes.data();
        wanted.size = one.bytes.size();
    }
    if (one.done) {
        wanted.address = static_cast<std::byte*>(wanted.address) + one.done;
        wanted.size -= one.done;
        wanted.offset += static_cast<std::int64_t>(one.done);
    }
    wanted.nowait = one.nowait;
    one.token = ++asked_ * tokens_per_round + place_of(one);
    if (!kernel_->prepare(wanted, one.token)) {
        flush();
        if (kernel_->lost() || !kernel_->prepare(wanted, one.token)) return false;
    }
    one.handed_over = false;
    one.cancelling = false;
    prepared_.push_back(place_of(one));
    return true;
}

clock::duration ring_session::flush() noexcept {
    if (prepared_.empty() || kernel_->lost()) return {};
    const clock::time_point began = clock::now();
    auto taken = kernel_->submit();
    if (!taken) return {};  // later, or never: close() sees to it
    const auto end = prepared_.begin() + static_cast<std::ptrdiff_t>(std::min(*taken, prepared_.size()));
    for (auto each = prepared_.begin(); each != end; ++each) {
        if (*each == no_place) continue;
        flights_[*each].handed_over = true;
        flights_[*each].began = std::min(flights_[*each].began, began);
    }
    prepared_.erase(prepared_.begin(), end);
    return clock::now() - began;
}

bool ring_session::reap(route* workers) noexcept {
    bool any = false;
    std::array<ring_event, 64> events;
    while (const std::size_t got = kernel_->reap(events)) {
        for (std::size_t i = 0; i < got; ++i)
            end(events[i], workers);
        any = true;
        if (got < events.size()) break;
    }
    if (block* newest = std::exchange(over_, nullptr); newest && results_->push_quietly(*newest))
        results_->wake();
    return any;
}

void ring_session::end(const ring_event& event, route* workers) noexcept {
    if (event.token == ring::token_of_cancel) return;
    const std::size_t place = event.token % tokens_per_round;
    if (place >= flights_.size()) return;
    flight& one = flights_[place];
    if (!one.request || one.token != event.token) return;  // a ring that says a thing twice
    const ring_form& form = *one.request->operation().ring;
    credit& pays = pays_[static_cast<std::size_t>(form.operation)];
    if (event.result >= 0) {
        const bool lied = form.answer && !form.answer->is_there(one.bytes.data());
        if (!pays.paid(!lied)) return hand_to(workers, one, false);
        has_made_[static_cast<std::size_t>(form.operation)] = true;
        const auto moved = static_cast<std::size_t>(event.result);
        // What is there at once may be less than what there is.
        if (std::exchange(one.nowait, false) && !form.until_done && moved && moved < size_of(one) &&
            !one.cancelling) {
            one.repeats = is_write(form.operation);
            return ask_again(one, workers);
        }
        return form.until_done ? advance(one, moved, workers) : deliver(one, 0, moved);
    }
    const int failed = -event.result;
    // Relaxed: who gave it up asked for the cancel, and the kernel answered.
    const int cause = one.request->cause.load(std::memory_order_relaxed);
    const bool did_nothing = is_interruption(failed) || (one.nowait && failed == EAGAIN);
    if (one.cancelling && cause && did_nothing && !one.has_moved()) return deliver(one, cause, 0);
    if (std::exchange(one.nowait, false)) {
        if (failed == EAGAIN) return ask_again(one, workers);
        if (failed == EOPNOTSUPP) return hand_to(workers, one, false);  // of the file, not of the ring
    }
    const bool has_made = has_made_[static_cast<std::size_t>(form.operation)];
    if (form.errors_are_final && is_final(form.operation, failed, has_made)) return deliver(one, failed, 0);
    pays.paid(false);
    hand_to(workers, one, one.has_moved() || !is_refusal(failed));  // F10: an error of a write that was short
}

/// How many bytes it is to move.
std::size_t ring_session::size_of(const flight& one) noexcept {
    const ring_form& form = *one.request->operation().ring;
    const call& arguments = one.request->arguments();
    if (form.owns_buffer) return one.bytes.size();
    return is_vectored(form.operation) ? bytes_of(buffers_of(arguments)) : arguments.data.size;
}

/// The same once more, of a file that answers at once.
void ring_session::ask_again(flight& one, route* workers) noexcept {
    if (closed_ || kernel_->lost() || !ask(one)) hand_to(workers, one, one.has_moved());
}

/// Of a call that goes on until all is moved, some more is.
void ring_session::advance(flight& one, std::size_t moved, route* workers) noexcept {
    const ring_form& form = *one.request->operation().ring;
    one.done += moved;
    if (one.done >= size_of(one) || (moved == 0 && form.operation == ring_operation::read))
        return deliver(one, 0, one.done);
    // A write that moves nothing, no room, or a ring that nobody flushes any more: from the beginning, which
    // is the same at an offset.
    if (moved == 0) return hand_to(workers, one, one.done != 0);
    ask_again(one, workers);
}

/// Fixes the outcome, and has it delivered.
void ring_session::deliver(flight& one, int failed, std::size_t count) noexcept {
    leaf& request = *one.request;
    if (request.operation().ring->owns_buffer && !failed) {
        one.bytes.resize(count);
        if (count < one.bytes.capacity() / 2) one.bytes.shrink_to_fit();  // as read_string
    }
    request.take(failed, count, std::move(one.bytes));
    free(one);
    counted_->completed.count();
    if (conclude(request, failed)) {
        request.next = over_;
        over_ = &request;
    } else {
        results_->let_go(request);
    }
}

/// `half_made`: the kernel may have moved some of it.
void ring_session::hand_to(route* workers, flight& one, bool half_made) noexcept {
    leaf& request = *one.request;
    free(one);
    if (request.extra) request.extra->route = "threads";
    phase expected = phase::running;
    // Acquire-release: either this has it back, or give_up_running has ended it.
    if (workers && request.state.compare_exchange_strong(expected, phase::fresh, std::memory_order_acq_rel)) {
        // Of a read, half is nothing. The workers' queue publishes it.
        request.half_made = half_made && is_write(request.operation().ring->operation);
        workers->submit(request, submitter::poller);
        return;
    }
    request.take(ECANCELED, 0, {});  // lets go of what its arguments hold
    results_->let_go(request);
}

void ring_session::free(flight& one) noexcept {
    if (!one.request->operation().ring->moves_bytes) --in_threads_;
    one.request = nullptr;
    one.bytes = {};
    free_.push_back(place_of(one));
}

bool ring_session::interrupt(const block* only) noexcept {
    bool asked_all = true;
    for (flight& each : flights_) {
        if (!each.request || each.cancelling || (only && each.request != only)) continue;
        // Relaxed: who gave it up did so before it made this look.
        if (!only && !each.request->cause.load(std::memory_order_relaxed) &&
            each.request->state.load(std::memory_order_relaxed) != phase::abandoned)
            continue;
        flush();                     // before it there is nothing to end
        if (kernel_->lost()) break;  // close() ends all
        if (!each.handed_over || !kernel_->prepare_cancel(each.token)) {
            asked_all = false;
            continue;
        }
        each.cancelling = true;
        prepared_.push_back(no_place);
        flush();
    }
    return asked_all;
}

bool ring_session::holds(const block& request) const noexcept {
    return std::ranges::any_of(flights_, [&](const flight& each) { return each.request == &request; });
}

void ring_session::for_each_running(void (*visit)(block&, void*), void* data) noexcept {
    for (flight& each : flights_)
        if (each.request) visit(*each.request, data);
}

clock::time_point ring_session::oldest() const noexcept {
    clock::time_point first = clock::time_point::max();
    if (!in_flight()) return first;
    for (const flight& each : flights_)
        if (each.request) first = std::min(first, each.began);
    return first;
}

void ring_session::close(route* workers) noexcept {
    closed_ = true;
    kernel_->close();
    for (flight& each : flights_)
        if (each.request && !each.handed_over) hand_to(workers, each, each.has_moved());
    prepared_.clear();
}

}  // namespace aio::detail
