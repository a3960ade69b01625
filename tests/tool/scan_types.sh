# aio scan finds out what things are where the file system does not tell.
source "$(dirname "$0")/lib.bash"

cat >untold.c <<'END'
#define _GNU_SOURCE
#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t getdents64(int fd, void* buffer, size_t size) {
    long got = syscall(SYS_getdents64, fd, buffer, size);
    for (long at = 0; at < got;) {
        struct dirent64* entry = (struct dirent64*)((char*)buffer + at);
        entry->d_type = DT_UNKNOWN;
        at += entry->d_reclen;
    }
    return got;
}
END
"${CC:-cc}" -shared -fPIC -o untold.so untold.c || { echo "skipped: no C compiler"; exit 77; }
mkdir -p t/{a/b,c}
touch t/a/f t/g
ln -s a t/l
mkfifo t/p
untold() { env ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" LD_PRELOAD="$PWD/untold.so" "$aio" scan "$@"; }

promise "the same paths" diff <(untold t | sort) <("$aio" scan t | sort)
promise "the same counts" diff <(untold -q --summary t | sed 's/[0-9.]* s$//') <("$aio" scan -q --summary t | sed 's/[0-9.]* s$//')
finish
