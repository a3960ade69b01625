# Trees that are hard to go through, for the tests of commands that do. Sourced after lib.bash.

# In memory if possible: some disks take a minute to remove such a tree.
trees=$(mktemp -d -p /dev/shm 2>/dev/null) || trees=$PWD
trap 'chmod -R u+rwx "$trees" 2>/dev/null; rm -rf "$trees"; cleanup' EXIT

# deep NAME: 10,000 directories, one in the other, with a file in every 500th. In steps, for a path has its limits.
deep() (
    mkdir "$1" && cd "$1" || exit 1
    part=$(printf 'd/%.0s' {1..500})
    for _ in {1..20}; do
        mkdir -p "$part" && cd -P "$part" && : >f || exit 1
    done
)
# comb NAME: 2,000 levels with a second directory in each, so that whoever goes down has to come back to all of them.
comb() (
    mkdir "$1" && cd "$1" || exit 1
    part=$(printf 'd/%.0s' {1..250})
    for _ in {1..8}; do
        path=
        for _ in {1..250}; do path+=d/ && echo "${path}e"; done | xargs mkdir -p && cd -P "$part" || exit 1
    done
)
# limited DESCRIPTORS COMMAND...: with a stack of 256 KiB.
limited() { (ulimit -s 256 && ulimit -n "$1" && shift && exec timeout 100 "$@"); }

# kinds NAME: a tree with every kind of object that one may make.
kinds() (
    mkdir -p "$1"/{dir/sub,empty,private} && cd "$1" || exit 1
    echo text >file
    echo more >dir/file
    ln file dir/hard
    ln -s file link
    ln -s nowhere dangling
    ln -s / dir/root
    ln -s ../.. dir/up
    mkfifo fifo
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")' 2>/dev/null
    ((EUID)) || mknod device c 1 3
    truncate -s 1M sparse
    echo end >>sparse
    : >"$(printf 'x%.0s' {1..255})"
    : >$'new\nline'
    : >$'\377\376'
    chmod 700 private
    chmod 4755 file
    touch -d '2001-02-03 04:05:06.123456789' file dir/sub link -h
)

source "$(dirname "${BASH_SOURCE[0]}")/facts.bash"
