// SPDX-License-Identifier: MIT
// A file system of our own, for tests and benchmarks: FUSE, without libfuse, which would be one more package.
#pragma once

#include <linux/fuse.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace fuse {

/// A mount of which whoever has the device answers for. Linux only, for root.
class mount {
  public:
    /// Throws std::system_error.
    mount(const char* name, std::string directory);
    mount(const mount&) = delete;
    mount& operator=(const mount&) = delete;
    /// Takes it away, also while it is used.
    ~mount();

    [[nodiscard]] int device() const noexcept { return device_; }
    /// Leaves the device to another process.
    void close_device() noexcept;

  private:
    std::string directory_;
    int device_ = -1;
};

/// What the kernel wants.
struct request {
    fuse_in_header header;
    std::span<const char> body;

    template <class T>
    [[nodiscard]] T as() const noexcept {
        T made = {};
        std::memcpy(&made, body.data(), std::min(sizeof made, body.size()));
        return made;
    }
    /// Of those that are about a name.
    [[nodiscard]] const char* name() const noexcept { return body.data(); }
};

/// Answers the kernel. What it does not know is ENOSYS, which the kernel then asks no more.
class server {
  public:
    explicit server(int device) : device_(device), message_(1 << 17) {}
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    virtual ~server() = default;

    /// Until the mount is gone, or the other end of the pipe `end` is closed.
    void run(int end = -1);

  protected:
    /// Whether it is known.
    virtual bool answer(const request& to) = 0;
    /// Called again and again; in how many milliseconds the next time, −1: after the next request.
    virtual int tick() { return -1; }

    void reply(const fuse_in_header& to, int error, std::span<const char> body = {}) const;
    template <class T>
    void reply_with(const fuse_in_header& to, const T& body) const {
        reply(to, 0, std::span(reinterpret_cast<const char*>(&body), sizeof body));
    }

  private:
    bool take();
    void begin(const request& to) const;

    const int device_;
    std::vector<char> message_;
};

}  // namespace fuse
