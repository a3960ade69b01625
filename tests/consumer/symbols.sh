#!/usr/bin/env bash
# symbols.sh LIBRARY: what the shared library shows to the world. Only the promise, and what its templates call.
set -euo pipefail
library=${1:?usage: symbols.sh LIBRARY}

fail() {
    echo "$library: $*" >&2
    exit 1
}

objdump -p "$library" > "$library.headers"
grep -qE '^ +SONAME +libaiopp\.so\.0$' "$library.headers" || fail "its soname is not libaiopp.so.0"
needs=$(sed -n 's/^ *NEEDED *//p' "$library.headers" | grep -vE '^(libstdc\+\+|libm|libgcc_s|libc|liburing|ld-linux.*)\.so\.') || true
[[ -z $needs ]] || fail "needs $needs"

# Strong symbols outside the namespace; what is weak are instantiations of the standard library's templates.
strangers=$(nm -DC --defined-only "$library" | sed -n 's/^[0-9a-f]* [TDBR] //p' | grep -v '^aio::') || true
[[ -z $strangers ]] || fail "exports $strangers"

# What lives in src/ alone.
inside=$(nm -DC --defined-only "$library" | sed 's/^[0-9a-f]* . //' |
    grep -E '^aio::detail::(engine|activity|completions|worker_pool|notifier|simulated_|thread_route|request_queue)[a-z_]*::') || true
[[ -z $inside ]] || fail "exports what is not for others: $inside"

nm -DC --defined-only "$library" | grep ' aio::context::poll(' > /dev/null || fail "does not export aio::context::poll"
