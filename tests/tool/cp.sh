# aio cp makes what cp makes, and says what cp says.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"
umask 022

# same_as_cp ARGUMENTS...: the same copy, the same output, the same status. The last argument names the copy.
same_as_cp() {
    local last=${*: -1} ours theirs status=0
    rm -rf ours theirs
    ours=$("$aio" cp "$@" 2>/dev/null) || status=$?
    mv "$last" ours
    theirs=$(cp "$@" 2>/dev/null)
    [[ $? == "$status" ]] || { echo "exit status $status"; return 1; }
    mv "$last" theirs
    diff <(sort <<<"$ours") <(sort <<<"$theirs") || return 1
    if [[ -d theirs && ! -L theirs ]]; then diff <(facts ours) <(facts theirs); else diff <(facts_of ours) <(facts_of theirs); fi || return 1
    rm -rf ours theirs
}
facts_of() { stat -c '%a %u %g %s %N %F' "$1" | sed 's/ours\|theirs/x/'; }

kinds kinds
if command -v setfattr >/dev/null; then setfattr -n user.note -v text kinds/file kinds/dir 2>/dev/null; fi
if command -v setfacl >/dev/null; then setfacl -m u:1:r kinds/dir/file 2>/dev/null; setfacl -d -m u:1:rx kinds/dir 2>/dev/null; fi
((EUID)) || chown -h 1:2 kinds/dir kinds/link kinds/dir/file
promise "-a of every kind" same_as_cp -a kinds copy
promise "-a of the tests" same_as_cp -a "$SOURCE/tests" copy
promise "-a of headers" same_as_cp -a /usr/include/linux copy
mkdir plain && cp -a kinds/{dir/file,sparse,private,empty} plain && ln -s file plain/link && chmod 6751 plain/file
promise "-av says the same" same_as_cp -av plain copy
# The same but for times, which are those of the copying.
without_times() { facts "$1" | sed -E "s/(0, )[0-9]{18,}/\1/"; }
promise "-r" eval '"$aio" cp -r plain ours && cp -r plain theirs && diff <(without_times ours) <(without_times theirs); r=$?; rm -rf ours theirs; ((r == 0))'
promise "-p of a file" same_as_cp -p kinds/file copy
promise "-L" eval '"$aio" cp -rL plain ours && [[ -f ours/link && ! -L ours/link ]]'
promise "a file" same_as_cp kinds/dir/file copy
promise "a link is followed" same_as_cp kinds/link copy
promise "-P is not" same_as_cp -P kinds/link copy
promise "a file of /proc" eval '"$aio" cp /proc/version v && cmp v /proc/version'
promise "holes" eval '"$aio" cp kinds/sparse s && cmp s kinds/sparse && (($(stat -c %b s) < 100))'
promise "an empty file" eval ': >e; : >h; "$aio" cp e e2 && [[ -f e2 ]]'

# Into directories.
mkdir into
promise "into a directory" eval '"$aio" cp kinds/dir/file plain/file into 2>&1; [[ -f into/file ]]'
promise "the second of the same name is refused" complains 'will not overwrite' "$aio" cp kinds/dir/file plain/file into
promise "-t" eval '"$aio" cp -t into e h && [[ -f into/e && -f into/h ]]'
promise "-T" complains 'Is a directory' "$aio" cp -T e into
promise "several into a file" status 1 "$aio" cp e h v
promise "a tree into a tree that is there" eval 'mkdir -p m/plain && echo old >m/plain/file && echo kept >m/plain/kept && "$aio" cp -r plain m && cmp plain/file m/plain/file && [[ -f m/plain/kept ]]'
promise "-r . into a directory" eval 'mkdir dot && (cd plain && "$aio" cp -r . ../dot) && [[ -f dot/file ]]'

# What is there already.
echo old >o && chmod 604 o && before=$(stat -c %i o)
promise "an old file keeps its permissions" eval '"$aio" cp e o && [[ $(stat -c %a o) == 604 ]]'
promise "and is replaced as a whole" eval '[[ $(stat -c %i o) != "$before" ]]'
echo old >o && ln o o2 && before=$(stat -c %i o)
promise "with two names it stays that file" eval '"$aio" cp kinds/dir/file o && [[ $(stat -c %i o) == "$before" ]] && cmp o2 kinds/dir/file'
promise "-n" eval 'echo old >n && "$aio" cp -n kinds/dir/file n && [[ $(<n) == old ]]'
promise "-i no" eval 'echo n | "$aio" cp -i kinds/dir/file n 2>/dev/null; [[ $(<n) == old ]]'
promise "-i asks" complains "overwrite 'n'\?" eval 'echo n | "$aio" cp -i kinds/dir/file n'
promise "-i yes" eval 'echo y | "$aio" cp -i kinds/dir/file n 2>/dev/null; [[ $(<n) == more ]]'
promise "-u keeps what is newer" eval 'echo new >n; touch -d 2000-01-01 p; "$aio" cp -u p n; [[ $(<n) == new ]]'
promise "-u replaces what is older" eval 'echo x >p; touch -d 2000-01-01 n; "$aio" cp -u p n; [[ $(<n) == x ]]'
promise "-v" prints "'e' -> 'into/e'" "$aio" cp -v e into
promise "the same file" complains "'e' and 'e': are the same file" "$aio" cp e e
promise "by another name" complains 'are the same file' eval 'ln -s e e3; "$aio" cp e3 e'
promise "which stays" test -f e
promise "through a link" eval 'echo t >t; ln -s t l; "$aio" cp e l && [[ -L l && ! -s t ]]'
promise "not through a dangling one" complains 'copy to dl: No such file' eval 'ln -s gone dl; "$aio" cp e dl'
promise "/dev/null stays" eval '"$aio" cp kinds/dir/file /dev/null && [[ -c /dev/null ]]'
promise "a directory into itself" complains 'into itself' "$aio" cp -r plain plain/sub
promise "in whatever way" complains 'into itself' "$aio" cp -r . plain/sub
promise "leaves nothing" test ! -e plain/sub
promise "a directory without -r" complains 'omitting directory plain: -r is not specified' "$aio" cp plain q
promise "is an error" status 1 "$aio" cp plain q
promise "a directory onto a file" status 1 "$aio" cp -rT plain e
promise "a file onto a directory" complains 'Is a directory' "$aio" cp -T e plain
promise "missing" complains '^aio cp: stat missing: No such file' "$aio" cp missing q
promise "no operands" status 2 "$aio" cp
promise "one operand" status 2 "$aio" cp e
mkdir l1 l2 l3 && echo l >l1/x && ln l1/x l2/y && ln l1/x z
promise "names of one file stay together" eval '"$aio" cp -a l1 l2 z l3 && [[ l3/l1/x -ef l3/l2/y && l3/l1/x -ef l3/z ]]'
promise "whatever is there already" eval '"$aio" cp -a l1 l2 z l3 && [[ l3/l1/x -ef l3/l2/y && l3/l1/x -ef l3/z ]]'
promise "--reflink=never" eval '"$aio" cp --reflink=never kinds/sparse r1 && cmp r1 kinds/sparse'
promise "--reflink=wrong" status 2 "$aio" cp --reflink=sometimes e r2

# Permissions in the middle of a tree.
mkdir -p x/{open,closed}/d && touch x/{open,closed}/d/f && chmod 0 x/closed/d
as_nobody_copy() { rm -rf xc; mkdir xc; chmod 777 xc; as_nobody "$aio" cp -r x xc/x; }
promise "an unreadable directory is named" complains '^aio cp: open x/closed/d: Permission denied' as_nobody_copy
promise "the rest is copied" test -f xc/x/open/d/f
chmod 755 x/closed/d

# A full disk, in a mount namespace.
full() {
    unshare -rm bash -c '
        mkdir -p small && mount -t tmpfs -o size=1M none small && head -c 3000000 /dev/urandom >big || exit 77
        "$0" cp big small/big 2>said && exit 1
        grep -q "No space left" said && [[ -z $(ls -A small) ]] || exit 2
        mkdir t && cp big t && echo a >t/a && "$0" cp -r t small 2>said && exit 3
        [[ -z $(find small -name ".aio*") && ! -e small/t/big && -s big ]]' "$aio"
}
promise "a full disk: no partial file, no temporary one" full
promise "no temporary file anywhere" test -z "$(find . -name '.aio-*')"

cd "$trees" || exit 1
deep deep
promise "10,000 levels, 64 descriptors, a stack of 256 KiB" limited 64 "$aio" cp -r deep copy
promise "all of them" prints '10001 directories, 20 files, 0 symlinks, 0 others, 0 errors, ' \
    eval '"$aio" scan -q --summary copy | sed "s/[0-9.]* s$//"'
"$aio" rm -r deep copy
comb comb
promise "coming back to 2,000 levels with 24 descriptors" limited 24 "$aio" cp -a comb copy
promise "all of them" diff <(cd comb && find | sort) <(cd copy && find | sort)
finish
