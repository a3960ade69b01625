# What the tool shows on a terminal, and only there: colours, progress.
source "$(dirname "$0")/lib.bash"

# on_terminal COLUMNS COMMAND...: prints what the command writes to a terminal, whose width is given. $ANSWER is typed.
cat >on_terminal.py <<'END'
import fcntl, os, pty, struct, sys, termios
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
quiet = termios.tcgetattr(master)
quiet[3] &= ~termios.ECHO
termios.tcsetattr(master, termios.TCSANOW, quiet)
os.write(master, os.environ.get('ANSWER', '').encode())
try:
    while True:
        more = os.read(master, 4096)
        if not more: break
        sys.stdout.buffer.write(more)
except OSError: pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
on_terminal() { TERM=${TERM_WANTED-xterm} python3 on_terminal.py "$@"; }
escape=$'\033'

mkdir -p t/d && touch t/f && ln -s f t/l && mkfifo t/p && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("t/s")'
shown=$(on_terminal 80 "$aio" scan t | tr -d '\r' | sort)
plain=$'t/\nt/d/\nt/f\nt/l\nt/p\nt/s'
coloured=$(printf '%s\n' "$escape[1;34mt/$escape[0m" "$escape[1;34mt/d/$escape[0m" t/f "$escape[1;36mt/l$escape[0m" "$escape[33mt/p$escape[0m" "$escape[1;35mt/s$escape[0m")
promise "colours by type" diff <(sort <<<"$coloured") <(echo "$shown")
touch $'t/csi\xc2\x9b31m' $'t/raw\x9b31m' t/ä
obeyed() { LC_ALL=C grep -q $'\x9b' <(on_terminal 80 "$aio" scan t; on_terminal 80 "$aio" cp -v t/csi* t/raw* t/d; on_terminal 80 "$aio" rm $'\xc2\x9b'); }
promise "no name steers it" eval '! obeyed'
promise "but all others are shown" grep -q '^t/ä' <(on_terminal 80 "$aio" scan t)
rm -r t/csi* t/raw* t/ä t/d/*
promise "none in a pipe" prints "$plain" eval '"$aio" scan t | sort'
promise "none with NO_COLOR" prints "$plain" eval 'NO_COLOR=1 on_terminal 80 "$aio" scan t | tr -d "\r" | sort'
promise "none on a dumb terminal" prints "$plain" eval 'TERM_WANTED=dumb on_terminal 80 "$aio" scan t | tr -d "\r" | sort'
promise "none in JSON" eval '! on_terminal 80 "$aio" scan --json t | grep -q "$escape"'
promise "reasons in red" prints "aio rm: lstat none: $escape[31mNo such file or directory$escape[0m" eval 'on_terminal 80 "$aio" rm none | tr -d "\r"'
promise "not in a pipe" prints "aio rm: lstat none: No such file or directory" eval '"$aio" rm none 2>&1'

# A copy that takes two seconds: of a FIFO that is written slowly.
mkfifo slow
slowly() { (exec 3>slow; for _ in {1..22}; do head -c 3000000 /dev/zero >&3; sleep 0.1; done) & }
progress() { # COLUMNS
    slowly
    on_terminal "$1" "$aio" cp slow copied >shown || { cat shown; return 1; }
    wait
    [[ $(tail -c 4 shown) == $'\r'"$escape[K" ]] || { echo "the line was not erased"; return 1; }
    tr '\r' '\n' <shown | sed "s/$escape\[K//" | grep -v '^$' >lines
    grep -q '^[0-9]* entries' lines && awk -v w="$1" 'length >= w { exit 1 }' lines || { cat lines; return 1; }
}
promise "progress after a second" timeout 30 bash -c "$(declare -f slowly progress on_terminal); escape=$'\033' aio=$aio; progress 80"
promise "with bytes and their rate" grep -qE ', [0-9.]+M, [0-9.]+M/s' lines
promise "on 60 columns" timeout 30 bash -c "$(declare -f slowly progress on_terminal); escape=$'\033' aio=$aio; progress 60"
promise "on 12" timeout 30 bash -c "$(declare -f slowly progress on_terminal); escape=$'\033' aio=$aio; progress 12"
estimated() { # of two files, the second of which comes slowly
    head -c 1000000 /dev/zero >large && mkdir both && slowly
    on_terminal 80 "$aio" cp large slow both >shown
    wait
    grep -qE '50%, [0-9]+ s left' shown || { cat shown; return 1; }
}
promise "with what is left" timeout 30 bash -c "$(declare -f slowly estimated on_terminal); escape=$'\033' aio=$aio; estimated"
verbose() { slowly; on_terminal 80 "$aio" cp -v --progress slow copied >shown; wait; grep -q 'entries/s' shown; }
promise "also with -v, if it is wanted" timeout 30 bash -c "$(declare -f slowly verbose on_terminal); aio=$aio; verbose"
promise "and none else" prints '' eval '(sleep 1.3; echo x) | "$aio" cp /dev/stdin copied 2>&1'

# Questions about what one may not write: those of rm and mv, word for word, and nothing is done without a yes.
protected() {
    rm -rf q && mkdir -p q/shut/sub && echo 1 >q/new && echo 2 >q/old && echo 3 >q/shut/sub/f && chmod 400 q/old && chmod 555 q/shut
    ((EUID)) || chown -R 65534 q
}
asked() { # ANSWER COMMAND...
    local answer=$1
    shift
    protected
    ANSWER=$answer on_terminal 80 "${nobody[@]}" "$@" | tr -d '\r' | sed "s,^aio ,,; s,: cannot.*,,"
    find q | sort
}
asks_as() { # the same, one after the other
    asked "$@" >theirs
    asked "$1" "$aio" "${@:2}" | diff theirs -
}
chmod 777 .
deep() { # 200 levels, beyond PATH_MAX
    local i
    mkdir deep && (cd deep && for i in {1..200}; do mkdir "${name:=$(printf 'n%.0s' {1..30})}" && cd "$name" || exit 1; done)
    ((EUID)) || chown -R 65534 deep
    ANSWER=$'n\n' on_terminal 80 "${nobody[@]}" "$aio" rm -r deep
}
promise "and asks nothing of what is too deep for a path" prints '' eval 'deep; find deep 2>/dev/null | head -1'
promise "rm -r asks before it goes in" asks_as $'n\n' rm -r q/shut
promise "and then goes in" eval 'asked $'"'y\\n'"' "$aio" rm -r q/shut >said; grep -q "^q/shut/sub$" said && ! grep -q sub/f said'
promise "mv asks before it replaces" asks_as $'n\n' mv q/new q/old
promise "and then does" asks_as $'y\n' mv q/new q/old
promise "mv -i too" asks_as $'n\n' mv -i q/new q/old
promise "-f does not" asks_as '' mv -f q/new q/old
finish
