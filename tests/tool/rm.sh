# aio rm removes what rm removes, says what rm says, and asks as it does.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"

gone() { for each; do [[ ! -e $each && ! -L $each ]] || { echo "$each is still there"; return 1; }; done; }
there() { for each; do [[ -e $each || -L $each ]] || { echo "$each is gone"; return 1; }; done; }

touch a b c
as_rm() { # ANSWER OPTIONS: what rm does to four files and a tree
    local each
    for each in rm "$aio rm"; do
        mkdir -p four/t && touch four/{a,b,c,d,stays}
        (cd four && $each "${@:2}" <<<"$1" 2>&1 | sed 's/^aio //'; ls)
        rm -rf four
    done
}
promise "-I asks about many" same_twice as_rm n -I a b c d
promise "and once" same_twice as_rm y -I a b c d
promise "not about three" same_twice as_rm n -I a b c
promise "about a tree" same_twice as_rm n -rI t
promise "the last of -I and -f counts" same_twice as_rm n -I -rf t a b c d
kinds_asked() { # what rm asks about what is no file
    local each
    for each in rm "$aio rm"; do
        mkdir of && mkfifo of/p && ln -s p of/l && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("of/s")'
        [[ $EUID != 0 ]] || { mknod of/b b 7 200 && mknod of/c c 1 3; }
        yes n | $each -i of/* 2>&1 | sed 's/aio rm:/rm:/g; s/? /?\n/g; s/‘/'"'"'/g; s/’/'"'"'/g'
        rm -rf of
    done
}
promise "what it is, it says" same_twice kinds_asked
promise "a link with a slash is none to remove" complains '^aio rm: rmtree linked/: Not a directory$' eval 'ln -s . linked; "$aio" rm -r linked/'
promise "and stays" there linked
promise "what is always so may be said" same_twice as_rm y -rf --one-file-system --preserve-root t
promise "files" "$aio" rm a b
promise "are gone" gone a b
promise "a directory is no file" complains '^aio rm: unlink empty: Is a directory$' eval 'mkdir empty; "$aio" rm empty'
promise "which stays" there empty
promise "-d removes it" "$aio" rm -d empty
promise "and it is gone" gone empty
promise "-d removes no full directory" complains '^aio rm: rmdir full: Directory not empty$' eval 'mkdir -p full/x; "$aio" rm -d full'
promise "what is missing is an error" status 1 "$aio" rm missing c
promise "that does not stop the others" gone c
promise "unless -f" prints '' "$aio" rm -f missing
promise "nor with a slash" prints '' eval 'touch plain; "$aio" rm -rf missing/ plain/ missing/sub 2>&1'
promise "nor with dots behind it" prints '' "$aio" rm -rf missing/. missing/.. missing/../
both() {
    local first
    for ((i = 0; i < 50; ++i)); do
        mkdir -p both/{1,2,3}/{1,2}
        "$aio" rm -rf both &
        first=$!
        "$aio" rm -rf both && wait $first || return
    done
}
promise "nor what somebody else removes meanwhile" both
promise "the last of -i and -f counts" eval 'touch l1 l2; "$aio" rm -i -f l1 </dev/null && gone l1 && "$aio" rm -f -i l2 </dev/null 2>/dev/null && there l2'
promise "-f needs no operand" status 0 "$aio" rm -f
promise "but otherwise one is needed" status 2 "$aio" rm

kinds kinds
mkdir outside && touch outside/kept
ln -s "$PWD/outside" kinds/dir/outside
promise "-r removes everything" "$aio" rm -r kinds
promise "and it is gone" gone kinds
promise "no link was followed" there outside/kept

ln -s outside link
promise "-r of a link removes the link" "$aio" rm -r link
promise "only that" there outside/kept
promise "it is gone" gone link
ln -s outside link
promise "-r of link/ does not" complains 'link/: Not a directory$' "$aio" rm -r link/
promise "and leaves all" there link outside/kept
promise ". is refused" status 1 "$aio" rm -r .
promise ".. is refused" status 1 "$aio" rm -rf ../work/..
promise "and names that end so" status 1 "$aio" rm -rf outside/.
promise "/ is refused" complains 'rmtree /: Device or resource busy' "$aio" rm -rf /
promise "/ is refused by identity" complains 'Device or resource busy' "$aio" rm -rf ///
promise "all is there" there outside/kept /bin

mkdir -p v/d && touch v/d/f
promise "-v" prints $'removed \'v/d/f\'\nremoved directory \'v/d\'\nremoved directory \'v\'' "$aio" rm -rv v
touch f
promise "-v of a file" prints "removed 'f'" "$aio" rm -v f

mkdir -p q/d && touch q/d/{one,two}
promise "-i asks" complains "^aio rm: descend into directory 'q'\?" eval 'echo n | "$aio" rm -ri q'
promise "and obeys" there q/d/one q/d/two
printf 'y\ny\nn\ny\ny\n' | "$aio" rm -ri q 2>/dev/null
promise "one answer each" eval '(($(ls q/d | wc -l) == 1))'
promise "what is not wanted keeps the directories" status 0 eval '"$aio" rm -ri q 2>/dev/null <<<n'
mkdir -p whole/d && touch whole/d/f
promise "a directory may stay when all in it is gone" eval 'printf "y\ny\ny\nn\n" | "$aio" rm -ri whole 2>/dev/null && there whole/d && gone whole/d/f'
promise "\"no\" in full" eval 'echo no | "$aio" rm -ri whole 2>/dev/null && there whole/d'
promise "\"yes\" in full" eval 'printf "yes\nYes\nyes\n" | "$aio" rm -ri whole 2>/dev/null && gone whole'
promise "all of it" eval '(yes | "$aio" rm -ri q 2>/dev/null); gone q'

mkdir -p many/d && touch many/d/{1..3000}
promise "a reader that goes away does not end it" eval '{ "$aio" rm -rv many; echo $? >status; } | head -1 >head; [[ $(<status) == 0 ]] && gone many'
mkdir -p unread/v/u unread2 && chmod 0 unread/v/u unread2 && chmod 777 .
((EUID)) || chown -R 65534 unread unread2
promise "an empty directory need not be read" eval 'as_nobody "$aio" rm -r unread unread2 && gone unread unread2'

mkdir -p unread4/u && chmod 0 unread4
((EUID)) || chown -R 65534 unread4
promise "of a full one there is an error" complains '^aio rm: rmtree unread4: Permission denied$' as_nobody "$aio" rm -r unread4
promise "and it stays" eval 'chmod 700 unread4 && there unread4/u'

mkdir -p unread3/u && chmod 0 unread3/u
((EUID)) || chown -R 65534 unread3
promise "but it is asked about" eval 'printf "y\nn\n" | as_nobody "$aio" rm -ri unread3 2>/dev/null; there unread3/u'
promise "as an operand too" eval 'echo n | as_nobody "$aio" rm -ri unread3/u 2>/dev/null; there unread3/u'
promise "and goes if it may" eval 'printf "y\ny\ny\n" | as_nobody "$aio" rm -ri unread3 2>/dev/null; gone unread3'

# Errors in the middle.
mkdir -p m/{open,closed,unreadable}/sub && touch m/{open,closed,unreadable}/sub/f m/f
chmod 555 m/closed/sub
chmod 300 m/unreadable
chmod -R o+w m/open
((EUID)) || chown -R 65534 m
said() { as_nobody "$aio" rm -rf m 2>&1 | sed 's/: [A-Z].*//' | sort; }
promise "what cannot be removed is named" diff <(said) <(printf 'aio rm: open m/unreadable\naio rm: unlink m/closed/sub/f\n')
promise "the rest is gone" gone m/open m/f
promise "it is still an error" status 1 as_nobody "$aio" rm -rf m
chmod -R u+rwx m && rm -rf m

cd "$trees" || exit 1
deep deep
promise "10,000 levels, 64 descriptors, a stack of 256 KiB" limited 64 "$aio" rm -r deep
promise "are gone" gone deep
comb comb
promise "coming back to 2,000 levels with 16 descriptors" limited 16 "$aio" rm -r comb
promise "are gone" gone comb

# Memory: what it takes for 200,000 names more than for one directory. The whole million: MILLION=1.
peak() { # of a command's resident set, in KiB
    python3 - "$@" <<'END'
import os, resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
}
# Where a position is the number of an entry, what was removed makes others lie before it.
if ((EUID == 0)); then
    in_order() {
        unshare -m bash -c 'mkdir -p ram && mount -t ramfs none ram && mkdir -p ram/t/u/v && cd ram/t/u/v &&
            seq -f "%04g$(printf "x%.0s" {1..60})/$(seq -s / 20)" 5000 | xargs mkdir -p && cd ../../.. && "$0" rm -r t && [[ -z $(ls) ]]' "$aio"
    }
    if unshare -m true 2>/dev/null; then promise "a file system without lasting positions" in_order; else skip "no mount namespace"; fi
fi
number=${MILLION:+1000000}
number=${number:-200000}
mkdir one many && touch one/f
base=$(peak "$aio" rm -r one)
python3 -c "
import sys
for i in range($number): open('many/name-%d' % i, 'w').close()"
du_grown=$(($(peak "$aio" du -s many) - base))
rm_grown=$(($(peak "$aio" rm -r many) - base))
echo "growth for $number entries: du $du_grown KiB, rm $rm_grown KiB"
promise "du: memory does not grow with the entries" test "$du_grown" -lt 32768
promise "rm: memory does not grow with the entries" test "$rm_grown" -lt 32768
promise "and they are gone" gone many
finish
