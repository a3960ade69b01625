// SPDX-License-Identifier: MIT
// limit: plain calls on one thread, two, or, where the disk decides, as many as there may be in flight up
// to 32. Nothing asynchronous can be faster for long than calls made by as many threads as there are cores.
#include "../engine.hpp"

namespace bench {

namespace {

class limit final : public contender {
  public:
    std::string_view name() const override { return "limit"; }
    std::string cannot(const workload& what, std::size_t) const override {
        return what.has_limit ? "" : "nothing to compare with";
    }
    measurement run(const job& what) override {
        const auto threads = static_cast<unsigned>(std::min<std::size_t>(what.in_flight, what.what.threads));
        if (what.rehearse) measure_with(what, what.operations / 8 + 1, threads);
        if (what.what.cold) what.where.make_cold();
        return measure_with(what, what.operations, threads);
    }

  private:
    static measurement measure_with(const job& what, std::uint64_t operations, unsigned threads) {
        workload plain = what.what;
        plain.stuck = 0;  // its calls would hang in front of the others
        const job same{plain, what.where, what.in_flight, operations};
        std::vector<std::unique_ptr<relay>> shares;
        for (unsigned i = 0; i < threads; ++i) {
            const portion share{operations / threads + (i < operations % threads), i, threads};
            shares.push_back(std::make_unique<relay>(same, share, 1, i));
        }
        const auto began = clock::now();
        {
            std::vector<std::jthread> others;
            for (unsigned i = 1; i < threads; ++i)
                others.emplace_back([&, i] { work(*shares[i]); });
            work(*shares[0]);
        }
        const std::chrono::duration<double> took = clock::now() - began;

        measurement all = shares[0]->result();
        for (unsigned i = 1; i < threads && !*all.error; ++i) {
            const measurement one = shares[i]->result();
            if (*one.error) return one;
            all.operations += one.operations;
            all.checksum += one.checksum;
        }
        all.seconds = took.count();
        return all;
    }
    static void work(relay& share) {
        lane& only = share.lanes().front();
        if (!share.assign(only)) return;
        while (share.advance(only, make(only.call)))
            continue;
    }
};

}  // namespace

void add_limit(contender_list& to) {
    to.push_back(std::make_unique<limit>());
}

}  // namespace bench
