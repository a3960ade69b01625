# aio du agrees with du.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"

same_as_du() { diff <("$aio" du "$@" | sort) <(du "$@" | sort); }
kinds kinds
mkdir -p a/b/c/d && head -c 100000 /dev/zero >a/b/c/big && ln a/b/c/big a/b/c/hard
promise "every kind of object" same_as_du kinds
promise "directories" same_as_du a
promise "-s" same_as_du -s a kinds
promise "-h" same_as_du -h a kinds
promise "-d 1" same_as_du -d 1 a
promise "-d 0" same_as_du -d 0 a
promise "files" same_as_du kinds/file kinds/sparse
promise "a file with two names counts once" same_as_du a/b a/b/c/hard
promise "an operand twice" same_as_du a a
promise "one in another" same_as_du a a/b a/b/c/hard
promise "one before what it is in" same_as_du a/b/c a a/b
promise "-s of both" same_as_du -s a/b a
promise "a file, and what it is in" same_as_du a/b/c/big a
promise "a slash at the end" same_as_du a/ kinds
promise "the source" same_as_du "$SOURCE/src"
promise "/usr/include" same_as_du -s /usr/include
promise "-x" same_as_du -x -s /usr/include
promise "a link is itself" same_as_du kinds/link
promise "no operand is the current directory" diff <("$aio" du | sort) <(du | sort)
mkdir -p un/x un/y && chmod 0 un/x && chmod 755 .
((EUID)) || chown -R 65534 un
unread() { diff <(as_nobody "$aio" du "$@" 2>/dev/null | sort) <(as_nobody du "$@" 2>/dev/null | sort); }
promise "what may not be read has its line" unread un
promise "also as an operand" unread un/x
promise "what is missing" complains '^aio du: lstat missing: No such file' "$aio" du missing
promise "is an error" status 1 "$aio" du missing a
promise "-c" same_as_du -c a b
promise "-k after -h" same_as_du -h -k a
promise "-s with -d 0 is one too many" complains 'warning: summarizing is the same as using --max-depth=0$' "$aio" du -s -d0 a
promise "and measures" same_as_du -s -d0 a
promise "-s with a depth is wrong usage" status 2 "$aio" du -s -d1 a
promise "a depth that is no number is wrong usage" status 2 "$aio" du -d x

cd "$trees" || exit 1
deep deep
promise "10,000 levels, 64 descriptors, a stack of 256 KiB" eval \
    '[[ $(limited 64 "$aio" du -s deep) == $(du -s deep) ]]'
finish
