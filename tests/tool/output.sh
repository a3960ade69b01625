# A closed pipe is the end of the output and no error; any other failure to write is one.
source "$(dirname "$0")/lib.bash"

mkdir t && (cd t && mkdir {1..200} && touch {1..200}/{a,b,c,d,e,f,g,h})
closed_pipe() { # COMMAND...
    local states
    "$@" 2>stderr | head -1 >/dev/null
    states=("${PIPESTATUS[@]}")
    [[ ${states[0]} == 0 && ! -s stderr ]] || { echo "status ${states[0]}"; cat stderr; return 1; }
}
head -c 10000000 /dev/zero >zeros

promise "a closed pipe: scan" closed_pipe "$aio" scan t
promise "a closed pipe: scan of a big tree" closed_pipe "$aio" scan /usr
promise "a closed pipe: cat" closed_pipe "$aio" cat zeros zeros
promise "a closed pipe: cat of what never ends" timeout 20 bash -c "'$aio' cat /dev/zero | head -c 3 >/dev/null"
promise "a closed pipe: routes" closed_pipe "$aio" routes
promise "a closed pipe: help" closed_pipe "$aio" scan --help
promise "an earlier error is still one" \
    eval '"$aio" scan none t 2>/dev/null | head -1 >/dev/null; [[ ${PIPESTATUS[0]} == 1 ]]'

for command in 'scan t' 'scan --summary -q t' 'cat zeros' routes --help --version 'scan --help'; do
    promise "a full device: $command" status 1 eval "\$aio $command >/dev/full"
done
for command in 'cp --help' --help --version; do
    name=${command%--*}
    promise "which is said: $command" prints "aio${name:+ ${name% }}: write standard output: No space left on device" \
        eval "\$aio $command 2>&1 >/dev/full"
done
promise "a full device is reported once" prints 'aio scan: write standard output: No space left on device' \
    eval '"$aio" scan t 2>&1 >/dev/full'
promise "a closed standard output" status 1 eval '"$aio" scan t >&-'
promise "a closed standard output that is not used" status 0 eval '"$aio" scan -q t >&-'
promise "a closed standard error" status 1 eval '"$aio" scan none 2>&-'
promise "with everything closed" status 0 eval '"$aio" sync t <&- >&- 2>&-'
finish
