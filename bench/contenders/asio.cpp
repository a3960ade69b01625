// SPDX-License-Identifier: MIT
// Asio alone (not Boost's), with io_uring for everything.
#include "../engine.hpp"

#define ASIO_HAS_IO_URING 1
#define ASIO_DISABLE_EPOLL 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <asio.hpp>
#include <asio/random_access_file.hpp>
#pragma GCC diagnostic pop

#include <unistd.h>

namespace bench {

namespace {

class asio_engine {
  public:
    explicit asio_engine(const job& what)
        : file_(io_, ::dup(what.what.direct ? what.where.direct() : what.where.big())),
          style_(what.what.style) {}

    void run(relay& lanes) {
        lanes_ = &lanes;
        if (style_ == style::coroutines)
            lanes.begin([this](lane& each) { asio::co_spawn(io_, follow(each), asio::detached); });
        else
            lanes.begin([this](lane& each) { start(each); });
        io_.restart();
        io_.run();
    }

  private:
    static long number(const asio::error_code& error, std::size_t size) {
        return error ? -error.value() : static_cast<long>(size);
    }

    void start(lane& of) {
        file_.async_read_some_at(static_cast<std::uint64_t>(of.call.offset),
                                 asio::buffer(of.call.buffer, of.call.size),
                                 [this, at = &of](const asio::error_code& error, std::size_t size) {
                                     if (lanes_->advance(*at, number(error, size))) start(*at);
                                 });
    }

    asio::awaitable<void> follow(lane& of) {
        bool more = true;
        while (more) {
            asio::error_code error;
            const std::size_t size = co_await file_.async_read_some_at(
                static_cast<std::uint64_t>(of.call.offset), asio::buffer(of.call.buffer, of.call.size),
                asio::redirect_error(asio::use_awaitable, error));
            more = lanes_->advance(of, number(error, size));
        }
    }

    asio::io_context io_{1};
    asio::random_access_file file_;
    relay* lanes_ = nullptr;
    bench::style style_;
};

class asio_contender final : public contender {
  public:
    std::string_view name() const override { return "asio"; }
    std::string cannot(const workload& what, std::size_t) const override {
        if (what.style == style::group) return "no groups";
        return missing_call(what, {kind::read});
    }
    measurement run(const job& what) override { return measure<asio_engine>(what); }
};

}  // namespace

void add_asio(contender_list& to) {
    to.push_back(std::make_unique<asio_contender>());
}

}  // namespace bench
