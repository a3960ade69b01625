# The options of aio scan, as treescan's.
source "$(dirname "$0")/lib.bash"

mkdir -p t/a/b t/.c
touch t/f t/a/g t/$'n\nl'
ln -s f t/l
sorted() { "$aio" scan "$@" | LC_ALL=C sort; }
nul() { "$aio" scan "$@" | tr '\0\n' '\n@' | LC_ALL=C sort; }
counts() { "$aio" scan "$@" | sed 's/[0-9.]* s$//'; }

promise "everything" prints $'l\nt/\nt/.c/\nt/a/\nt/a/b/\nt/a/g\nt/f\nt/l\nt/n' sorted t
promise "-0" prints $'t/\nt/.c/\nt/a/\nt/a/b/\nt/a/g\nt/f\nt/l\nt/n@l' nul -0 t
promise "-q prints nothing" prints '' "$aio" scan -q t
promise "-0 does not overrule -q" prints '' "$aio" scan -q -0 t
promise "-d" prints $'t/\nt/.c/\nt/a/\nt/a/b/' sorted -d t
promise "--dirs" prints $'t/\nt/.c/\nt/a/\nt/a/b/' sorted --dirs t
promise "-f" prints $'t/a/g\nt/f\nt/l\nt/n@l' nul -0f t
promise "-d prints no plain operand" prints '' "$aio" scan -d t/f
promise "-f prints plain operands" prints t/f "$aio" scan -f t/f
promise "-d and -f exclude each other" status 2 "$aio" scan -df t
promise "-g sees the whole path" prints t/a/b/ "$aio" scan -g '^t/a/b/$' t
promise "-g sees the slash of directories" prints t/a/g "$aio" scan -g 'g$|a$' t
promise "-g does not keep from descending" prints t/a/g "$aio" scan -g g -f t
promise "-g: a dot matches a newline" prints 't/n@l' nul -0 -g 'n.l' t
promise "-g: alternatives and brackets" prints $'t/f\nt/l' sorted -f -g '/[fl]$' t
promise "--grep=RE" prints $'t/f\nt/l' sorted -f t --grep='/[fl]$'
promise "-g: a bad expression is wrong usage" status 2 "$aio" scan -g '(' t
promise "-g: missing is wrong usage" status 2 "$aio" scan t -g
promise "-s changes nothing that is printed" diff <(nul -0s t) <(nul -0 t)
promise "--sync changes nothing that is printed" diff <(nul -0 --sync t) <(nul -0 t)
promise "-s and --sync" diff <(nul -0 -s --sync t) <(nul -0 t)
promise "-p says nothing without a terminal" prints '' sh -c "'$aio' scan -qp t 2>&1"
promise "--summary" prints '4 directories, 3 files, 1 symlinks, 0 others, 0 errors, ' counts -q --summary t
promise "--summary comes last" prints $'t/a/b/\n1 directories, 0 files, 0 symlinks, 0 others, 0 errors, ' counts --summary t/a/b
promise "--summary counts errors" prints '0 directories, 0 files, 0 symlinks, 0 others, 1 errors, ' counts -q --summary none

# As many files as one directory's share of requests is exceeded by.
mkdir big && (cd big && touch {1..500})
promise "-s of many files" prints '1 directories, 500 files, 0 symlinks, 0 others, 0 errors, ' counts -qs --summary big
promise "--sync of many files" prints '1 directories, 500 files, 0 symlinks, 0 others, 0 errors, ' \
    counts -q --sync --summary big
promise "--sync with few descriptors" prints '1 directories, 500 files, 0 symlinks, 0 others, 0 errors, ' \
    eval 'ulimit -n 24; counts -q --sync --summary big'

mkfifo t/fifo
ln -s /dev/full t/device
promise "--sync does not wait for a FIFO nor follow a link" timeout 20 "$aio" scan -q --sync t
finish
