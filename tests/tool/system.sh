# Copies of the system's own trees equal those of cp -a, and du agrees with du. With AIO_WHOLE_USR=1: of all of /usr.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"

same_copy() { # DIRECTORY
    "$aio" cp -a "$1" "$trees/ours" && cp -a "$1" "$trees/theirs" || return 1
    diff <(facts "$trees/ours") <(facts "$trees/theirs") &&
        diff <("$aio" du -s "$trees/ours" | cut -f1) <(du -s "$trees/theirs" | cut -f1) || return 1
    printf '%s: %s entries\n' "$1" "$("$aio" scan "$trees/ours" | wc -l)" >&3
    "$aio" rm -r "$trees/ours" "$trees/theirs"
}
exec 3>&1
for directory in /usr/share/doc /usr/include /etc; do
    promise "a copy of $directory" same_copy $directory
done
if [[ ${AIO_WHOLE_USR:-} ]]; then promise "a copy of /usr" same_copy /usr; fi
promise "du of /usr" diff <("$aio" du -s /usr) <(du -s /usr)
promise "du of each directory in it" diff <("$aio" du -d 2 /usr | sort) <(du -d 2 /usr | sort)
promise "scan of /usr" diff <("$aio" scan /usr | sed 's|\(.\)/$|\1|' | LC_ALL=C sort) <(find /usr | LC_ALL=C sort)
finish
