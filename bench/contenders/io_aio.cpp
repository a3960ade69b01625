// SPDX-License-Identifier: MIT
// io-aio: IO::AIO, the Perl module that this library carries on. The work is in io_aio.pl.
#include "../contender.hpp"
#include "../files.hpp"
#include "program.hpp"

#include <cstdio>
#include <stdexcept>

namespace bench {

namespace {

class io_aio final : public contender {
  public:
    std::string_view name() const override { return "io-aio"; }
    std::string unavailable() const override {
        try {
            output_of({"perl", "-MIO::AIO", "-e", "1"});
        } catch (const std::runtime_error&) {
            return "no Perl with IO::AIO";
        }
        return {};
    }
    std::string cannot(const workload& what, std::size_t in_flight) const override {
        if (what.style == style::coroutines) return "no coroutines";
        if (in_flight > 100'000) return "a million closures take minutes";
        if (what.asks == question::hold) return "a sample's clock is in the script";
        return {};
    }
    measurement run(const job& what) override {
        // The offsets and paths are worked out there too: a few numbers say how.
        const std::string printed = output_of(
            {"perl", AIO_BENCH_IO_AIO, std::string(what.what.name), std::to_string(what.in_flight),
             std::to_string(what.operations), what.where.directory(), std::to_string(what.where.size())});
        measurement found;
        unsigned long long completed = 0, checksum = 0, median = 0, rare = 0, longest = 0;
        if (std::sscanf(printed.c_str(), "%lf %llu %llu %lf %llu %llu %llu", &found.seconds, &completed,
                        &checksum, &found.bytes_per_request, &median, &rare, &longest) != 7)
            return measurement::failed("the script says nothing that can be understood");
        found.operations = completed;
        found.checksum = checksum;
        found.has_checksum = completed == what.operations;
        found.latency = {median, rare, longest};
        return found;
    }
};

}  // namespace

void add_io_aio(contender_list& to) {
    to.push_back(std::make_unique<io_aio>());
}

}  // namespace bench
