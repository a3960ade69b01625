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
promise "several -t" complains '^aio cp: multiple target directories specified$' "$aio" cp -t into -t kinds e
promise "several into a file" status 1 "$aio" cp e h v
promise "a tree into a tree that is there" eval 'mkdir -p m/plain && echo old >m/plain/file && echo kept >m/plain/kept && "$aio" cp -r plain m && cmp plain/file m/plain/file && [[ -f m/plain/kept ]]'
promise "-r . into a directory" eval 'mkdir dot && (cd plain && "$aio" cp -r . ../dot) && [[ -f dot/file ]]'

# What is there already.
echo old >o && chmod 604 o && before=$(stat -c %i o)
promise "an old file keeps its permissions" eval '"$aio" cp e o && [[ $(stat -c %a o) == 604 ]]'
promise "and is replaced as a whole" eval '[[ $(stat -c %i o) != "$before" ]]'
echo old >o && ln o o2 && before=$(stat -c %i o)
promise "with two names -a leaves the other one alone" eval 'echo old >na; ln na nb; "$aio" cp -a kinds/dir/file na && [[ $(<nb) == old ]] && cmp na kinds/dir/file'
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
ln -s round round
for how in -n -u -i; do
    promise "$how: neither" complains 'copy to dl: No such file' "$aio" cp $how e dl
    promise "$how: nor through one that leads to itself" complains 'copy to round: Too many levels' "$aio" cp $how e round
    promise "$how: is an error" status 1 "$aio" cp $how e round
done
rm round
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
promise "--reflink=auto" eval '"$aio" cp --reflink=auto kinds/sparse r1 && cmp r1 kinds/sparse'
shares() { # where blocks can be shared, as cp finds them to be; else it is an error, and no file
    if cp --reflink=always kinds/file r3; then "$aio" cp "$1" kinds/file r4 && cmp r3 r4
    else ! "$aio" cp "$1" kinds/file r4 && [[ ! -e r4 ]]; fi 2>/dev/null
}
promise "--reflink=always" shares --reflink=always
rm -f r4
promise "--reflink alone" shares --reflink
promise "--reflink=wrong" status 2 "$aio" cp --reflink=sometimes e r2

# A link in the place of what it leads to would lead to itself, and the content be lost.
echo precious >target && ln -s target leads && mkdir la lb && echo precious >lb/l && ln -s ../lb/l la/l
for how in -P -a -r; do
    promise "$how of a link onto its target" complains "'leads' and 'target': are the same file" "$aio" cp $how leads target
done
promise "in a tree too" complains 'copy to lb/./l: Invalid argument|copy to lb/l: Invalid argument' "$aio" cp -a la/. lb
promise "the content stays" eval '[[ $(<target) == precious && $(<lb/l) == precious ]]'

asked() { # what cp asks about what may not be written, and what mv does
    local each how to
    for each in '' "$aio "; do
        for how in 'cp -i' 'cp -if' 'mv -i'; do
            for to in ro l; do as_nobody $each$how ask/s ask/$to <<<n; done
        done
    done 2>&1 | sed 's/aio \(cp\|mv\):/\1:/g; s/? /?\n/g; s/‘/'"'"'/g; s/’/'"'"'/g'
}
mkdir ask && echo s >ask/s && echo o >ask/ro && ln -s ro ask/l && chmod 444 ask/ro && chmod 777 . ask
promise "what may not be written, it says" same_twice asked

# Permissions of what is there.
mkdir ps pd && echo new >ps/f && echo new >ps/g && chmod 644 ps/* && echo old >pd/f && ln pd/f pd/g && chmod 600 pd/f
((EUID)) || chown 1000:1000 pd/f
kept=$(stat -c '%a %u %g' pd/f)
promise "below a root, old files keep their permissions" eval \
    '"$aio" cp -r ps/. pd && [[ $(stat -c "%a %u %g" pd/f) == "$kept" && $(stat -c "%a %u %g" pd/g) == "$kept" && $(<pd/f) == new ]]'
echo old >protected && chmod 444 protected && cp -r ps pw && ((EUID)) || chown -R 65534:65534 protected ps pw
chmod 444 pw/f && chmod 777 .
promise "a protected file stays" complains 'copy to protected: Permission denied' as_nobody "$aio" cp ps/f protected
promise "in a tree too" complains 'copy to pw/./f: Permission denied|copy to pw/f: Permission denied' as_nobody "$aio" cp -r ps/. pw
promise "as it was" eval '[[ $(<protected) == old && $(stat -c %a protected pw/f) == $'"'444\n444'"' ]]'
promise "-f replaces it" eval 'as_nobody "$aio" cp -f ps/f protected && [[ $(<protected) == new ]]'
printf '#!/bin/sh\n' >suid && chmod 4755 suid
if ((EUID == 0)); then
    echo old >anothers && chmod 666 anothers && mkdir locked && echo old >locked/f && chown 65534 locked/f && chmod 755 locked
    inodes() { stat -c '%i %u %g %a' anothers locked/f; }
    before=$(inodes)
    promise "an ordinary user writes into somebody else's file" eval 'as_nobody "$aio" cp e anothers && cmp e anothers'
    promise "and into one's own where nothing can be named" eval 'as_nobody "$aio" cp e locked/f && cmp e locked/f'
    promise "which are the same files as before" eval '[[ $(inodes) == "$before" ]]'
fi
echo old >shut && chmod 444 shut && ln -s shut to-shut
promise "through a link to what may not be written" complains 'copy to to-shut: Permission denied' as_nobody "$aio" cp e to-shut
promise "which leads where it led" eval '[[ -L to-shut && $(<shut) == old ]]'
promise "set-id bits are not another program's" eval '"$aio" cp e suid && [[ $(stat -c %a suid) == 755 ]]'
mkdir sticky && chmod 1777 sticky
promise "a sticky directory stays one" eval '"$aio" cp -r sticky sticky2 && [[ $(stat -c %a sticky2) == 1755 ]]'
echo secret >secret && chmod 600 secret && echo public >public && chmod 644 public
promise "-p: as narrow as the source, whatever was there" eval \
    '"$aio" cp -p secret public && [[ $(stat -c %a public) == 600 && $(<public) == secret ]]'
if setfattr -n user.a -v b ps/g 2>/dev/null; then
    chmod 444 ps/g
    promise "-a of a read-only file with attributes" eval 'mkdir xa && chmod 777 xa && as_nobody "$aio" cp -a ps xa &&
        [[ $(getfattr --only-values -n user.a xa/ps/g) == b && $(stat -c %a xa/ps/g) == 444 ]]'
fi

ln -s nowhere kept-link && touch -hd 2001-02-03 kept-link && mkdir ka && chmod 777 ka
((EUID)) || chown -h 65534 kept-link
promise "-a of a link as an ordinary user" eval 'as_nobody "$aio" cp -a kept-link ka && [[ $(readlink ka/kept-link) == nowhere &&
    $(stat -c "%u %Y" ka/kept-link) == $(stat -c "%u %Y" kept-link) ]]'

mkdir es ed && touch es/f && chmod 300 ed && chmod 755 es
((EUID)) || chown -R 65534 es ed
promise "-p into a directory that may not be read" eval 'as_nobody "$aio" cp -rp es/. ed && [[ $(stat -c %a ed) == 755 && -f ed/f ]]'

# Sizes that are claims, holes to where there are none, pipes.
for claim in /sys/kernel/mm/transparent_hugepage/enabled /sys/block/*/size; do
    [[ -r $claim ]] && promise "$claim" eval '"$aio" cp "$claim" claimed && cmp claimed "$claim"' && break
done
truncate -s 1M holes && printf end >>holes
promise "holes to /dev/null" "$aio" cp holes /dev/null
promise "holes to a pipe" eval '"$aio" cp holes /dev/stdout | cmp - holes'
promise "a pipe" eval 'echo piped | "$aio" cp /dev/stdin piped && [[ $(<piped) == piped ]]'
promise "onto a file that only may be written" eval \
    'chmod 200 piped; ((EUID)) || chown 65534 piped; as_nobody bash -c "echo again | $aio cp /dev/stdin piped"; chmod 600 piped; [[ $(<piped) == again ]]'

# Links in links: the way back does not lead up.
mkdir -p store/p1/nm store/p1/src/{a,b}/{c,d}/{e,f}/g/h app/nm store/p2/lib/{a,b}/{c,d}/{e,f}/g/h && touch store/p2/lib/{a,b}/{c,d}/{e,f}/g/h/y
ln -s ../../p2 store/p1/nm/p2 && ln -s ../../store/p1 app/nm/p1
mkdir -p round/d && echo f >round/d/f && ln -s .. round/d/up
promise "-rL round a circle ends" complains '^aio cp: open round/d/up: Too many levels of symbolic links$' "$aio" cp -rL round once
promise "with one copy of each" prints $'once\nonce/d\nonce/d/f' eval 'find once | sort'
promise "-rL through chains of links" eval '"$aio" cp -rL app ours && cp -rL app theirs && diff -r ours theirs'

# Several names of one file, on both sides.
mkdir -p n1/d n2/d n3 && echo x >n1/d/f && ln n1/d/f n2/d/f
promise "a name that is there already" eval '"$aio" cp -a n1/d n2/d n3 && [[ $(ls -A n3/d) == f ]]'

# What scripts expect.
as_cp() { # OPTIONS: two files of one name into a directory
    local each
    for each in cp "$aio cp"; do
        rm -rf ca cb cd && mkdir ca cb cd && echo 1 >ca/f && echo 2 >cb/f && echo 3 >cd/f && touch -d 2000-01-01 ca/f
        $each "$@" ca/f cb/f cd 2>/dev/null </dev/null
        echo $? $(cat cd/f)
    done
}
for options in '' -n -u -i -f; do
    promise "two files of one name $options: as cp" same_twice as_cp $options
done
promise "two names of a file from two directories are not one source" eval 'mkdir h1 h2 h3; echo >h1/f; ln h1/f h2/f; ! "$aio" cp h1/f h2/f h3 2>/dev/null'
promise "nor are a link and what it leads to" eval 'mkdir h4 h5; ln -s ../h1/f h4/f; ! "$aio" cp -a h4/f h1/f h5 2>/dev/null'
promise "a source under two spellings" complains 'again, and left out: ./e$' eval '"$aio" cp e ./e tw2 || mkdir tw2 && "$aio" cp e ./e tw2'
promise "a directory twice" complains 'again, and left out: l2/$' eval 'mkdir tw3 && "$aio" cp -r l2 l2/ tw3'
promise "is copied once" same_twice eval 'for each in cp "$aio cp"; do rm -r tw3 && mkdir tw3 && $each -rv l2 l1 ./l2 tw3 2>/dev/null; echo $?; done'
promise "one of the same name is copied into it" eval 'mkdir -p tw4/l2 && touch tw4/l2/z && "$aio" cp -r tw4/l2 tw3 && [[ -e tw3/l2/z ]] && "$aio" cp -r l2 tw4/l2 tw3'
promise "-n of a file onto itself is none" eval 'cp e self && ln self self2 && "$aio" cp -n self self && "$aio" cp -n self self2'
promise "-u looks at what a link leads to" eval 'echo old >lo; echo new >ln; touch -d 2005-01-01 lo; ln -s ln ll; touch -hd 2001-01-01 ll
    "$aio" cp -u lo ll && [[ $(<ln) == new ]] && touch -d 2001-01-01 ln && touch -h ll && "$aio" cp -u lo ll && [[ $(<ln) == old ]]'
promise "-v says nothing of a directory that was there" prints "'vd' -> 've/vd'" eval 'mkdir vd ve; "$aio" cp -rv vd ve; "$aio" cp -rv vd ve'
quoting() { # names that need it, as cp shows them
    local name each
    for name in "it's" 'a"b' "a'\"b" $'n\nl' $'t\tb' $'\e[1m' $'\nb' $'b\n' $'b\xff' $'\xc2\x9b' 'a$b' "a'\$b" '' ' '; do
        [[ $name ]] || continue
        echo >"$name" && rm -rf q1 && mkdir q1
        for each in cp "$aio cp"; do $each -v "$name" q1; done
    done
}
promise "a link with a slash is the directory, as a target" eval 'mkdir led from && touch from/f && ln -s led to_led && "$aio" cp -rT from to_led/ && [[ -e led/f && -L to_led ]]'
promise "without, it is refused" complains 'Not a directory' "$aio" cp -rT from to_led
promise "names are quoted as a shell takes them" eval 'LC_ALL=C quoting | sort | uniq -c | awk "\$1 != 2 { print; wrong = 1 } END { exit wrong }"'
promise "-f replaces a link to what may not be written" eval 'rm -rf lf; mkdir lf && echo 2 >lf/b && chmod 444 lf/b && ln -s b lf/l && chmod 777 lf && echo 1 >lf.new &&
    as_nobody "$aio" cp -f lf.new lf/l && [[ ! -L lf/l && $(<lf/l) == 1 && $(<lf/b) == 2 ]]'
as_cp_under() { # UMASK
    local each
    for each in cp "$aio cp"; do
        rm -rf um && mkdir -p um/s/t && echo 1 >um/s/t/f && chmod 777 um
        as_nobody bash -c "umask $1; cd um; $each -r s d"
        echo $? $(find um/d -printf '%p%m ' | sort)
        chmod -R u+rwx um
        [[ $(<um/d/t/f) == 1 ]] || echo "not copied by $each"
    done
}
for mask in 0222 0277 0700 0777; do
    promise "with the umask $mask, as cp" same_twice as_cp_under $mask
done
# A file that may be written, where names may not change.
same_in_closed() {
    local each
    for each in cp "$aio cp"; do
        rm -rf cl && mkdir -p cl/s/ro && echo new >cl/s/ro/f && chmod 555 cl/s/ro && chmod -R a+rX cl && chmod 777 cl
        ((EUID)) || chown -R 65534 cl/s
        (cd cl && umask 022 && as_nobody $each -r s d && as_nobody chmod u+w s/ro/f && echo newer >s/ro/f && as_nobody $each -r s/. d)
        echo $? "$(<cl/d/ro/f)"
        chmod -R u+rwx cl
    done
}
promise "a second time into a directory that may not be written" same_twice same_in_closed
appended_to() {
    mkdir -p ap as && echo one | tee as/g >one && echo two >ap/g && chattr +a ap
    "$aio" cp one ap/g && [[ $(<ap/g) == one ]] && echo two >ap/g && "$aio" cp -r as/. ap && [[ $(<ap/g) == one && $(ls -A ap) == g ]] &&
        mkfifo as/p && "$aio" cp -r as/. ap && [[ -p ap/p && $(ls -A ap) == $'g\np' ]]
    local status=$?
    chattr -a ap
    return $status
}
if ((EUID == 0)) && mkdir -p attr && chattr +a attr 2>/dev/null; then
    chattr -a attr
    promise "where names may only be added" appended_to
else skip "no directories that are only appended to"; fi
promise "-f replaces what cannot be opened" eval '
    python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"sk\")" && ln -s lp lp && echo f >f1 &&
    "$aio" cp -f f1 sk && [[ -f sk ]] && "$aio" cp -f f1 lp && [[ -f lp && ! -L lp ]]'
same_unread() {
    local each option
    for option in -n -u -i; do
        for each in cp "$aio cp"; do
            rm -rf un && mkdir -p un/d un/t/d && echo s | tee un/s >un/d/s && echo o | tee un/o >un/t/d/s && touch -d 2000-01-01 un/s un/d/s && chmod 0 un/s un/d/s
            chmod 666 un/o un/t/d/s && chmod 777 un un/t un/t/d
            ((EUID)) || chown -R 65534 un
            (cd un && as_nobody $each $option s o <<<n && as_nobody $each -r $option d t <<<n) 2>/dev/null
            echo $? "$(<un/o)" "$(<un/t/d/s)"
        done
    done
}
# Twice for each option, one after the other.
promise "what is not to be copied need not be readable" eval '[[ $(same_unread | uniq -c | grep -vc "^ *6 0 o o$") == 0 ]]'
if command -v setfacl >/dev/null && mkdir -p da && setfacl -d -m u::rwx,g::---,o::--- da 2>/dev/null; then
    same_by_default() { # ACL UMASK
        local each
        for each in cp "$aio cp"; do
            rm -rf da && mkdir -p ds/sub da && chmod 775 ds/sub && setfacl -d -m "$1" da && (umask "$2" && $each -r ds da)
            getfacl -cR da/ds 2>/dev/null | grep .
            chmod -R u+rwx da
        done
    }
    promise "a default ACL decides about new directories" same_twice same_by_default u::rwx,g::---,o::--- 022
    promise "with a mask" same_twice same_by_default u::rwx,u:1:rwx,g::rwx,m::r-x,o::r 022
    promise "and not the umask" same_twice same_by_default u::rwx,g::r-x,o::--- 0777
else skip "no ACLs"; fi
mkdir -p few/{1..10}/a/b/c/d/e/f/g/h/i/j
promise "with 20 descriptors" eval '(ulimit -n 20; "$aio" cp -a few few2) && diff <(facts few) <(facts few2)'
promise "a source twice" eval 'mkdir tw && "$aio" cp e e tw 2>said && grep -q "^aio cp: again, and left out: e$" said'
promise "why there is no directory" complains '^aio cp: target gone: No such file' "$aio" cp e n gone
promise "the last of -i and -n counts" eval 'echo old >n; echo n | "$aio" cp -n -i e n 2>&1 | grep -q overwrite && "$aio" cp -i -n e n && [[ $(<n) == old ]]'
promise "the last of -L, -P, -H and -a counts" eval '"$aio" cp -LP leads k1 && [[ -L k1 ]] && "$aio" cp -PL leads k2 && [[ ! -L k2 ]] && "$aio" cp -La leads k3 && [[ -L k3 ]]'
mkdir many && touch many/{1..3000}
promise "a reader that goes away does not end it" eval '{ "$aio" cp -rv many many2; echo $? >status; } | head -1 >head; [[ $(<status) == 0 && $(ls many2 | wc -l) == 3000 ]]'
promise "a file that is mounted there" unshare -rm bash -c '
    echo new >mn && echo old >mo && echo old >mt && mkdir -p ms md && echo new >ms/f && echo old >md/f || exit 77
    mount --bind mo mt && mount --bind mo md/f || exit 77
    "$0" cp mn mt && [[ $(<mo) == new ]] && echo old >mo && "$0" cp -r ms/. md && [[ $(<mo) == new ]]' "$aio"

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
