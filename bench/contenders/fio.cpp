// SPDX-License-Identifier: MIT
// fio: the program, with its engines io_uring, libaio and psync. It chooses its own offsets and checks
// nothing.
#include "../contender.hpp"
#include "../files.hpp"
#include "program.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace bench {

namespace {

/// The number behind "name" in what JSON text says of reads.
double field(const std::string& json, const std::string& name) {
    const std::size_t read = json.find("\"read\" : {");
    const std::size_t at = read == std::string::npos ? read : json.find('"' + name + "\" :", read);
    return at == std::string::npos ? -1 : std::strtod(json.c_str() + json.find(':', at) + 1, nullptr);
}

class fio final : public contender {
  public:
    fio(std::string_view name, const char* engine) : name_(name), engine_(engine) {}

    std::string_view name() const override { return name_; }
    std::string unavailable() const override { return found_in_path("fio") ? "" : "no program fio"; }
    std::string cannot(const workload& what, std::size_t) const override {
        if (what.style != style::callbacks) return "reads and writes only";
        if (what.steps->kinds.size() != 1 || what.steps->kinds[0] != kind::read)
            return "reads and writes only";
        return {};
    }
    measurement run(const job& what) override {
        const bool threads = std::string_view(engine_) == "psync";  // one at a time, each
        const std::size_t size = what.what.buffer;
        const std::uint64_t jobs = threads ? what.in_flight : 1;
        const std::string json =
            output_of({"fio", "--output-format=json", "--name=read", "--filename=" + what.where.big_path(),
                       "--rw=randread", "--randrepeat=1", "--thread", "--group_reporting", "--gtod_reduce=1",
                       "--ioengine=" + std::string(engine_), "--bs=" + std::to_string(size),
                       "--size=" + std::to_string(what.where.size()), "--numjobs=" + std::to_string(jobs),
                       "--iodepth=" + std::to_string(threads ? 1 : what.in_flight), "--time_based",
                       "--runtime=" + std::to_string(std::lround(what.seconds * 1e3)) + "ms",
                       "--direct=" + std::to_string(what.what.direct),
                       "--invalidate=" + std::to_string(what.what.cold)});
        measurement found;
        found.operations = static_cast<std::uint64_t>(std::max(field(json, "total_ios"), 0.0));
        found.seconds = field(json, "runtime") / 1e3;  // in milliseconds
        found.has_checksum = false;
        if (found.operations == 0) return measurement::failed("fio says nothing that can be understood");
        return found;
    }

  private:
    std::string_view name_;
    const char* engine_;
};

}  // namespace

void add_fio(contender_list& to) {
    to.push_back(std::make_unique<fio>("fio-io_uring", "io_uring"));
    to.push_back(std::make_unique<fio>("fio-libaio", "libaio"));
    to.push_back(std::make_unique<fio>("fio-psync", "psync"));
}

}  // namespace bench
