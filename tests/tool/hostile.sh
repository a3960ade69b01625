# The commands on a file system that lies (tests/fuse/hostile.cpp): nothing outside is touched, nothing goes on for ever.
source "$(dirname "$0")/own_mounts.bash"
source "$(dirname "$0")/lib.bash"

: "${HOSTILE_FS:?the path of the file system}"
mkdir mnt outside && echo kept >outside/kept
mkfifo end
"$HOSTILE_FS" mnt <end >said 2>&1 &
exec {end}>end
until [[ -s said ]]; do sleep 0.05; done
grep -q mounted said || { echo "skipped: $(<said)"; exit 77; }

# ending COMMAND...: it ends by itself.
ending() { timeout 60 "$@"; }

kept() { [[ $(<outside/kept) == kept && $(ls outside) == kept ]]; }
for where in slash nameless circle; do
    promise "$where: scan" complains "^aio scan: readdir mnt/$where: Input/output error" ending "$aio" scan -s mnt/$where
    promise "$where: du" complains "^aio du: readdir mnt/$where: Input/output error" ending "$aio" du mnt/$where
    promise "$where: cp" complains "^aio cp: readdir mnt/$where: Input/output error" ending "$aio" cp -a mnt/$where copy-$where
    promise "$where: mv" complains "^aio mv: readdir mnt/$where: Input/output error" ending "$aio" mv mnt/$where moved
    promise "$where: a move that is not complete did not happen" test ! -e moved
    promise "$where: rm" complains "^aio rm: readdir mnt/$where: Input/output error" ending "$aio" rm -rf mnt/$where
done
promise "what was good was copied" eval '[[ -f copy-slash/first && $(ls copy-circle | wc -l) == 400 ]]'
for where in dots duplicates inodes types sizes holes times attributes; do
    for command in 'scan -s' du; do
        promise "$where: $command ends" eval 'ending "$aio" '"$command"' mnt/$where >/dev/null 2>&1; (($? < 2))'
    done
    promise "$where: cp ends" eval 'ending "$aio" cp -a mnt/$where copy-$where 2>/dev/null; (($? < 2))'
    promise "$where: mv ends" eval 'ending "$aio" mv mnt/$where moved-$where 2>/dev/null; (($? < 2))'
    promise "$where: rm ends" eval 'ending "$aio" rm -rf mnt/$where 2>/dev/null; (($? < 2))'
done

# What has no end by itself takes long to be found out; Ctrl-C is heard at once.
set -m
for command in 'scan mnt/endless' 'du mnt/endless' 'rm -rf mnt/endless' 'cp -a mnt/endless copy-endless' 'scan mnt/deep'; do
    interrupted() {
        local pid status=0
        "$aio" $command >/dev/null 2>&1 &
        pid=$!
        listens "$pid" || return
        sleep 0.5
        (($(awk '/VmHWM/ { print $2 }' /proc/$pid/status) < 200000)) || { echo "too much memory"; return 1; }
        kill -INT "$pid"
        wait "$pid" || status=$?
        [[ $status == 130 ]] || { echo "status $status"; return 1; }
    }
    promise "without end: $command" interrupted
done
set +m
promise "what is outside stays" kept
promise "no temporary file anywhere" test -z "$(find . -path ./mnt -prune -o -name '.aio-*' -print)"
exec {end}>&-
finish
