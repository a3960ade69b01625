// SPDX-License-Identifier: MIT
// aiopp: this library, as it comes and with one of its routes forced.
#include "../engine.hpp"

#include <aio/aio.hpp>
#include <aio/routes.hpp>

#include <cstdlib>

namespace bench {

namespace {

// What a result is to the relay.
long number(const aio::result<>& done) {
    return done ? 0 : -done.error().value();
}
long number(const aio::result<long>& made) {
    return made ? *made : -made.error().value();
}
long number(const aio::result<std::size_t>& moved) {
    return moved ? static_cast<long>(*moved) : -moved.error().value();
}
long number(const aio::result<aio::file_status>& found) {
    return found ? static_cast<long>(found->size) : -found.error().value();
}
long number(aio::result<aio::file>& opened) {
    return opened ? opened->release() : -opened.error().value();
}

class engine {
  public:
    explicit engine(const job& what) : style_(what.what.style), in_flight_(what.in_flight) {}

    void run(relay& lanes) {
        lanes_ = &lanes;
        switch (style_) {
            case style::callbacks:
                lanes.begin([this](lane& each) { start(each); });
                break;
            case style::coroutines:
                lanes.begin([this](lane& each) { io_.submit(follow(each)); });
                break;
            case style::group:
                return run_group();
        }
        poll_until_done();
    }

  private:
    void poll_until_done() {
        while (!lanes_->done()) {
            io_.wait();
            lanes_->polling([this] { io_.poll(); });
        }
    }

    void start(lane& of) {
        const call& wanted = of.call;
        const std::span bytes(wanted.buffer, wanted.size);
        switch (wanted.what) {
            case kind::nop:
                return submit(of, aio::nop());
            case kind::wait:
                return submit(of, aio::call([&wanted] { return make(wanted); }));
            case kind::stat:
                return submit(of, aio::stat(wanted.path));
            case kind::open:
                return submit(of, aio::open(wanted.path, wanted.flags));
            case kind::read:
                return submit(of, aio::read(wanted.fd, bytes, wanted.offset));
            case kind::write:
                return submit(of, aio::write(wanted.fd, bytes, wanted.offset));
            case kind::fsync:
                return submit(of, aio::fsync(wanted.fd));
            case kind::close:
                return submit(of, aio::close(wanted.fd));
            case kind::rename:
                return submit(of, aio::rename(wanted.path, wanted.to));
        }
    }

    template <class Operation>
    void submit(lane& of, Operation&& operation) {
        io_.submit(std::move(operation), [this, at = &of](typename Operation::outcome&& outcome) {
            if (lanes_->advance(*at, number(outcome))) start(*at);
        });
    }

    aio::task<> follow(lane& of) {
        bool more = true;
        while (more) {
            long outcome = 0;
            if (of.call.what == kind::nop) {
                const auto done = co_await aio::nop();
                outcome = number(done);
            } else {
                const auto size =
                    co_await aio::read(of.call.fd, std::span(of.call.buffer, of.call.size), of.call.offset);
                outcome = number(size);
            }
            more = lanes_->advance(of, outcome);
        }
    }

    // The lanes are what a feeder has free.
    void run_group() {
        std::vector<lane*> free;
        for (lane& each : lanes_->lanes())
            free.push_back(&each);
        aio::group all(io_, {.limit = in_flight_});
        all.feed([&](aio::group& members) {
            lane* next = free.back();
            if (!lanes_->assign(*next)) return;
            free.pop_back();
            members.add(aio::stat(next->call.path),
                        [this, next, &free](aio::result<aio::file_status>&& outcome) {
                            lanes_->finish(*next, number(outcome));
                            free.push_back(next);
                        });
        });
        poll_until_done();
    }

    aio::context io_;
    relay* lanes_ = nullptr;
    bench::style style_;
    std::size_t in_flight_;
};

class aiopp final : public contender {
  public:
    aiopp(std::string_view name, const char* routes) : name_(name), routes_(routes) {}

    std::string_view name() const override { return name_; }
    std::string unavailable() const override {
        if (routes_ != std::string_view("ring")) return {};
        for (const aio::route_description& each : aio::routes(aio::routes_used::ring))
            if (each.route.starts_with("ring")) return {};
        return "no io_uring here";
    }
    std::string cannot(const workload&, std::size_t) const override { return {}; }
    measurement run(const job& what) override {
        if (*routes_) ::setenv("AIO_ROUTES", routes_, 1);
        return measure<engine>(what);
    }

  private:
    std::string_view name_;
    const char* routes_;  // for AIO_ROUTES; empty: what the user has set
};

}  // namespace

void add_aiopp(contender_list& to) {
    to.push_back(std::make_unique<aiopp>("aiopp", ""));
    to.push_back(std::make_unique<aiopp>("aiopp-threads", "threads"));
    to.push_back(std::make_unique<aiopp>("aiopp-ring", "ring"));
}

}  // namespace bench
