#!/usr/bin/env bash
# wraps.sh LIBRARY: whatever the library asks of the system about files can be made to fail by the tests, by its wrap
# in support/system_calls.cpp. What else it calls has its reason below.
set -euo pipefail
library=${1:?usage: wraps.sh LIBRARY}
cd "${SOURCE:-$(dirname "$0")/..}"

# excepted FUNCTION: whether it needs no wrap.
excepted() {
    case $1 in
        # Streams and std::filesystem read and write unseen: they are not used, but for a file of /proc.
        _Z*filebuf* | _Z*fstream* | _Z*10filesystem*) return 1 ;;
        fopen | fgets | fclose) ;;
        # The compiler's and the language's own.
        _Z* | _GLOBAL_OFFSET_TABLE_ | _Unwind_* | __cxa_* | __dso_handle | __gxx_personality_v0 | __tls_get_addr) ;;
        __errno_location | __libc_single_threaded | __stack_chk_fail | __aarch64_*) ;;
        # Of memory and texts.
        mem* | bcmp | str* | snprintf | __isoc*_sscanf) ;;
        # Of threads, signals, processors and clocks.
        pthread_* | sig* | sched_* | clock_* | time) ;;
        # Of the process and the machine.
        getenv | getegid | geteuid | gettid | getrlimit | getrandom | prctl | sysconf | uname) ;;
        # What polls and wakes the library, on descriptors of its own. Without any: Fault.*
        epoll_* | eventfd | timerfd_* | dup3 | ppoll) ;;
        # A ring: support/failing_ring.cpp fails in its place. The mapping is memory for one.
        io_uring_* | mmap | munmap | madvise) ;;
        # The flags of a descriptor, and one more of a directory. Without any: Exhaustion.*
        fcntl) ;;
        # It returns nothing.
        sync) ;;
        *) return 1 ;;
    esac
}

# excepted_number NUMBER: the same of what has no function, and is asked for by `syscall`.
excepted_number() {
    case $1 in
        SYS_fchmodat2) ;; # the wrap of syscall knows it
        # Whatever they say but success, a worker makes the call; ENOSYS from them would hold for the whole process.
        SYS_openat2 | SYS_name_to_handle_at) ;;
        SYS_futex* | SYS_io_uring_setup) ;;
        *) return 1 ;;
    esac
}

undefined=$(nm -u "$library" | sed -n 's/^ *[Uw] //p' | sort -u)
wraps=$(sed -nE 's/^(\/\/ )?AIO_WRAP[A-Z_]*\(([a-z_*]+, )?([a-z0-9_]+),.*/\3/p' tests/support/system_calls.cpp | sort)
# A wrong reading of either must not pass for a right library.
for each in openat close pread renameat2; do
    grep -qx "$each" <<<"$undefined" || { echo "$library does not call $each"; exit 1; }
done

status=0
for each in $(comm -23 <(echo "$undefined") <(echo "$wraps")); do
    excepted "$each" && continue
    echo "$each: called by the library, without a wrap in tests/support/system_calls.cpp or a reason in tests/wraps.sh"
    status=1
done
for each in $(grep -rohE '\bSYS_[a-z0-9_]+' src include | sort -u); do
    excepted_number "$each" && continue
    echo "$each: used in src, without a wrap in tests/support/system_calls.cpp or a reason in tests/wraps.sh"
    status=1
done
exit $status
