# A disk that is full at every 64 KiB of a copy: no partial file, the source complete, status 1; until it fits.
source "$(dirname "$0")/lib.bash"

unshare -rm true 2>/dev/null || exit 77

# Words: a command of the tool, and its options.
full() {
    unshare -rm bash -c '
        head -c 700000 /dev/urandom >big && cp big kept && mkdir -p small && mount -t tmpfs -o size=64k none small || exit 2
        for ((kib = 64; kib <= 1024; kib += 64)); do
            mount -o remount,size=${kib}k small || exit 2
            if "$@" big small/big 2>said; then
                cmp kept small/big && ((kib >= 700)) && exit 0
                exit 3
            elif (($? != 1)); then
                exit 4
            fi
            grep -q "No space left" said && [[ -z $(ls -A small) ]] && cmp big kept || exit 5
        done
        exit 6' full "$aio" "$@"
}
promise "cp: no part of a file is left" full cp
promise "cp -a: no part of a file is left" full cp -a
promise "mv: the source stays until the copy is complete" full mv
finish
