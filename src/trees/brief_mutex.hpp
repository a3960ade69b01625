// SPDX-License-Identifier: MIT
// brief_mutex: a mutex that is held for a few instructions only, so that looking again is quicker than
// sleeping.
#pragma once

#include <mutex>

namespace aio::detail {

class brief_mutex {
  public:
    void lock() {
        for (int looks = 0; looks < looks_max; ++looks)
            if (mutex_.try_lock()) return;
        mutex_.lock();
    }
    bool try_lock() { return mutex_.try_lock(); }
    void unlock() { mutex_.unlock(); }

  private:
    static constexpr int looks_max = 100;  // a microsecond, or a few

    std::mutex mutex_;
};

}  // namespace aio::detail
