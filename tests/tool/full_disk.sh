# A disk that becomes full, at one point after the other: no partial file, no temporary one, the source stays.
source "$(dirname "$0")/own_mounts.bash"
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/facts.bash"

mkdir -p t/{a,b}/{c,d} small
for i in {1..12}; do head -c $((i * 9000)) /dev/urandom >"t/a/c/$i"; done
for i in {1..12}; do cp "t/a/c/$i" "t/b/d/$i"; done
truncate -s 200000 t/a/sparse && head -c 50000 /dev/urandom >>t/a/sparse
before=$(facts t)

# is_sound: what is in `small` is complete, and the source as it was.
is_sound() {
    local file
    [[ -z $(find small -name '.aio-*') && $(facts t) == "$before" ]] || { find small -name '.aio-*'; echo "or the source"; return 1; }
    while read -r file; do cmp "small/$file" "t/${file#*/}" || return 1; done < <(cd small && find . -type f | cut -c3-)
}
# at OPTION COMMAND...: on a new file system with that limit it fails, says why, and leaves all sound.
at() {
    local option=$1 status=0
    shift
    mount -t tmpfs -o "$option" none small || return 1
    timeout 60 "$aio" "$@" 2>said || status=$?
    ((status == 1)) && grep -q 'No space left on device' said && is_sound && { [[ $1 != mv ]] || [[ -z $(ls -A small) ]]; }
    local result=$?
    ((result == 0)) || { echo "$option: status $status"; cat said; }
    umount small
    return $result
}
for size in {1..14}; do
    promise "full after $((size * 92)) KiB: cp" at "size=$((size * 92))k" cp -a t small/t
    promise "full after $((size * 92)) KiB: mv" at "size=$((size * 92))k" mv t small/t
done
for number in 2 3 5 8 13 21 30; do
    promise "$number inodes: cp" at "nr_inodes=$number" cp -a t small/t
    promise "$number inodes: mv" at "nr_inodes=$number" mv t small/t
done
at_of_a_file() { # a file that is there stays whole
    mount -t tmpfs -o size=200k none small && echo old >small/f || return 1
    "$aio" cp t/a/sparse small/f 2>/dev/null && "$aio" cp t/a/c/12 small/f 2>/dev/null && "$aio" cp t/a/c/11 small/f 2>/dev/null
    "$aio" cp t/a/c/12 t/b/d/11 t/a/c/10 small 2>/dev/null
    cmp small/f t/a/sparse || cmp small/f t/a/c/12 || cmp small/f t/a/c/11 || [[ $(<small/f) == old ]]
    local result=$?
    [[ -z $(find small -name '.aio-*') ]] || result=1
    umount small
    return $result
}
promise "a file that is replaced is the old one or the new one" at_of_a_file
finish
