// SPDX-License-Identifier: MIT
// read, write, their looping forms, sendfile, readahead, truncate, fallocate.
#include "operations_fixture.hpp"

#include "operations/copying.hpp"
#include "support/system_calls.hpp"

#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <numeric>
#include <thread>
#include <vector>

namespace {

using aio::test::failure;
using namespace std::chrono_literals;

std::span<std::byte> bytes(std::string& of) {
    return std::as_writable_bytes(std::span(of));
}

off_t position(const aio::file& file) {
    return ::lseek(file.fd(), 0, SEEK_CUR);
}

/// A pointer or an array and a size, as for read(2) and write(2): the size would be the offset.
template <class... Arguments>
concept may_be_written = requires(Arguments&&... arguments) {
    aio::write(3, std::forward<Arguments>(arguments)...);
    aio::write_all(3, std::forward<Arguments>(arguments)...);
};
static_assert(!may_be_written<const char*, std::size_t> && !may_be_written<char (&)[8], int>);
static_assert(may_be_written<const char*> && may_be_written<const char (&)[5], int>);
static_assert(may_be_written<std::string_view, std::int64_t>);
static_assert(may_be_written<std::string&, int> && may_be_written<const std::vector<iovec>&, int>);
static_assert(may_be_written<std::span<const char>, int> && may_be_written<std::array<char, 8>&, int>);
static_assert(!may_be_written<const char (&)[5], std::size_t>);
static_assert(!may_be_written<std::byte (&)[8], std::size_t> && may_be_written<std::byte (&)[8], int>);
static_assert(!may_be_written<iovec (&)[2], int> && !may_be_written<const iovec (&)[2], int>);
static_assert(may_be_written<iovec (&)[2]>);
template <class... Arguments>
concept may_be_read = requires(Arguments&&... arguments) {
    aio::read(3, std::forward<Arguments>(arguments)...);
    aio::read_exactly(3, std::forward<Arguments>(arguments)...);
};
static_assert(!may_be_read<std::byte (&)[8], std::size_t> && may_be_read<std::byte (&)[8], int>);
static_assert(!may_be_read<char (&)[8], int> && may_be_read<char (&)[8]>);
static_assert(!may_be_read<iovec (&)[2], int> && may_be_read<iovec (&)[2]>);
static_assert(!may_be_read<void*, std::size_t> && may_be_read<std::size_t, int>);
static_assert(may_be_read<std::string&, int> && may_be_read<std::span<char>, std::size_t>);

class Read : public aio::test::operations {};
class Write : public aio::test::operations {};
class Sendfile : public aio::test::operations {};
class Size : public aio::test::operations {};

// R-READ
TEST_F(Read, OffsetLeavesThePositionAloneAndNoneMovesIt) {
    aio::file file = open(make_file("f", "0123456789"));
    std::string buffer(4, '.');
    EXPECT_EQ(run(aio::read(file, bytes(buffer), 2)), 4U);
    EXPECT_EQ(buffer, "2345");
    EXPECT_EQ(run(aio::read(file, buffer, 1)), 4U);
    EXPECT_EQ(buffer, "1234");
    EXPECT_EQ(run(aio::read_exactly(file, std::span(buffer), 3)), 4U);
    EXPECT_EQ(buffer, "3456");
    EXPECT_EQ(run(aio::read(file, bytes(buffer), 2)), 4U);
    EXPECT_EQ(position(file), 0);
    EXPECT_EQ(run(aio::read(file, bytes(buffer))), 4U);
    EXPECT_EQ(buffer, "0123");
    EXPECT_EQ(position(file), 4);
    EXPECT_EQ(run(aio::read(file, bytes(buffer), 8)), 2U) << "short at the end";
    EXPECT_EQ(buffer, "8923") << "and nothing else is touched";
    EXPECT_EQ(run(aio::read(file, bytes(buffer), 10)), 0U) << "0 is the end";
    EXPECT_EQ(run(aio::read(file, bytes(buffer), 1'000'000)), 0U);
}

TEST_F(Read, OwnedBufferHasWhatWasRead) {
    aio::file file = open(make_file("f", "0123456789"));
    EXPECT_EQ(run(aio::read(file, 4)), "0123");
    EXPECT_EQ(run(aio::read(file, 100)), "456789");
    EXPECT_EQ(run(aio::read(file, 100)), "");
    EXPECT_EQ(run(aio::read(file, 3, 7)), "789");
    EXPECT_EQ(run(aio::read(file, 0)), "");
    EXPECT_LT(run(aio::read(file, 1 << 20, 0))->capacity(), 1024U)
        << "little data in a big buffer lets it go";
}

TEST_F(Read, OwnedBufferHasNoMoreThanWasAskedFor) {
    aio::file file = open(make_file("f", std::string(1000, 'x')));
    for (std::size_t size = 0; size < 100; ++size) {
        EXPECT_EQ(run(aio::read(file, size, 0))->size(), size);
        EXPECT_EQ(run(aio::read_exactly(file, size, 0))->size(), size);
        const off_t before = position(file);
        EXPECT_EQ(run(aio::read(file, size))->size(), size);
        EXPECT_EQ(position(file), before + static_cast<off_t>(size)) << "no more was taken";
        ::lseek(file.fd(), 0, SEEK_SET);
    }
}

TEST_F(Read, OfNothingFailsWhereAnyReadWould) {  // C-ROUTES: the page cache is not asked
    const aio::directory slash(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_EQ(failure(run(aio::read(slash, std::span<std::byte>(), 0))), EISDIR);
    EXPECT_EQ(failure(run(aio::read_exactly(slash, 0, 0))), EISDIR);
}

TEST_F(Read, ScattersOverBuffers) {
    aio::file file = open(make_file("f", "0123456789"));
    std::string a(3, '.'), b(4, '.');
    const std::array<iovec, 3> into = {iovec{a.data(), 3}, iovec{nullptr, 0}, iovec{b.data(), 4}};
    EXPECT_EQ(run(aio::read(file, into, 1)), 7U);
    EXPECT_EQ(a + b, "1234567");
    EXPECT_EQ(position(file), 0);
    EXPECT_EQ(run(aio::read(file, into)), 7U);
    EXPECT_EQ(a + b, "0123456");
    EXPECT_EQ(run(aio::read(file, std::span<const iovec>())), 0U);
}

TEST_F(Read, BadArgumentsAreRefused) {
    aio::file file = open(make_file("f", "0123456789"));
    std::string buffer(4, '.');
    EXPECT_EQ(failure(run(aio::read(file, bytes(buffer), -1))), EINVAL) << "no magic number";
    EXPECT_EQ(failure(run(aio::read(file, 4, -5))), EINVAL);
    EXPECT_EQ(failure(run(aio::read(closed_fd(), bytes(buffer)))), EBADF);
    EXPECT_EQ(failure(run(aio::read(closed_fd(), std::span<std::byte>()))), EBADF) << "also of nothing";
    EXPECT_EQ(failure(run(aio::read(aio::file(), 4))), EBADF);
    EXPECT_EQ(failure(run(aio::read(open_root(), 4))), EISDIR);
    EXPECT_EQ(failure(run(aio::read(open(path("f"), O_WRONLY), 4))), EBADF);
    auto [out, in] = make_pipe();
    EXPECT_EQ(failure(run(aio::read(out, 4, 0))), ESPIPE);
    EXPECT_EQ(position(file), 0);
}

TEST_F(Read, HugeLengthsDoNoHarm) {
    aio::file file = open(make_file("f", "0123456789"));
    constexpr std::size_t huge = std::numeric_limits<std::size_t>::max();
    auto owned = run(aio::read(file, huge, 0));
    EXPECT_TRUE(owned == "0123456789" || failure(owned) == ENOMEM);
    EXPECT_EQ(failure(run(aio::read_exactly(file, huge, 0))), ENOMEM);
    char byte = 0;
    const iovec wrong = {&byte, huge};
    EXPECT_EQ(failure(run(aio::read(file, std::span(&wrong, 1), 0))), EINVAL);
    EXPECT_EQ(failure(run(aio::read(file, 1, std::numeric_limits<std::int64_t>::max()))), EINVAL);
}

TEST_F(Read, NonBlockingSaysEAGAIN) {
    auto [out, in] = make_pipe(O_NONBLOCK);
    EXPECT_EQ(failure(run(aio::read(out, 4))), EAGAIN);
}

// What a given-up read would take out of a pipe is lost to whoever reads next: cancelling must not say "no
// effect".
TEST_F(Read, OwnedFromAPipeLosesNothingWhenCancelled) {
    auto [out, in] = make_pipe();
    std::optional<aio::result<std::string>> got;
    auto request =
        io->submit(aio::read(out, 10), [&](aio::result<std::string> read) { got = std::move(read); });
    ASSERT_TRUE(aio::test::eventually([&] { return io->statistics().running == 1; }));
    request.cancel();
    io->poll();
    EXPECT_FALSE(got) << "still reading";
    EXPECT_EQ(run(aio::write(in, "hello")), 5U);
    io->flush();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->value_or(""), "hello");
}

TEST_F(Read, ExactlyGoesOnAfterShortReads) {
    auto [out, in] = make_pipe();
    std::jthread writer([&to = in] {
        for (const char* piece : {"ab", "cd", "ef"}) {
            EXPECT_EQ(::write(to.fd(), piece, 2), 2);
            std::this_thread::sleep_for(5ms);
        }
    });
    EXPECT_EQ(run(aio::read_exactly(out, 6)), "abcdef");
}

TEST_F(Read, ExactlyWaitsForANonBlockingDescriptor) {
    auto [out, in] = make_pipe(O_NONBLOCK);
    std::jthread writer([&to = in] {
        std::this_thread::sleep_for(5ms);
        EXPECT_EQ(::write(to.fd(), "abc", 3), 3);
        to = aio::file();
    });
    std::string buffer(5, '.');
    EXPECT_EQ(run(aio::read_exactly(out, bytes(buffer))), 3U);
    EXPECT_EQ(buffer, "abc..");
}

TEST_F(Read, ExactlyStopsAtTheEnd) {
    aio::file file = open(make_file("f", "0123456789"));
    std::string a(7, '.'), b(7, '.');
    const std::array<iovec, 3> into = {iovec{nullptr, 0}, iovec{a.data(), 7}, iovec{b.data(), 7}};
    EXPECT_EQ(run(aio::read_exactly(file, bytes(a), 5)), 5U);
    EXPECT_EQ(a, "56789..");
    EXPECT_EQ(run(aio::read_exactly(file, into)), 10U);
    EXPECT_EQ(a + b, "0123456789....");
    EXPECT_EQ(run(aio::read_exactly(file, 100, 8)), "89");
    EXPECT_EQ(run(aio::read_exactly(file, 0)), "");
    EXPECT_EQ(failure(run(aio::read_exactly(closed_fd(), 0))), EBADF);
    EXPECT_EQ(failure(run(aio::read_exactly(file, 1, -1))), EINVAL);
}

// More than IOV_MAX buffers, on both sides.
TEST_F(Read, AnyNumberOfBuffersIsFilledExactly) {
    constexpr std::size_t many = 3000;
    std::string text(many * 3, ' ');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>('a' + i % 23);
    std::vector<iovec> from, into;
    std::string back(text.size(), '.');
    for (std::size_t i = 0; i < many; ++i) {
        from.push_back({text.data() + 3 * i, 3});
        into.push_back({back.data() + 3 * i, 3});
    }
    aio::file file = open(path("f"), O_RDWR | O_CREAT);
    EXPECT_EQ(run(aio::write(file, from, 0)), 1024U * 3) << "one call, short";
    EXPECT_EQ(run(aio::write_all(file, from, 0)), text.size());
    EXPECT_EQ(run(aio::read(file, into, 0)), 1024U * 3);
    EXPECT_EQ(run(aio::read_exactly(file, into, 0)), text.size());
    EXPECT_EQ(back, text);
}

// R-WRITE
TEST_F(Write, OffsetLeavesThePositionAloneAndNoneMovesIt) {
    aio::file file = open(path("f"), O_RDWR | O_CREAT);
    EXPECT_EQ(run(aio::write(file, "hello")), 5U);
    EXPECT_EQ(position(file), 5);
    EXPECT_EQ(run(aio::write(file, "J", 0)), 1U);
    EXPECT_EQ(position(file), 5);
    const std::string world = " world";
    EXPECT_EQ(run(aio::write(file, std::as_bytes(std::span(world)))), 6U);
    EXPECT_EQ(content(path("f")), "Jello world");
    EXPECT_EQ(run(aio::write(file, "")), 0U);
    EXPECT_EQ(run(aio::write(file, "!", 20)), 1U) << "past the end: a hole";
    EXPECT_EQ(content(path("f")).size(), 21U);
}

TEST_F(Write, TakesCharactersThatAreNoText) {  // as read does; what is text is not cut at a NUL either
    auto file = open(make_file("chars"));
    const std::vector<char> chars = {'a', '\0', 'b'};
    EXPECT_EQ(run(aio::write(file, chars, 0)).value(), 3U);
    EXPECT_EQ(run(aio::write_all(file, std::span(chars).last(1), 3)).value(), 1U);
    EXPECT_EQ(content(path("chars")), std::string("a\0bb", 4));
}

TEST_F(Write, AppendsWithAppend) {
    aio::file file = open(make_file("f", "abc"), O_WRONLY | O_APPEND);
    EXPECT_EQ(run(aio::write(file, "def")), 3U);
    EXPECT_EQ(run(aio::write(file, "ghi", 0)), 3U) << "with an offset too, on Linux";
    EXPECT_EQ(content(path("f")), "abcdefghi");
}

TEST_F(Write, GathersBuffers) {
    aio::file file = open(path("f"), O_RDWR | O_CREAT);
    std::string a = "abc", b = "defg";
    const std::array<iovec, 3> from = {iovec{a.data(), 3}, iovec{nullptr, 0}, iovec{b.data(), 4}};
    EXPECT_EQ(run(aio::write(file, from)), 7U);
    EXPECT_EQ(run(aio::write(file, from, 7)), 7U);
    EXPECT_EQ(run(aio::write_all(file, from, 14)), 7U);
    EXPECT_EQ(content(path("f")), "abcdefgabcdefgabcdefg");
}

// T-03: 3.15's form, delivered and not thrown.
TEST_F(Write, BadArgumentsAreRefused) {
    aio::file file = open(make_file("f", "abc"), O_RDONLY);
    EXPECT_EQ(failure(run(aio::write(file, "x"))), EBADF);
    EXPECT_EQ(failure(run(aio::write_all(file, "x"))), EBADF);
    EXPECT_EQ(failure(run(aio::write(closed_fd(), "x"))), EBADF);
    EXPECT_EQ(failure(run(aio::write(closed_fd(), ""))), EBADF);
    EXPECT_EQ(failure(run(aio::write(open(path("f")), "x", -1))), EINVAL);
    EXPECT_EQ(failure(run(aio::write_all(open(path("f")), "x", -1))), EINVAL);
    auto [out, in] = make_pipe();
    EXPECT_EQ(failure(run(aio::write(in, "x", 0))), ESPIPE);
    EXPECT_EQ(content(path("f")), "abc");
}

TEST_F(Write, BrokenPipeIsAnErrorAndNoSignal) {
    auto [out, in] = make_pipe();
    out = aio::file();
    EXPECT_EQ(failure(run(aio::write(in, "x"))), EPIPE);
}

TEST_F(Write, SigpipeStaysAsItWasWhereThePollingThreadWrites) {
    io.emplace(aio::context_options{.threads = {.max = 0}});
    auto [out, in] = make_pipe();
    out = aio::file();
    sigset_t pipe;
    sigset_t before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    const auto is_pending = [] {
        sigset_t pending;
        ::sigpending(&pending);
        return sigismember(&pending, SIGPIPE) == 1;
    };
    ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
    for (const bool pending : {false, true}) {
        if (pending) ::pthread_kill(::pthread_self(), SIGPIPE);
        EXPECT_EQ(failure(run(aio::write(in, "x"))), EPIPE);
        EXPECT_EQ(is_pending(), pending) << "ours is taken away, the program's own is not";
        sigset_t now;
        ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
        EXPECT_EQ(sigismember(&now, SIGPIPE), 1) << "blocked, as before";
    }
    const timespec at_once = {};
    EXPECT_EQ(::sigtimedwait(&pipe, nullptr, &at_once), SIGPIPE);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(Write, FullDiskIsENOSPC) {
    aio::file full = open("/dev/full", O_WRONLY);
    EXPECT_EQ(failure(run(aio::write(full, "x"))), ENOSPC);
    EXPECT_EQ(failure(run(aio::write_all(full, "x"))), ENOSPC);
}

TEST_F(Write, AllGoesOnAfterShortWrites) {
    auto [out, in] = make_pipe(O_NONBLOCK);
    const std::string text(300'000, 'x');  // more than a pipe holds
    std::size_t got = 0;
    std::jthread reader([&from = out, &got] {
        std::array<char, 4096> buffer;
        for (;;) {
            const ssize_t n = ::read(from.fd(), buffer.data(), buffer.size());
            if (n == 0) return;
            if (n > 0)
                got += static_cast<std::size_t>(n);
            else
                std::this_thread::sleep_for(1ms);
        }
    });
    EXPECT_EQ(run(aio::write_all(in, text)), text.size());
    in = aio::file();
    reader.join();
    EXPECT_EQ(got, text.size());
}

// R-SENDFILE
TEST_F(Sendfile, CopiesFromTheOffsetToThePosition) {
    aio::file in = open(make_file("in", "0123456789"), O_RDONLY);
    aio::file out = open(make_file("out", "ab"));
    ::lseek(in.fd(), 3, SEEK_SET);
    ::lseek(out.fd(), 2, SEEK_SET);
    EXPECT_EQ(run(aio::sendfile(out, in, 4, 5)), 5U);
    EXPECT_EQ(position(in), 3);
    EXPECT_EQ(position(out), 7);
    EXPECT_EQ(content(path("out")), "ab45678");
    EXPECT_EQ(run(aio::sendfile(out, in, 8, 100)), 2U) << "short at the end";
    EXPECT_EQ(run(aio::sendfile(out, in, 10, 100)), 0U);
    EXPECT_EQ(run(aio::sendfile(out, in, 0, 0)), 0U);
    EXPECT_EQ(content(path("out")), "ab4567889");
}

TEST_F(Sendfile, WritesToPipesAndSockets) {
    aio::file in = open(make_file("in", "0123456789"), O_RDONLY);
    auto [out, pipe] = make_pipe();
    EXPECT_EQ(run(aio::sendfile(pipe, in, 1, 5)), 5U);
    EXPECT_EQ(run(aio::read(out, 100)), "12345");
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    aio::file here(ends[0]), there(ends[1]);
    EXPECT_EQ(run(aio::sendfile(here, in, 2, 8)), 8U);
    EXPECT_EQ(run(aio::read(there, 100)), "23456789");
}

TEST_F(Sendfile, WhatTheKernelRefusesIsDoneByHand) {
    aio::file in = open(make_file("in", "0123456789"), O_RDONLY);
    aio::file out = open(make_file("out", "ab"), O_WRONLY | O_APPEND);  // EINVAL from the kernel
    EXPECT_EQ(run(aio::sendfile(out, in, 4, 5)), 5U);
    EXPECT_EQ(content(path("out")), "ab45678");
    EXPECT_EQ(position(in), 0);
}

TEST_F(Sendfile, BadArgumentsAreRefused) {
    aio::file in = open(make_file("in", "0123456789"), O_RDONLY);
    aio::file out = open(path("out"), O_RDWR | O_CREAT);
    EXPECT_EQ(failure(run(aio::sendfile(out, in, -1, 5))), EINVAL);
    EXPECT_EQ(failure(run(aio::sendfile(aio::file(), in, 0, 5))), EBADF);
    EXPECT_EQ(failure(run(aio::sendfile(out, aio::file(), 0, 5))), EBADF);
    EXPECT_EQ(failure(run(aio::sendfile(out, closed_fd(), 0, 5))), EBADF);
    EXPECT_EQ(failure(run(aio::sendfile(in, in, 0, 5))), EBADF) << "not open for writing";
    auto [read_end, write_end] = make_pipe();
    EXPECT_EQ(run(aio::write(write_end, "abc")), 3U);
    EXPECT_EQ(failure(run(aio::sendfile(out, read_end, 0, 3))), ESPIPE);
    EXPECT_EQ(failure(run(aio::sendfile(open("/dev/full", O_WRONLY), in, 0, 5))), ENOSPC);
}

TEST_F(Sendfile, FullNonBlockingSocketTakesAPartAndThenSaysEAGAIN) {
    aio::file in = open(make_file("in", std::string(4 << 20, 'x')), O_RDONLY);
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    aio::file here(ends[0]), there(ends[1]);
    auto sent = run(aio::sendfile(here, in, 0, 4 << 20));
    ASSERT_TRUE(sent);
    EXPECT_GT(*sent, 0U);
    EXPECT_LT(*sent, 4U << 20);
    EXPECT_EQ(failure(run(aio::sendfile(here, in, 0, 4 << 20))), EAGAIN);
}

// B-11: the kernel moves less than 2 GiB at once. The file is one hole, in memory, where reading holes is
// cheap.
TEST_F(Sendfile, MovesMoreThanTheKernelDoesAtOnce) {
    constexpr std::int64_t size = (std::int64_t{2} << 30) + 4096;
    aio::file in(::memfd_create("in", MFD_CLOEXEC));
    ASSERT_EQ(failure(run(aio::truncate(in, size))), 0);
    aio::file out = open("/dev/null", O_WRONLY);
    EXPECT_EQ(run(aio::sendfile(out, in, 0, static_cast<std::size_t>(size))), static_cast<std::size_t>(size));
}

TEST_F(Sendfile, EmulationCopiesInPiecesAndCountsWhatWasWritten) {
    std::string text(200'000, ' ');
    std::iota(text.begin(), text.end(), '\0');
    aio::file in = open(make_file("in", text), O_RDONLY);
    aio::file out = open(path("out"), O_RDWR | O_CREAT);
    EXPECT_EQ(aio::detail::copy_by_hand(out.fd(), in.fd(), 1, 150'000), 150'000U);
    EXPECT_EQ(content(path("out")), text.substr(1, 150'000));
    EXPECT_EQ(aio::detail::copy_by_hand(out.fd(), in.fd(), 199'999, 10), 1U);
    EXPECT_EQ(position(in), 0);
    auto [read_end, write_end] = make_pipe(O_NONBLOCK);
    EXPECT_EQ(aio::detail::copy_by_hand(write_end.fd(), in.fd(), 0, 200'000), 65'536U) << "then EAGAIN";
    EXPECT_EQ(failure(aio::detail::copy_by_hand(write_end.fd(), in.fd(), 0, 200'000)), EAGAIN);
    EXPECT_EQ(failure(aio::detail::copy_by_hand(out.fd(), read_end.fd(), 0, 10)), ESPIPE);
}

// A part of it counts; the next call meets the error again, or finds that `out` takes nothing.
TEST_F(Sendfile, AnErrorAfterAPartIsNoneYet) {
    const std::string text(100'000, 'x');
    const aio::file in = open(make_file("in", text), O_RDONLY);
    const aio::file out = open(path("out"), O_RDWR | O_CREAT);
    for (const std::string_view failing : {"pread", "write"}) {
        for (const bool says_nothing : {false, true}) {
            ASSERT_EQ(::ftruncate(out.fd(), 0) + ::lseek(out.fd(), 0, SEEK_SET), 0);
            int calls = 0;
            const aio::test::fault what = {.error = says_nothing ? 0 : EIO, .nothing = says_nothing};
            const aio::test::judged_system_calls fails(
                {root}, [&](std::string_view call, const std::string&, auto) {
                    if (call == "sendfile") return aio::test::fault{.error = ENOSYS};
                    return call == failing && calls++ ? what : aio::test::fault();
                });
            EXPECT_EQ(run(aio::sendfile(out, in, 0, text.size())), 65'536U);
            EXPECT_EQ(content(path("out")), text.substr(0, 65'536));
            EXPECT_EQ(position(out), 65'536);
            const auto next = run(aio::sendfile(out, in, 65'536, text.size()));
            EXPECT_EQ(failure(next), says_nothing ? 0 : EIO);
            EXPECT_EQ(next.value_or(0), 0U);
        }
    }
}

TEST_F(Sendfile, AnErrorAfterTheFirstGreatPartIsNoneYet) {
    constexpr std::int64_t size = (std::int64_t{2} << 30) + 4096;
    const aio::file in(::memfd_create("in", MFD_CLOEXEC));
    ASSERT_EQ(failure(run(aio::truncate(in, size))), 0);
    const aio::file out = open("/dev/null", O_WRONLY);
    int calls = 0;
    const aio::test::judged_system_calls fails(
        {"/dev/null"}, [&](std::string_view call, const std::string&, auto) {
            return aio::test::fault{.error = call == "sendfile" && calls++ ? EIO : 0};
        });
    EXPECT_EQ(run(aio::sendfile(out, in, 0, static_cast<std::size_t>(size))), 0x7ffff000U);
    EXPECT_EQ(calls, 2);
}

// R-READAHEAD, B-38
TEST_F(Read, AheadSucceedsAndMovesNothing) {
    aio::file file = open(make_file("f", std::string(100'000, 'x')), O_RDONLY);
    EXPECT_EQ(failure(run(aio::readahead(file, 0, 1 << 20))), 0);
    EXPECT_EQ(failure(run(aio::readahead(file, 1 << 30, 0))), 0);
    EXPECT_EQ(position(file), 0);
    EXPECT_EQ(failure(run(aio::readahead(file, -1, 10))), EINVAL);
    EXPECT_EQ(failure(run(aio::readahead(closed_fd(), 0, 10))), EBADF);
    auto [out, in] = make_pipe();
    EXPECT_EQ(failure(run(aio::readahead(out, 0, 10))), EINVAL);
    aio::detail::read_ahead_by_hand(file.fd(), 0, 1 << 30);  // ends at the end
    aio::detail::read_ahead_by_hand(out.fd(), 0, 10);        // never fails
    EXPECT_EQ(position(file), 0);
}

// R-TRUNC
TEST_F(Size, TruncateCutsAndGrowsByPathHandleAndDescriptor) {
    const std::string name = make_file("f", "0123456789");
    aio::file file = open(name);
    auto base = open_root();
    EXPECT_EQ(failure(run(aio::truncate(name, 8))), 0);
    EXPECT_EQ(content(name), "01234567");
    EXPECT_EQ(failure(run(aio::truncate(file, 6))), 0);
    EXPECT_EQ(content(name), "012345");
    EXPECT_EQ(failure(run(aio::truncate({base, "f"}, 4))), 0);
    EXPECT_EQ(content(name), "0123");
    EXPECT_EQ(failure(run(aio::truncate(file.fd(), 6))), 0);
    EXPECT_EQ(content(name), std::string("0123\0\0", 6));
}

TEST_F(Size, TruncateRefusesTheSameInEachForm) {
    const std::string fifo = make_fifo("fifo");
    auto base = open_root();
    make_file("f");
    EXPECT_EQ(failure(run(aio::truncate(path("f"), -1))), EINVAL);
    EXPECT_EQ(failure(run(aio::truncate(fifo, 0))), EINVAL);
    EXPECT_EQ(failure(run(aio::truncate({base, "fifo"}, 0))), EINVAL) << "and does not wait for a reader";
    EXPECT_EQ(failure(run(aio::truncate(root, 0))), EISDIR);
    EXPECT_EQ(failure(run(aio::truncate({base, "."}, 0))), EISDIR);
    EXPECT_EQ(failure(run(aio::truncate(closed_fd(), 0))), EBADF);
    EXPECT_EQ(failure(run(aio::truncate(open(path("f"), O_RDONLY), 0))), EINVAL);
    aio::test::expect_bad_paths_refused(root,
                                        [&](aio::path_view p) { return failure(run(aio::truncate(p, 1))); });
}

TEST_F(Size, FallocateAllocatesAndKeepsTheSizeIfAsked) {
    aio::file file = open(path("f"), O_RDWR | O_CREAT);
    auto made = run(aio::fallocate(file, 0, 0, 10'000));
    if (failure(made) == EOPNOTSUPP) return;  // this file system has no such thing
    ASSERT_EQ(failure(made), 0);
    EXPECT_EQ(run(aio::stat(file))->size, 10'000U);
    EXPECT_EQ(failure(run(aio::fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 1 << 20))), 0);
    EXPECT_EQ(run(aio::stat(file))->size, 10'000U);
    EXPECT_GE(run(aio::stat(file))->blocks * 512, 1U << 20);
    EXPECT_EQ(failure(run(aio::fallocate(file, 0, -1, 10))), EINVAL);
    EXPECT_EQ(failure(run(aio::fallocate(file, 0, 0, 0))), EINVAL);
    EXPECT_EQ(failure(run(aio::fallocate(file, 0, 0, -10))), EINVAL);
    EXPECT_EQ(failure(run(aio::fallocate(closed_fd(), 0, 0, 10))), EBADF);
    auto [out, in] = make_pipe();
    EXPECT_EQ(failure(run(aio::fallocate(in, 0, 0, 10))), ESPIPE);
}

}  // namespace
