# What goes wrong in a scan is reported, is seen in the exit status, and does not stop the rest.
source "$(dirname "$0")/lib.bash"

mkdir -p t/a
touch t/f
promise "no errors: 0" status 0 "$aio" scan -q t
promise "a missing operand" complains '^aio scan: lstat none: No such file or directory$' "$aio" scan none
promise "an empty operand" complains "^aio scan: lstat '': No such file or directory$" "$aio" scan ''
promise "an operand too long" complains 'File name too long$' "$aio" scan "$(printf 'x%.0s' {1..300})"
promise "a file with a slash" complains '^aio scan: lstat t/f/: Not a directory$' "$aio" scan t/f/
promise "is an error" status 1 "$aio" scan none
promise "and does not stop the others" prints $'t/f\nt/a/' "$aio" scan none t/f none2 t/a
promise "but is still an error" status 1 "$aio" scan none t/f
promise "control characters in messages are escaped" complains '^aio scan: lstat a\\nb\\033: No such' "$aio" scan $'a\nb\e'

# What cannot be written to the disk.
echo text >t/unread && chmod 0 t/unread
((EUID)) || chown -R 65534 t
promise "--sync names what it cannot open" complains '^aio scan: sync t/unread: Permission denied$' as_nobody "$aio" scan --sync t
promise "and is an error" status 1 as_nobody "$aio" scan -q --sync t
promise "which does not stop the others" prints $'t/\nt/a/\nt/f\nt/unread' eval 'as_nobody "$aio" scan --sync t 2>/dev/null | sort'
promise "a link with a slash is what it leads to" eval 'ln -s t linked; "$aio" scan -q --sync linked/'
promise "--sync names what cannot be synced" complains '^aio scan: sync /proc/version: Invalid argument$' "$aio" scan --sync /proc/version
promise "an error too" status 1 "$aio" scan -q --sync /proc/version

# Directories that come and go while they are read.
restless() {
    local end=$((SECONDS + 2)) said
    (while ((SECONDS < end)); do mkdir -p r/{1..20}/x/y && rm -rf r/{1..20}; done) 2>/dev/null &
    while ((SECONDS < end)); do
        said=$("$aio" scan -s r 2>&1 >/dev/null) || true
        # Gone, or another one of the same name.
        grep -vE '(No such file or directory|Stale file handle)$' <<<"$said" | grep . && return 1
    done
    wait
}
mkdir r
promise "a restless tree gives no other error than that something is gone" restless
finish
