# aio mv moves what mv moves, on one file system and from one to another.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"
umask 022

there() { for each; do [[ -e $each || -L $each ]] || { echo "$each is gone"; return 1; }; done; }
gone() { for each; do [[ ! -e $each && ! -L $each ]] || { echo "$each is there"; return 1; }; done; }

echo a >a && echo b >b && mkdir d
promise "a file" eval '"$aio" mv a c && gone a && [[ $(<c) == a ]]'
promise "onto a file" eval '"$aio" mv b c && gone b && [[ $(<c) == b ]]'
promise "into a directory" eval '"$aio" mv c d && there d/c'
promise "-T does not" complains 'Is a directory' eval 'echo e >e; "$aio" mv -T e d'
promise "-t" eval '"$aio" mv -t d e && there d/e'
promise "of what may not be written nobody asks where nobody could answer" eval 'mkdir nt; echo 1 >nt/new; echo 2 >nt/old; chmod 400 nt/old
    ((EUID)) || chown -R 65534 nt; chmod 711 .; as_nobody "$aio" mv nt/new nt/old </dev/null && [[ $(<nt/old) == 1 ]]'
promise "several -t" complains 'multiple target directories' "$aio" mv -t d -t d a
promise "-T takes two" complains '-T takes one PATH' "$aio" mv -T d d d
promise "slashes behind a new directory" eval 'mkdir sl; "$aio" mv sl new/// && there new'
promise "several" eval 'touch f g; "$aio" mv f g d && there d/f d/g'
promise "several into a file" status 1 eval 'touch f g h; "$aio" mv f g h'
promise "-n" eval 'echo x >x; "$aio" mv -n x d/c; [[ $(<d/c) == b ]] && there x'
promise "-n of what is there with a slash behind it" prints '' eval 'mkdir nd; "$aio" mv -nv nd x/ 2>&1 && there nd x'
promise "-i no" eval 'echo n | "$aio" mv -i x d/c 2>/dev/null; [[ $(<d/c) == b ]] && there x'
promise "-u keeps what is newer" eval 'touch -d 2000-01-01 x; "$aio" mv -u x d/c; [[ $(<d/c) == b ]] && there x'
promise "-u replaces what is older" eval 'echo new >un; echo old >uo; touch -d 2000-01-01 uo; "$aio" mv -u un uo && gone un && [[ $(<uo) == new ]]'
promise "-n to a free name" eval '"$aio" mv -n uo free && gone uo && [[ $(<free) == new ]]'
promise "-u is not about directories" eval 'mkdir -p ud ui/ud && touch -d 2000-01-01 ud; "$aio" mv -u ud ui && gone ud'
promise "-i yes" eval 'echo y | "$aio" mv -i x d/c 2>/dev/null; [[ $(<d/c) == x ]] && gone x'
promise "-v" prints "renamed 'f' -> 'd/f'" "$aio" mv -v f d
as_mv() { # OPTIONS: two files of one name into a directory, of which the first cannot be moved
    local each
    for each in mv "$aio mv"; do
        rm -rf ma mb md && mkdir ma mb md && echo 1 >ma/f && echo 2 >mb/f && echo 3 >md/f && touch -d 2000-01-01 ma/f
        $each "$@" ma/f mb/f md 2>/dev/null
        echo $? $(cat md/f ma/f mb/f 2>&1)
    done
}
promise "what stayed was not just made" same_twice as_mv -u
promise "what was is not replaced" same_twice as_mv
promise "the same file" complains "are the same file" "$aio" mv g ./g
promise "two names of one file" complains "are the same file" eval 'ln g g2; "$aio" mv g g2'
promise "which stays" there g g2
promise "a link onto its target" complains "are the same file" eval 'ln -s g leads; "$aio" mv leads g'
promise "both stay" eval '[[ -L leads && -f g && ! -L g ]]'
promise "the last of -i, -f and -n counts" eval 'echo 1 >o1; echo 2 >o2; "$aio" mv -i -f o1 o2 </dev/null && [[ $(<o2) == 1 ]] &&
    echo 3 >o3 && "$aio" mv -f -n o3 o2 && there o3'
promise "a directory into itself" status 1 "$aio" mv d d/sub
promise "missing" complains '^aio mv: lstat missing: No such file' "$aio" mv missing d
promise "into what is missing" complains '^aio mv: rename g to none/g: No such file' "$aio" mv g none/g
promise "to nothing" complains "^aio mv: rename g to '': No such file" "$aio" mv g ''
promise "a link is moved, not what it leads to" eval 'ln -s g l; "$aio" mv l l2 && [[ -L l2 ]] && there g'

# Another file system: memory, or another memory in a mount namespace.
other=$trees
if [[ $(stat -c %d "$other") == "$(stat -c %d .)" ]]; then echo "no second file system"; exit 77; fi
kinds kinds
if command -v setfattr >/dev/null; then setfattr -n user.note -v text kinds/file 2>/dev/null; fi
cp -a kinds "$other/like"
promise "a tree of every kind" "$aio" mv kinds "$other/moved"
promise "is gone here" gone kinds
promise "and the same there" diff <(facts "$other/moved") <(facts "$other/like")
promise "and back" eval '"$aio" mv "$other/moved" kinds && diff <(facts kinds) <(cp -a "$other/like" like; facts like)'
promise "a file" eval 'echo a >a; "$aio" mv a "$other/a" && gone a && [[ $(<"$other/a") == a ]]'
promise "onto a file" eval 'echo b >b; "$aio" mv b "$other/a" && gone b && [[ $(<"$other/a") == b ]]'
promise "a file to a name with a slash" complains 'Not a directory$' eval 'echo s >s; "$aio" mv s "$other/none/"'
promise "stays" there s
promise "slashes behind what is new there" eval 'mkdir sl && touch sl/f && "$aio" mv sl "$other/sl///" && there "$other/sl/f" && gone sl'
promise "a link" eval 'ln -s nowhere n; "$aio" mv n "$other/n" && gone n && [[ -L $other/n ]]'
promise "names of one file stay together" eval 'mkdir p q; echo l >p/l; ln p/l q/m; ln p/l r; "$aio" mv p q r "$other" &&
    [[ $other/p/l -ef $other/q/m && $other/p/l -ef $other/r ]]'
promise "also of files" eval 'echo l >m1; ln m1 m2; "$aio" mv m1 m2 "$other" && [[ $other/m1 -ef $other/m2 ]]'
mkdir -p half/{a,z} && echo 1 >half/a/f && echo 2 >half/z/g && chmod 555 half/a && chmod 0 half/z/g
((EUID)) || chown -R 65534 half
mkdir "$other/halves" && chmod 777 . "$other" "$other/halves"
promise "a part that cannot be copied" complains 'open half/z/g: Permission denied' as_nobody "$aio" mv half "$other/halves/half"
promise "leaves nothing there" test -z "$(ls -A "$other/halves")"
promise "and all here" there half/a/f half/z/g
promise "a full disk leaves the source" unshare -rm bash -c '
    mkdir -p small && mount -t tmpfs -o size=1M none small && mkdir t && head -c 3000000 /dev/urandom >t/big && echo a >t/a || exit 77
    "$0" mv t small 2>said && exit 1
    grep -q "No space left" said && [[ -s t/big && -s t/a && -z $(ls -A small) ]]' "$aio"
promise "a file system that may not be written" unshare -rm bash -c '
    mkdir -p ro && mount -t tmpfs none ro && mount -o remount,ro ro && echo f >rof || exit 77
    "$0" mv rof ro/f 2>said && exit 1
    cat said; [[ $(wc -l <said) == 1 && -s rof ]]' "$aio"
mkdir -p x/locked && touch x/locked/f && chmod 555 x/locked
((EUID)) || chown -R 65534 x
chmod 777 . "$other"
promise "what cannot be removed is named" complains 'unlink x/locked/f: Permission denied' as_nobody "$aio" mv x "$other/x"
promise "and the copy is complete" there "$other/x/locked/f" x/locked/f
set -m
given_up() { # Ctrl-C while it copies: what stays here was not moved
    local pid got=0
    mkdir up && touch up/{1..20000}
    "$aio" mv -v up "$other" >renamed 2>said &
    pid=$!
    until compgen -G "$other/.aio-*" || ! kill -0 "$pid"; do sleep 0.002; done
    kill -INT "$pid"
    wait "$pid" || got=$?
    [[ $got == 0 ]] || { prints 'aio mv: interrupted after 0 entries' cat renamed said && there up/20000; }
}
promise "Ctrl-C" given_up
set +m
promise "no temporary file anywhere" test -z "$(find . "$other" -name '.aio-*')"
finish
