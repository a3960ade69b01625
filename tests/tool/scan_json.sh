# aio scan --json prints objects that other programs read, whatever the names are.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"

command -v python3 >/dev/null || exit 77
kinds kinds
: >$'kinds/q"b\\s\tt\1'
: >kinds/größe
: >$'kinds/cut\303'
# Reads the objects; prints what the given expression makes of each.
each() {
    python3 -c '
import json, os, sys
for line in sys.stdin:
    o = json.loads(line)
    os.write(1, eval(sys.argv[1]) + b"\0")' "$1" | sort -z | tr '\n\0' '@\n'
}
promise "the paths that find prints" diff <("$aio" scan --json kinds | each 'os.fsencode(o["path"])') \
    <(find kinds -print0 | sort -z | tr '\n\0' '@\n')
promise "types, inodes, depths" diff \
    <("$aio" scan --json kinds | each '("%s %d %d" % (o["type"][0], o["inode"], o["depth"])).encode()') \
    <(find kinds -printf '%y %i %d\0' | sed -z 's/^f/r/; s/^p/f/; s/^l/s/' | sort -z | tr '\n\0' '@\n')
promise "what -s adds" diff \
    <("$aio" scan -s --json kinds | each '("%d %d %o %d %d %d" % (o["size"], o["blocks"], o["mode"] & 0o7777, o["links"], o["uid"], o["mtime"])).encode()') \
    <(find kinds -printf '%s %b %m %n %U %T@\0' | sed -z 's/[.][0-9]*$//' | sort -z | tr '\n\0' '@\n')
promise "-d" test "$("$aio" scan -d --json kinds | wc -l)" = "$(find kinds -type d | wc -l)"
finish
