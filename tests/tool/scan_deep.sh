# aio scan finishes a tree of 10,000 levels with 64 file descriptors and a stack of 256 KiB, and with fewer.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"

scan() { # DESCRIPTORS ARGUMENTS...
    limited "$1" "$aio" scan "${@:2}" | sed 's/[0-9.]* s$//'
}
cd "$trees" || exit 1
deep deep
comb comb
promise "10,000 levels, 64 descriptors, a stack of 256 KiB" \
    prints '10001 directories, 20 files, 0 symlinks, 0 others, 0 errors, ' scan 64 -q --summary deep
promise "the same with -s" \
    prints '10001 directories, 20 files, 0 symlinks, 0 others, 0 errors, ' scan 64 -qs --summary deep
promise "the same with 16 descriptors" \
    prints '10001 directories, 20 files, 0 symlinks, 0 others, 0 errors, ' scan 16 -q --summary deep
promise "the paths of the files" diff <(scan 64 -f deep | awk '{ print length }' | sort -n) \
    <(for i in {1..20}; do echo $((4 + 1000 * i + 2)); done)
for descriptors in 64 16; do
    promise "coming back to 2,000 levels, $descriptors descriptors" \
        prints '4001 directories, 0 files, 0 symlinks, 0 others, 0 errors, ' scan $descriptors -q --summary comb
done
promise "and each of them once" diff <(scan 16 comb | sed 's|/$||' | sort) <(find comb | sort)
finish
