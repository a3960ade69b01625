// SPDX-License-Identifier: MIT
#include "environment.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <sstream>

namespace bench {

namespace {

std::string cpu_name() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
    return "unknown";
}

/// The type of the mount whose point is the longest that the directory begins with.
std::string type_of_mount(const std::string& directory) {
    std::ifstream in("/proc/self/mounts");
    std::string found = "unknown";
    std::size_t longest = 0;
    for (std::string line; std::getline(in, line);) {
        std::istringstream fields(line);
        std::string device, point, type;
        fields >> device >> point >> type;
        const bool holds =
            directory.starts_with(point) &&
            (point == "/" || directory.size() == point.size() || directory[point.size()] == '/');
        if (!holds || point.size() < longest) continue;
        longest = point.size();
        found = type;
    }
    return found;
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm day = {};
    ::gmtime_r(&now, &day);
    char text[16];
    std::strftime(text, sizeof text, "%Y-%m-%d", &day);
    return text;
}

}  // namespace

environment environment::of(const std::string& directory) {
    utsname system = {};
    ::uname(&system);
    environment found;
    found.date = today();
    found.kernel = std::string(system.sysname) + " " + system.release;
    found.cpu = cpu_name();
    found.cores = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
    found.file_system = type_of_mount(directory);
#ifdef __clang__
    found.compiler = "clang " __clang_version__;
#else
    found.compiler = "g++ " __VERSION__;
#endif
#ifndef NDEBUG
    found.compiler += ", with assertions";
#endif
    return found;
}

std::vector<std::pair<std::string, std::string>> environment::fields() const {
    return {{"date", date},
            {"kernel", kernel},
            {"cpu", cpu},
            {"cores", std::to_string(cores)},
            {"file_system", file_system},
            {"compiler", compiler}};
}

}  // namespace bench
