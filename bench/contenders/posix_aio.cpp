// SPDX-License-Identifier: MIT
// posix-aio: glibc's aio_read, which makes the reads of one file one after the other; so each lane has a
// descriptor of its own.
#include "../engine.hpp"

#include <aio.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace bench {

namespace {

class posix_engine {
  public:
    explicit posix_engine(const job& what) : requests_(what.in_flight), waiting_(what.in_flight) {
        const int flags = O_RDONLY | O_CLOEXEC | (what.what.direct ? O_DIRECT : 0);
        for (std::size_t i = 0; i < what.in_flight; ++i) {
            descriptors_.push_back(::open(what.where.big_path().c_str(), flags));
            if (descriptors_.back() < 0) throw std::system_error(errno, std::generic_category(), "open");
            ::posix_fadvise(descriptors_.back(), 0, 0, POSIX_FADV_RANDOM);
        }
    }
    posix_engine(const posix_engine&) = delete;
    posix_engine& operator=(const posix_engine&) = delete;
    ~posix_engine() {
        for (int fd : descriptors_)
            ::close(fd);
    }

    void run(relay& lanes) {
        lanes_ = &lanes;
        lanes.begin([this](lane& each) { start(each); });
        while (!lanes.done()) {
            ::aio_suspend(waiting_.data(), static_cast<int>(waiting_.size()), nullptr);
            for (lane& each : lanes.lanes())
                if (waiting_[each.index]) look(each);
        }
    }

  private:
    void start(lane& of) {
        ::aiocb& request = requests_[of.index];
        std::memset(&request, 0, sizeof request);
        request.aio_fildes = descriptors_[of.index];
        request.aio_buf = of.call.buffer;
        request.aio_nbytes = of.call.size;
        request.aio_offset = of.call.offset;
        request.aio_sigevent.sigev_notify = SIGEV_NONE;
        waiting_[of.index] = &request;
        if (::aio_read(&request) != 0) done(of, -errno);
    }
    void look(lane& of) {
        ::aiocb& request = requests_[of.index];
        const int error = ::aio_error(&request);
        if (error == EINPROGRESS) return;
        const ssize_t size = ::aio_return(&request);
        done(of, error ? -error : size);
    }
    void done(lane& of, long result) {
        waiting_[of.index] = nullptr;
        if (lanes_->advance(of, result)) start(of);
    }

    relay* lanes_ = nullptr;
    std::vector<int> descriptors_;
    std::vector<::aiocb> requests_;
    std::vector<const ::aiocb*> waiting_;
};

class posix_aio final : public contender {
  public:
    std::string_view name() const override { return "posix-aio"; }
    std::string cannot(const workload& what, std::size_t) const override {
        if (what.style == style::coroutines) return "no coroutines";
        return missing_call(what, {kind::read});
    }
    measurement run(const job& what) override { return measure<posix_engine>(what); }
};

}  // namespace

void add_posix_aio(contender_list& to) {
    to.push_back(std::make_unique<posix_aio>());
}

}  // namespace bench
