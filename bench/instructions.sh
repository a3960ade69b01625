#!/usr/bin/env bash
# Counts the instructions that a request takes, all threads together, and writes them into README.md. What starting
# and ending cost is left out: it is the same for many requests as for few. The driver's own part, about 30, is in.
set -euo pipefail
driver=${1:?usage: instructions.sh DRIVER}
readme=$(cd "$(dirname "$0")" && pwd)/README.md
[[ -x $driver ]] || { echo "no program $driver" >&2; exit 1; }
few=2000 many=12000

files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT

# instructions WORKLOAD IN_FLIGHT CONTENDER COUNT
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$driver" --smoke --only "$1" --in-flight "$2" \
        --contenders "$3" --once "$4" --directory "$files" 2>&1 | sed -n 's/.*Collected : //p' | grep .  # or it fails
}

# line WHAT WORKLOAD IN_FLIGHT CONTENDER
line() {
    local less more
    less=$(instructions "$2" "$3" "$4" $few)
    more=$(instructions "$2" "$3" "$4" $many)
    printf '| %s | %s | %s |\n' "$1" "$3" "$(((more - less) / (many - few)))"
}

table=$(
    printf '| request | in flight | instructions |\n| --- | ---: | ---: |\n'
    line 'nop, by callback' nop 32 aiopp
    line 'nop, by `co_await`' coroutine_nop 1 aiopp
    line '`stat` of a cached file, by workers' stat 32 aiopp-threads
    line '`read` of 4 KiB in the page cache, at once' read_4k 1 aiopp
    line 'the same, by `co_await`' coroutine_chain 1 aiopp
    line 'the plain `stat` alone, one thread' stat 1 limit
    line 'the plain `pread` alone, one thread' read_4k 1 limit
)
printf '%s\n' "$table"
awk -v table="$table" '
    /^<!-- instructions: / { print; print ""; print table; print ""; inside = 1; next }
    /^<!-- end of instructions -->/ { inside = 0 }
    !inside { print }
' "$readme" > "$readme.new"
mv "$readme.new" "$readme"
