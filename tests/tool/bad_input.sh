# What no tree should have: files that nobody may change, mounts, other file systems, files that change while they are
# copied; and Ctrl-C in the middle.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"

# A file where a directory was meant, and the reverse.
mkdir dir dir/sub && echo text >file && echo other >dir/file
promise "rm of a file with a slash" complains '^aio rm: lstat file/: Not a directory$' "$aio" rm file/
promise "du of one" complains '^aio du: lstat file/: Not a directory$' "$aio" du file/
promise "cp of one" complains '^aio cp: stat file/: Not a directory$' "$aio" cp file/ copy
promise "cp to one" complains 'Not a directory$' "$aio" cp dir/file file/
promise "cp to a name with a slash that is not there" complains 'Not a directory$' "$aio" cp file none/
promise "mv to one" complains 'Not a directory$' "$aio" mv dir/file file/
promise "mv to a name with a slash that is not there" complains 'Not a directory$' "$aio" mv file none/
promise "a directory onto a file" complains 'Not a directory$' "$aio" mv dir file
promise "a file onto a directory" complains 'Is a directory$' "$aio" mv -T file dir
promise "through a file" complains '^aio cp: stat file/x: Not a directory$' "$aio" cp file/x copy
promise "all is as it was" eval '[[ $(<file) == text && $(<dir/file) == other && ! -e copy && ! -e none ]]'

# Names that look like options.
touch -- -r -x
promise "cp of such" eval '"$aio" cp -- -r -x dir && [[ -e dir/-r && -e dir/-x ]]'
promise "mv of such" eval '"$aio" mv -- -r dir/-r2 && [[ ! -e ./-r && -e dir/-r2 ]]'
promise "du of such" prints $'0\t-x' "$aio" du -- -x
promise "rm of such" eval '"$aio" rm -- -x && [[ ! -e ./-x ]]'
rm -r dir file

# Files that cannot be removed, where the file system and the user have such.
mkdir -p t/d && touch t/{i,a,f} t/d/f
if chattr +i t/i 2>/dev/null && chattr +a t/a 2>/dev/null; then
    promise "immutable and append-only files are named" diff \
        <("$aio" rm -r t 2>&1 | sort) <(printf 'aio rm: unlink t/%s: Operation not permitted\n' a i)
    promise "the rest is gone" prints $'t/\nt/a\nt/i' eval '"$aio" scan t | sort'
    promise "they are copied all the same" eval '"$aio" cp -a t copied && [[ -f copied/i ]] && rm -r copied'
    chattr -i t/i && chattr -a t/a
else
    skip "no immutable files"
fi
rm -rf t

if ((EUID == 0)); then
    mkdir sticky && chmod 1777 sticky && touch sticky/root && chmod 666 sticky/root
    promise "another's file in a sticky directory stays" complains 'unlink sticky/root: Operation not permitted' \
        as_nobody "$aio" rm -f sticky/root
    promise "also for mv" status 1 as_nobody "$aio" mv sticky/root sticky/mine
else
    skip "not root: nobody else's files in a sticky directory"
fi

# with_mounts SCRIPT: in a namespace of its own, where there are such.
how=-rm
((EUID)) || how=-m
unshare $how true 2>/dev/null || { how=; skip "no mount namespace"; }
with_mounts() { [[ ! $how ]] || unshare $how bash -c "set -e; aio=$aio; $1"; }
promise "rm leaves what is mounted in a tree alone, and says so" with_mounts '
    mkdir -p t/m t/d && touch t/d/f && mount -t tmpfs none t/m && touch t/m/kept
    "$aio" rm -r t 2>said && exit 1
    grep -q "rmdir t/m: Device or resource busy" said && [[ -e t/m/kept && ! -e t/d ]]
    umount t/m; rm -r t'
promise "a bind mount of the same file system too" with_mounts '
    mkdir -p t/m o && touch o/kept && mount --bind o t/m
    "$aio" rm -rf t 2>said && exit 1
    [[ -e o/kept ]]; umount t/m; rm -r t o'
promise "a file that is mounted in a tree is copied" with_mounts '
    mkdir t && echo covered >t/f && echo mounted >o && mount --bind o t/f
    "$aio" cp -r t c && "$aio" cp -ax t x && [[ $(<c/f) == mounted && $(<x/f) == mounted ]]; umount t/f; rm -r t o c x'
promise "-x leaves it out" with_mounts '
    mkdir -p t/m t/d && mount -t tmpfs none t/m && head -c 100000 /dev/zero >t/m/big && touch t/d/f
    [[ $("$aio" scan -x t | wc -l) == 4 && $("$aio" scan t | wc -l) == 5 ]]
    (($("$aio" du -sx t | cut -f1) < 50)) && [[ $("$aio" du -s t) == $(du -s t) ]]
    "$aio" cp -ax t c && [[ ! -e c/m/big && -e c/d/f ]]; umount t/m; rm -r t c'
promise "overlayfs" with_mounts '
    mkdir -p lower/a/b upper work merged && echo 1 >lower/a/f && echo 2 >lower/a/b/g && ln lower/a/f lower/h
    mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none merged
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
    until [[ -e copy ]] || ! kill -0 "$pid"; do sleep 0.002; done
    kill -INT "$pid"
    wait "$pid" || got=$?
    [[ $got == 130 || $got == 0 ]] || { echo "status $got"; return 1; }
    [[ $got == 0 ]] || grep -qE '^aio cp: interrupted after [0-9]* entries(, [0-9.]*[KMG]?)?$' said || { cat said; return 1; }
    [[ -z $(find copy -name '.aio-*') && -z $(find copy -type f -not -size 300000c) ]]
}
mkdir -p big/1
promise "Ctrl-C leaves no temporary and no partial file" interrupted
rm -rf big copy
set +m
finish
