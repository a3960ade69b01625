// SPDX-License-Identifier: MIT
// file and directory: handles that own a file descriptor.
#pragma once

#include <aio/export.hpp>

#include <atomic>
#include <utility>

namespace aio {

namespace detail {

/// A file descriptor shared by its handle and by the requests that use it; the last one closes it.
struct descriptor {
    std::atomic<unsigned> references{1};
    std::atomic<int> fd;  // -1 once given up or closed
};

AIO_EXPORT descriptor* adopt(int fd);  // throws std::bad_alloc, after closing fd
AIO_EXPORT void release(descriptor* shared) noexcept;

inline descriptor* retain(descriptor* shared) noexcept {
    // Relaxed: whoever retains holds a reference already, so nothing needs ordering.
    if (shared) shared->references.fetch_add(1, std::memory_order_relaxed);
    return shared;
}

/// What file and directory have in common: move-only ownership of one descriptor.
class handle {
  public:
    handle() noexcept = default;
    handle(handle&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
    handle& operator=(handle&& other) noexcept {
        if (this != &other) detail::release(std::exchange(shared_, std::exchange(other.shared_, nullptr)));
        return *this;
    }
    ~handle() { detail::release(shared_); }

    /// The descriptor's number, for calls that this library does not make; -1 if there is none.
    [[nodiscard]] int fd() const noexcept {
        return shared_ ? shared_->fd.load(std::memory_order_relaxed) : -1;  // relaxed: only the number
    }
    [[nodiscard]] explicit operator bool() const noexcept { return fd() >= 0; }

    /// Gives the descriptor up: the caller closes it from now on, and keeps it open for requests in flight.
    [[nodiscard]] int release() noexcept {
        // Relaxed: the number alone moves; the handle is one thread's at a time.
        int fd = shared_ ? shared_->fd.exchange(-1, std::memory_order_relaxed) : -1;
        detail::release(std::exchange(shared_, nullptr));
        return fd;
    }

    /// The shared descriptor, for the operations.
    [[nodiscard]] descriptor* shared() const noexcept { return shared_; }
    /// Hands the reference over, leaving the handle empty.
    [[nodiscard]] descriptor* take() noexcept { return std::exchange(shared_, nullptr); }

  protected:
    explicit handle(int fd) : shared_(fd < 0 ? nullptr : adopt(fd)) {}

  private:
    descriptor* shared_ = nullptr;
};

}  // namespace detail

/// An open file. Owns its descriptor, which is closed when the file and all requests that use it are gone, so
/// that a file may be destroyed while requests use it. If the destructor is the last of them it calls
/// close(2), ignoring errors; `aio::close` closes without blocking and reports the error. Every descriptor
/// the library opens is close-on-exec.
class file : public detail::handle {
  public:
    file() noexcept = default;
    /// Takes ownership of `fd`; a negative one makes an empty file. Throws std::bad_alloc; `fd` is closed.
    explicit file(int fd) : handle(fd) {}
};

/// An open directory: the base of relative paths (`aio::stat({directory, "name"})`). Same ownership as file.
class directory : public detail::handle {
  public:
    directory() noexcept = default;
    /// Takes ownership of `fd`; a negative one makes an empty directory. Throws std::bad_alloc; `fd` is
    /// closed.
    explicit directory(int fd) : handle(fd) {}
};

}  // namespace aio
