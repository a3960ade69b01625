# aio scan --json prints objects that other programs read, whatever the names are.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"

command -v python3 >/dev/null || exit 77
kinds kinds
: >$'kinds/q"b\\s\tt\1'
: >kinds/größe
: >$'kinds/cut\303'
# Characters of three and four bytes, the first and last of each kind; what is cut, longer than need be, a surrogate, beyond the last.
for name in € 😀 $'\xe0\xa0\x80' $'\xed\x9f\xbf' $'\xee\x80\x80' $'\xef\xbf\xbf' $'\xf0\x90\x80\x80' $'\xf4\x8f\xbf\xbf' \
    $'\xe2\x82' $'\xe2\x28\xa1' $'\xf0\x9f\x98' $'\xf0\x9f(x' $'\x80' $'\xc0\xaf' $'\xc1\xbf' $'\xe0\x80\xaf' $'\xe0\x9f\xbf' \
    $'\xed\xa0\x80' $'\xed\xbf\xbf' $'\xf0\x80\x80\xaf' $'\xf0\x8f\xbf\xbf' $'\xf4\x90\x80\x80' $'\xf5\x80\x80\x80' $'\xff'; do
    : >"kinds/utf-$name"
done
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
promise "in valid UTF-8" eval '"$aio" scan --json kinds | iconv -f UTF-8 -t UTF-8 >/dev/null'
promise "types, inodes, depths" diff \
    <("$aio" scan --json kinds | each '("%s %d %d" % (o["type"][0], o["inode"], o["depth"])).encode()') \
    <(find kinds -printf '%y %i %d\0' | sed -z 's/^f/r/; s/^p/f/; s/^l/s/' | sort -z | tr '\n\0' '@\n')
promise "what -s adds" diff \
    <("$aio" scan -s --json kinds | each '("%d %d %o %d %d %d" % (o["size"], o["blocks"], o["mode"] & 0o7777, o["links"], o["uid"], o["mtime"])).encode()') \
    <(find kinds -printf '%s %b %m %n %U %T@\0' | sed -z 's/[.][0-9]*$//' | sort -z | tr '\n\0' '@\n')
promise "-d" test "$("$aio" scan -d --json kinds | wc -l)" = "$(find kinds -type d | wc -l)"
finish
