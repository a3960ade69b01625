# What the tests of the tool share. Each test script sources it, states promises with `promise`, and ends with `finish`.
# AIO is the tool's path, SOURCE the source directory.
set -uo pipefail
: "${AIO:?the path of the tool}" "${SOURCE:?the source directory}"

scratch=$(mktemp -d)
chmod 755 "$scratch" # for tests that give up root's rights
cleanup() {
    cd /
    chmod -R u+rwx "$scratch" 2>/dev/null
    rm -rf "$scratch"
}
trap cleanup EXIT
cd "$scratch" || exit 1
mkdir bin work
cp "$AIO" bin/aio # where everybody may run it
aio=$scratch/bin/aio
cd work || exit 1

failures=0
skipped=0

# promise TEXT COMMAND...: the command succeeds. If not, what it printed is shown.
promise() {
    local text=$1 said
    shift
    if said=$("$@" 2>&1); then
        printf 'ok: %s\n' "$text"
    else
        failures=$((failures + 1))
        printf 'FAILED: %s\n  command: %s\n' "$text" "$*"
        printf '%s\n' "$said" | head -40 | sed 's/^/  /'
    fi
}

# status N COMMAND...: it exits with N.
status() {
    local wanted=$1 got=0
    shift
    "$@" || got=$?
    [[ $got == "$wanted" ]] || { echo "exit status $got, not $wanted"; return 1; }
}

# prints TEXT COMMAND...: its standard output is TEXT and a newline (or nothing at all, for an empty TEXT).
prints() {
    local wanted=$1
    shift
    diff <(if [[ $wanted ]]; then printf '%s\n' "$wanted"; fi) <("$@")
}

# complains PATTERN COMMAND...: its stderr has a line that matches.
complains() {
    local pattern=$1 said
    shift
    said=$("$@" 2>&1 >/dev/null)
    grep -aqE -- "$pattern" <<<"$said" || { printf 'stderr: %s\nhas nothing like: %s\n' "$said" "$pattern"; return 1; }
}

# same_twice COMMAND...: its output has two halves that are the same: what coreutils do, and what aio does.
same_twice() {
    local said lines
    said=$("$@")
    lines=$(wc -l <<<"$said")
    diff <(head -n $((lines / 2)) <<<"$said") <(tail -n +$((lines / 2 + 1)) <<<"$said")
}

# listens PID: waits until that tool catches SIGINT. Before, which takes a while under a sanitizer, the signal just ends it.
listens() {
    local caught=0 deadline=$((SECONDS + 60))
    until [[ /proc/$1/exe -ef $aio ]] && ((0x$caught & 1 << 1)); do
        ((SECONDS < deadline)) || { echo "does not catch SIGINT"; return 1; }
        sleep 0.01
        caught=$(awk '/^SigCgt:/ { print $2 }' "/proc/$1/status") || return 1
    done
}

# as_nobody COMMAND...: without root's rights, which includes that to write where ./dev coverage collects profiles.
nobody=(env)
((EUID)) || nobody+=(LLVM_PROFILE_FILE="${AIO_PROFILE_OF_NOBODY:-/dev/null}" setpriv --reuid=65534 --regid=65534 --clear-groups --)
as_nobody() {
    "${nobody[@]}" "$@"
}

# skip TEXT: something cannot be tested here. The rest is, and the whole counts as skipped.
skip() {
    echo "skipped: $1"
    skipped=1
}

finish() {
    ((failures == 0)) || { echo "$failures promises broken"; exit 1; }
    ((skipped == 0)) || exit 77
    exit 0
}
