# Ctrl-C ends a command with status 130, and the script that runs it, also one that waits for something that never comes.
source "$(dirname "$0")/lib.bash"
set -m # so that what is started here does not ignore SIGINT

# interrupt OUTPUT COMMAND...: sends SIGINT after a while; the status must be 130.
interrupt() {
    local output=$1 pid
    shift
    "$@" >"$output" &
    pid=$!
    listens "$pid" || return
    sleep 0.5
    # Once, and to the tool alone: a second one ends it at once.
    kill -INT "$pid"
    status 130 wait "$pid"
}

# ended SIGNAL COMMAND...: ends a copy that waits for something, in order.
ended() {
    local signal=$1 pid wanted=$((128 + $(kill -l "$1")))
    shift
    "$@" &
    pid=$!
    listens "$pid" || return
    sleep 0.5
    kill -"$signal" "$pid"
    status "$wanted" wait "$pid" && [[ $(ls -A copies) == old && $(<copies/old) == old ]]
}
mkdir copies && echo old >copies/old
mkfifo fifo
exec {held}<>fifo
for signal in INT TERM HUP; do
    promise "$signal: a copy of a pipe" ended $signal "$aio" cp fifo copies/new
    promise "$signal: onto a file" ended $signal "$aio" cp fifo copies/old
done
asking() { exec "$aio" cp -i "$SOURCE/README.md" copies/old <fifo; }
promise "a question that nobody answers" ended INT asking
exec {held}>&-
promise "of one that nobody writes" ended INT "$aio" cp fifo copies/new
promise "onto one that nobody reads" ended INT "$aio" cp copies/old fifo
exec {held}<>fifo
head -c 1000000 /dev/zero >large
promise "onto one that is full" ended TERM "$aio" cp large fifo
exec {held}>&-
promise "cat of a FIFO that nobody writes" interrupt cat.out "$aio" cat fifo
mkfifo full
exec {full}<>full
promise "cat into a pipe that is full" interrupt full "$aio" cat large
nonblocking() { exec python3 -c 'import os, sys; os.set_blocking(1, False); os.execv(sys.argv[1], sys.argv[1:])' "$@"; }
promise "also one that is non-blocking" interrupt full nonblocking "$aio" cat large
exec {full}>&-

# Long enough to be interrupted on any machine.
mapfile -t operands < <(yes /usr | head -2000)
promise "a scan" interrupt scan.out "$aio" scan -q --summary "${operands[@]}"
promise "which sums up what was done" grep -qE '^[1-9][0-9]* directories, .* s$' scan.out
mkfifo unread
exec {unread}<>unread
promise "a scan whose output is not read" interrupt unread "$aio" scan /usr

# script COMMAND...: a script that waits for it is interrupted with it, and goes no further.
script() {
    local pid deadline=$((SECONDS + 60))
    rm -f child after
    setsid bash -c '(echo $BASHPID >child; exec "$0" "$@"); touch after' "$@" <&0 &
    pid=$!
    until [[ -s child ]]; do ((SECONDS < deadline)) || return; sleep 0.01; done
    listens "$(<child)" || return
    kill -INT -- "-$pid" || return
    status 130 wait "$pid" && [[ ! -e after ]]
}
promise "which ends the script too: cat" script "$aio" cat fifo
promise "cp" script "$aio" cp fifo copies/new
promise "scan" script "$aio" scan -q "${operands[@]}"
promise "bench" script "$aio" bench --seconds 3600
exec {held}<>fifo
promise "a question about all" script "$aio" rm -rI copies <fifo
exec {held}>&-
ignoring() { # what ignored a signal when it was started goes on
    local pid deadline=$((SECONDS + 60))
    (trap '' INT && exec "$aio" cp fifo copies/new) &
    pid=$!
    until [[ /proc/$pid/exe -ef $aio ]] && ((0x$(awk '/^SigCgt:/ { print $2 }' "/proc/$pid/status") & 1 << 14)); do
        ((SECONDS < deadline)) || return
        sleep 0.01
    done
    kill -INT "$pid"
    sleep 0.3
    echo all >fifo
    status 0 wait "$pid" && [[ $(<copies/new) == all ]]
}
promise "what ignores it goes on" ignoring
finish
