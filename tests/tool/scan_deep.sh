# aio scan finishes a tree of 10,000 levels with 64 file descriptors and a stack of 256 KiB, and with fewer.
source "$(dirname "$0")/lib.bash"

# deep NAME: 10,000 directories, one in the other, with a file in every 500th. In steps, for a path has its limits.
deep() (
    mkdir "$1" && cd "$1" || exit 1
    part=$(printf 'd/%.0s' {1..500})
    for _ in {1..20}; do
        mkdir -p "$part" && cd -P "$part" && : >f || exit 1
    done
)
# comb NAME: 2,000 levels with a second directory in each, so that the walk has to come back to all of them.
comb() (
    mkdir "$1" && cd "$1" || exit 1
    part=$(printf 'd/%.0s' {1..250})
    for _ in {1..8}; do
        path=
        for _ in {1..250}; do path+=d/ && echo "${path}e"; done | xargs mkdir -p && cd -P "$part" || exit 1
    done
)
limited() { # DESCRIPTORS ARGUMENTS...
    (ulimit -s 256 && ulimit -n "$1" && shift && timeout 100 "$aio" scan "$@") | sed 's/[0-9.]* s$//'
}

# In memory if possible: some disks take a minute to remove such a tree.
trees=$(mktemp -d -p /dev/shm 2>/dev/null) || trees=$PWD
trap 'rm -rf "$trees"; cleanup' EXIT
cd "$trees" || exit 1
deep deep
comb comb
promise "10,000 levels, 64 descriptors, a stack of 256 KiB" \
    prints '10001 directories, 20 files, 0 symlinks, 0 others, 0 errors, ' limited 64 -q --summary deep
promise "the same with -s" \
    prints '10001 directories, 20 files, 0 symlinks, 0 others, 0 errors, ' limited 64 -qs --summary deep
promise "the same with 16 descriptors" \
    prints '10001 directories, 20 files, 0 symlinks, 0 others, 0 errors, ' limited 16 -q --summary deep
promise "the paths of the files" diff <(limited 64 -f deep | awk '{ print length }' | sort -n) \
    <(for i in {1..20}; do echo $((4 + 1000 * i + 2)); done)
for descriptors in 64 16; do
    promise "coming back to 2,000 levels, $descriptors descriptors" \
        prints '4001 directories, 0 files, 0 symlinks, 0 others, 0 errors, ' limited $descriptors -q --summary comb
done
promise "and each of them once" diff <(limited 16 comb | sed 's|/$||' | sort) <(find comb | sort)
finish
