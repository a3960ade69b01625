# What no tree should have: files that nobody may change, mounts, other file systems, files that change while they are
# copied; and Ctrl-C in the middle.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"

# Files that cannot be removed, where the file system and the user have such.
mkdir -p t/d && touch t/{i,a,f} t/d/f
if chattr +i t/i 2>/dev/null && chattr +a t/a 2>/dev/null; then
    promise "immutable and append-only files are named" diff \
        <("$aio" rm -r t 2>&1 | sort) <(printf 'aio rm: unlink t/%s: Operation not permitted\n' a i)
    promise "the rest is gone" prints $'t/\nt/a\nt/i' eval '"$aio" scan t | sort'
    promise "they are copied all the same" eval '"$aio" cp -a t copied && [[ -f copied/i ]] && rm -r copied'
    chattr -i t/i && chattr -a t/a
fi
rm -rf t

if ((EUID == 0)); then
    mkdir sticky && chmod 1777 sticky && touch sticky/root && chmod 666 sticky/root
    promise "another's file in a sticky directory stays" complains 'unlink sticky/root: Operation not permitted' \
        as_nobody "$aio" rm -f sticky/root
    promise "also for mv" status 1 as_nobody "$aio" mv sticky/root sticky/mine
fi

# with_mounts SCRIPT: in a namespace of its own, where there are such.
with_mounts() {
    local how=-rm
    ((EUID)) || how=-m
    unshare $how true 2>/dev/null || return 0
    unshare $how bash -c "set -e; aio=$aio; $1"
}
promise "rm leaves what is mounted in a tree alone, and says so" with_mounts '
    mkdir -p t/m t/d && touch t/d/f && mount -t tmpfs none t/m && touch t/m/kept
    "$aio" rm -r t 2>said && exit 1
    grep -q "rmdir t/m: Device or resource busy" said && [[ -e t/m/kept && ! -e t/d ]]
    umount t/m; rm -r t'
promise "a bind mount of the same file system too" with_mounts '
    mkdir -p t/m o && touch o/kept && mount --bind o t/m
    "$aio" rm -rf t 2>said && exit 1
    [[ -e o/kept ]]; umount t/m; rm -r t o'
promise "-x leaves it out" with_mounts '
    mkdir -p t/m t/d && mount -t tmpfs none t/m && head -c 100000 /dev/zero >t/m/big && touch t/d/f
    [[ $("$aio" scan -x t | wc -l) == 4 && $("$aio" scan t | wc -l) == 5 ]]
    (($("$aio" du -sx t | cut -f1) < 50)) && [[ $("$aio" du -s t) == $(du -s t) ]]
    "$aio" cp -ax t c && [[ ! -e c/m/big && -e c/d/f ]]; umount t/m; rm -r t c'
promise "overlayfs" with_mounts '
    mkdir -p lower/a/b upper work merged && echo 1 >lower/a/f && echo 2 >lower/a/b/g && ln lower/a/f lower/h
    mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none merged 2>/dev/null || exit 0
    [[ $("$aio" scan merged | wc -l) == 6 ]]
    "$aio" cp -a merged c && diff -r merged c && "$aio" mv merged/a moved && [[ $(<moved/b/g) == 2 && ! -e merged/a ]]
    "$aio" rm -r merged/h && [[ -z $(ls merged) ]]; umount merged; rm -rf lower upper work merged c moved'

# Files that change meanwhile.
changing() {
    local end=$((SECONDS + 2)) i=0
    : >g
    (while ((SECONDS < end)); do head -c 100000 /dev/zero >>g; truncate -s 1000 g; done) &
    while ((SECONDS < end)); do
        timeout 10 "$aio" cp g "copy$((i++ % 3))" || { echo "status $?"; return 1; }
    done
    wait
}
promise "a file that grows and shrinks is copied as far as it is there" changing
rm -f copy* g

# Ctrl-C in the middle of a tree.
set -m
interrupted() {
    head -c 300000 /dev/urandom >big/1/f && for i in {2..200}; do cp -r big/1 big/$i; done
    "$aio" cp -r big copy 2>said &
    local pid=$! got=0
    sleep 0.03
    kill -INT "$pid"
    wait "$pid" || got=$?
    [[ $got == 130 || $got == 0 ]] || { echo "status $got"; return 1; }
    [[ $got == 0 ]] || grep -q '^aio cp: interrupted after [0-9]* entries$' said || { cat said; return 1; }
    [[ -z $(find copy -name '.aio-*') && -z $(find copy -type f -not -size 300000c) ]]
}
mkdir -p big/1
promise "Ctrl-C leaves no temporary and no partial file" interrupted
rm -rf big copy
set +m

# Progress: on a terminal after a second, else never.
cat >slow.py <<'END'
import os, pty, subprocess, sys, time
master, slave = pty.openpty()
os.mkfifo('source')
tool = subprocess.Popen([sys.argv[1], 'cp', 'source', 'copied'], stderr=slave)
os.close(slave)
out = os.open('source', os.O_WRONLY)
for i in range(24):
    os.write(out, b'x' * 1000)
    time.sleep(0.1)
os.close(out)
assert tool.wait() == 0
shown = b''
try:
    while True:
        more = os.read(master, 4096)
        if not more: break
        shown += more
except OSError: pass
sys.exit(0 if b'entries' in shown and shown.endswith(b'\r\x1b[K') else repr(shown))
END
promise "progress on a terminal" timeout 20 python3 slow.py "$aio"
promise "and none else" prints '' eval '(sleep 1.3; echo x) | "$aio" cp /dev/stdin copied 2>&1'
finish
