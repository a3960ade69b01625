# aio scan prints the paths that find prints, each once, whatever they are called.
source "$(dirname "$0")/lib.bash"

# The set of paths of a NUL-separated list; the slash that ends a directory is taken off, but for "/" itself.
paths() { LC_ALL=C sed -z 's|\(.\)/*$|\1|' | LC_ALL=C sort -z | tr '\n\0' '\1\n'; }
same_as_find() { diff <("$aio" scan -0 "$@" | paths) <(find "$@" -print0 | paths); }

long=$(printf 'x%.0s' {1..255})
mkdir -p odd/{dir,.hidden,..dots,...,a.b,empty}/inner odd/"$long" odd/$'new\nline' odd/$'\377\376' odd/' ' odd/'[a,b]' odd/-x
touch odd/{file,.file,..file,dir/f,-y,' '/' ','*',"\\"} odd/"$long/$long" odd/$'new\nline/new\nline' odd/$'\377\376/\001'
ln -s dir odd/to_dir
ln -s . odd/dir/loop
ln -s nowhere odd/dangling
ln -s "$PWD" odd/up
mkfifo odd/fifo
ln odd/file odd/hard
mkdir many
(cd many && mkdir {1..300} && touch {a..z}{a..z}{a..z} && for i in {1..300..7}; do mkdir -p "$i"/{1..9}/x; done)

promise "odd names" same_as_find odd
promise "no operand is the current directory" diff <("$aio" scan | sort) <("$aio" scan . | sort)
promise "many entries" same_as_find many
promise "several operands, one twice" same_as_find odd/dir many/1 odd/dir odd/file
promise "a link as operand is itself" same_as_find odd/to_dir
promise "a link with a slash is what it leads to" same_as_find odd/to_dir/
promise "a dangling link and a FIFO as operands" same_as_find odd/dangling odd/fifo
promise "slashes at the end of operands" prints odd/empty/$'\n'odd/empty/inner/ "$aio" scan odd/empty///
promise "operands with a meaning elsewhere" same_as_find ./odd/'[a,b]' "$PWD/odd"
cd odd || exit 1
promise "operands that look like lists" prints '[a,b]/' "$aio" scan '[a,b]'
promise "operands that look like options" prints $'-x/\n-y' eval '"$aio" scan -- -x -y | sort'
cd ..
promise "the source tree" same_as_find "$SOURCE"/{include,src,tools,tests}
promise "/usr/include" same_as_find /usr/include
promise "the root" prints / sh -c "'$aio' scan -d / 2>/dev/null | head -1"
promise "more operands than may be open at once" diff \
    <(cd many && ulimit -n 40 && "$aio" scan -- * | sed 's|/$||' | sort) <(cd many && find -- * | sort)
for limit in 12 20 64; do
    promise "with $limit file descriptors" diff \
        <(ulimit -n $limit && "$aio" scan -0 many odd | paths) <(find many odd -print0 | paths)
done

# A directory's line comes before its files' lines and its subdirectories'.
parents_first() {
    "$aio" scan many | awk '{ parent = $0; sub("[^/]+/?$", "", parent)
        if (NR > 1 && !(parent in seen)) { print $0 " comes before its parent"; bad = 1 } seen[$0] = 1 } END { exit bad }'
}
promise "parents come first" parents_first

# What root may do hides what these promise.
mkdir -p closed/{unreadable,unsearchable/sub,nothing/sub,open/sub}
touch closed/{unreadable,unsearchable,nothing,open}/f
chmod 311 closed/unreadable
chmod 444 closed/unsearchable
chmod 000 closed/nothing
as_nobody_same() { diff <(as_nobody "$aio" scan -0 closed 2>/dev/null | paths) <(as_nobody find closed -print0 2>/dev/null | paths); }
promise "directories that may not be read or searched" as_nobody_same
promise "each of them is reported" diff <(as_nobody "$aio" scan closed 2>&1 >/dev/null | sort) - <<'END'
aio scan: readdir closed/nothing: Permission denied
aio scan: readdir closed/unreadable: Permission denied
aio scan: readdir closed/unsearchable/sub: Permission denied
END
promise "which is an error" status 1 as_nobody "$aio" scan -q closed
finish
