// SPDX-License-Identifier: MIT
#include "support/leaks.hpp"

#include "support/patience.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace aio::test {

namespace {

std::vector<std::string> names_in(const char* directory, int* own_descriptor = nullptr) {
    std::vector<std::string> names;
    DIR* open = ::opendir(directory);
    if (!open) return names;
    if (own_descriptor) *own_descriptor = ::dirfd(open);
    while (dirent* entry = ::readdir(open))
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    ::closedir(open);
    return names;
}

std::string name_of_thread(const std::string& number) {
    std::string name;
    std::ifstream in("/proc/self/task/" + number + "/comm");
    std::getline(in, name);
    return name;
}

/// A ring's worker is the kernel's: the last one may stay until the thread ends that made it necessary. By
/// its flags, as it has the name of that thread until it first runs.
bool is_of_the_kernel(const std::string& thread) {
    constexpr unsigned long io_worker = 0x10;  // PF_IO_WORKER
    std::ifstream in("/proc/self/task/" + thread + "/stat");
    std::string line;
    std::getline(in, line);
    char state = 0;
    long ignored = 0;
    unsigned long flags = 0;
    std::istringstream after_name(line.substr(line.rfind(')') + 1));
    after_name >> state >> ignored >> ignored >> ignored >> ignored >> ignored >> flags;
    return flags & io_worker;
}

char name_of_test[200];

void on_alarm(int) {
    const char text[] = "\ntakes longer than a minute, hangs: ";
    static_cast<void>(!::write(2, text, sizeof text - 1));
    static_cast<void>(!::write(2, name_of_test, std::strlen(name_of_test)));
    static_cast<void>(!::write(2, "\n", 1));
    ::_exit(124);
}

}  // namespace

std::vector<std::string> open_descriptors() {
    int own = -1;
    std::vector<std::string> open;
    for (const std::string& number : names_in("/proc/self/fd", &own)) {
        if (std::atoi(number.c_str()) == own) continue;
        char target[300] = {};
        std::string link = "/proc/self/fd/" + number;
        if (::readlink(link.c_str(), target, sizeof target - 1) < 0) continue;
        open.push_back(number + " -> " + target);
    }
    std::sort(open.begin(), open.end());
    return open;
}

std::size_t count_descriptors() {
    return open_descriptors().size();
}

std::size_t count_descriptors_below(const std::string& root) {
    const std::vector<std::string> open = open_descriptors();
    return static_cast<std::size_t>(std::count_if(
        open.begin(), open.end(), [&](const std::string& each) { return each.contains(" -> " + root); }));
}

std::size_t count_threads() {
    std::size_t count = 0;
    for (const std::string& thread : names_in("/proc/self/task"))
        count += !is_of_the_kernel(thread);
    return count;
}

std::size_t count_mappings() {
    std::ifstream in("/proc/self/maps");
    std::size_t lines = 0;
    for (std::string line; std::getline(in, line);)
        ++lines;
    return lines;
}

std::vector<std::string> names_of_other_threads() {
    std::vector<std::string> names;
    const std::string own = std::to_string(::syscall(SYS_gettid));
    for (const std::string& thread : names_in("/proc/self/task")) {
        const std::string name = name_of_thread(thread);
        if (thread != own && !name.empty()) names.push_back(name);
    }
    return names;
}

bool eventually_holds(bool (*condition)(void*), void* data) {
    const auto end = std::chrono::steady_clock::now() + long_enough();
    while (!condition(data)) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

// The thread sanitizer has one of its own.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr std::size_t own_threads = 2;
#else
constexpr std::size_t own_threads = 1;
#endif
#else
constexpr std::size_t own_threads = 1;
#endif

void leak_checked::SetUp() {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    const std::string name = std::string(info->test_suite_name()) + "." + info->name();
    std::strncpy(name_of_test, name.c_str(), sizeof name_of_test - 1);
    ::signal(SIGALRM, on_alarm);
    ::alarm(static_cast<unsigned>(150 * patience()));
    std::thread([] {}).join();  // the thread sanitizer starts one of its own with the first
    // Workers of a test before, without this fixture, may be about to end, or only to begin. Other libraries'
    // threads stay: not for long.
    for (int i = 0; i < 200 && count_threads() > own_threads; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    descriptors_ = open_descriptors();
    threads_ = count_threads();
}

void leak_checked::TearDown() {
    EXPECT_TRUE(eventually([&] { return count_threads() <= threads_; }))
        << "threads left behind: " << testing::PrintToString(names_of_other_threads());
    // A worker's last act is to close what it shared, perhaps after it has gone from the count.
    static_cast<void>(eventually([&] { return open_descriptors() == descriptors_; }));
    EXPECT_EQ(open_descriptors(), descriptors_);
    ::alarm(0);
}

}  // namespace aio::test
