// SPDX-License-Identifier: MIT
// libuv, with the four threads that it has unless UV_THREADPOOL_SIZE says otherwise.
#include "../engine.hpp"

#include <poll.h>
#include <uv.h>

#include <system_error>

namespace bench {

namespace {

class uv_engine {
  public:
    explicit uv_engine(const job& what)
        : requests_(what.in_flight + what.what.stuck),
          functions_(what.what.steps->kinds.front() == kind::wait ? what.in_flight : 0),
          timed_(what.what.asks == question::hold) {
        if (const int error = ::uv_loop_init(&loop_); error < 0)
            throw std::system_error(-error, std::generic_category(), "uv_loop_init");
        for (uv_fs_t& each : requests_)
            each.data = this;
        for (uv_work_t& each : functions_)
            each.data = this;
    }
    uv_engine(const uv_engine&) = delete;
    uv_engine& operator=(const uv_engine&) = delete;
    ~uv_engine() { ::uv_loop_close(&loop_); }

    void run(relay& lanes) {
        lanes_ = &lanes;
        lanes.begin([this](lane& each) { start(each); });
        if (!timed_) return static_cast<void>(::uv_run(&loop_, UV_RUN_DEFAULT));
        for (;;) {  // as part of another loop, which waits
            lanes.polling([this] { ::uv_run(&loop_, UV_RUN_NOWAIT); });
            if (lanes.done()) return;
            pollfd ready = {.fd = ::uv_backend_fd(&loop_), .events = POLLIN, .revents = 0};
            ::poll(&ready, 1, -1);
        }
    }

  private:
    static void done(uv_fs_t* request) {
        auto& self = *static_cast<uv_engine*>(request->data);
        lane& of = self.lanes_->lanes()[static_cast<std::size_t>(request - self.requests_.data())];
        long result = request->result;
        if (request->fs_type == UV_FS_STAT && result == 0)
            result = static_cast<long>(request->statbuf.st_size);
        ::uv_fs_req_cleanup(request);
        if (self.lanes_->advance(of, result)) self.start(of);
    }

    static lane& lane_of(uv_work_t* function) {
        auto& self = *static_cast<uv_engine*>(function->data);
        return self.lanes_->lanes()[static_cast<std::size_t>(function - self.functions_.data())];
    }
    static void call_function(uv_work_t* function) { make(lane_of(function).call); }
    static void function_done(uv_work_t* function, int) {
        auto& self = *static_cast<uv_engine*>(function->data);
        lane& of = lane_of(function);
        if (self.lanes_->advance(of, 0)) self.start(of);
    }

    void start(lane& of) {
        uv_fs_t* request = &requests_[of.index];
        const call& wanted = of.call;
        const uv_buf_t bytes =
            ::uv_buf_init(reinterpret_cast<char*>(wanted.buffer), static_cast<unsigned>(wanted.size));
        switch (wanted.what) {
            case kind::nop:
                return;
            case kind::wait:
                return started(::uv_queue_work(&loop_, &functions_[of.index], call_function, function_done));
            case kind::stat:
                return started(::uv_fs_stat(&loop_, request, wanted.path, done));
            case kind::open:
                return started(::uv_fs_open(&loop_, request, wanted.path, wanted.flags, 0666, done));
            case kind::read:
                return started(::uv_fs_read(&loop_, request, wanted.fd, &bytes, 1, wanted.offset, done));
            case kind::write:
                return started(::uv_fs_write(&loop_, request, wanted.fd, &bytes, 1, wanted.offset, done));
            case kind::fsync:
                return started(::uv_fs_fsync(&loop_, request, wanted.fd, done));
            case kind::close:
                return started(::uv_fs_close(&loop_, request, wanted.fd, done));
            case kind::rename:
                return started(::uv_fs_rename(&loop_, request, wanted.path, wanted.to, done));
        }
    }
    void started(int error) {
        if (error < 0) lanes_->fail(-error);
    }

    uv_loop_t loop_;
    relay* lanes_ = nullptr;
    std::vector<uv_fs_t> requests_;
    std::vector<uv_work_t> functions_;
    bool timed_;
};

class libuv final : public contender {
  public:
    std::string_view name() const override { return "libuv"; }
    std::string cannot(const workload& what, std::size_t) const override {
        if (what.style == style::coroutines) return "no coroutines";
        if (what.style == style::group) return "no groups";
        return missing_call(what, {kind::wait, kind::stat, kind::open, kind::read, kind::write, kind::fsync,
                                   kind::close, kind::rename});
    }
    measurement run(const job& what) override { return measure<uv_engine>(what); }
};

}  // namespace

void add_libuv(contender_list& to) {
    to.push_back(std::make_unique<libuv>());
}

}  // namespace bench
