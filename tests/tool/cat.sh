# aio cat writes files in the order given, whatever kind they are of.
source "$(dirname "$0")/lib.bash"

head -c 3000000 /dev/urandom >big
printf 'one' >one
: >empty
for i in {1..200}; do echo "$i" >"n$i"; done
numbered=(n{1..200})

promise "a file" cmp <("$aio" cat big) big
promise "several, in order" cmp <("$aio" cat one big empty "${numbered[@]}" one) \
    <(cat one big empty "${numbered[@]}" one)
promise "with few descriptors" cmp <(ulimit -n 20 && "$aio" cat "${numbered[@]}") <(cat "${numbered[@]}")
promise "a file of /proc" cmp <("$aio" cat /proc/version) /proc/version
promise "standard input without operands" cmp <("$aio" cat <big) big
promise "standard input as -" cmp <("$aio" cat one - one <big) <(cat one big one)
promise "a pipe as operand" cmp <("$aio" cat <(cat big)) big
promise "nothing" cmp <("$aio" cat empty) empty

promise "a directory" complains '^aio cat: read /: Is a directory$' "$aio" cat /
promise "a missing file" complains '^aio cat: open none: No such file or directory$' "$aio" cat none
promise "is an error" status 1 "$aio" cat none
promise "and does not stop the rest" eval '[[ $("$aio" cat one none / one 2>/dev/null) == oneone ]]'
promise "its own output is not read" eval 'cp one out && status 1 "$aio" cat one out >>out; [[ $(<out) == oneone ]]'
finish
