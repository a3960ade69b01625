# ACLs and extended attributes: aio cp keeps those that cp keeps, aio mv all, also from one file system to another.
source "$(dirname "$0")/lib.bash"
source "$(dirname "$0")/trees.bash"
umask 022

for tool in setfacl getfacl setfattr getfattr; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
mkdir -p t/d/sub t/default && echo text | tee t/f t/d/f t/default/f >/dev/null && ln -s f t/link && mkfifo t/fifo
setfattr -n user.note -v text t/f 2>/dev/null && setfacl -m u:1:r t/f 2>/dev/null ||
    { echo "skipped: no attributes or ACLs on this file system"; exit 77; }
setfattr -n user.empty t/f
setfattr -n user.binary -v 0x00ff0a t/d
setfattr -n user.long -v "$(printf 'x%.0s' {1..2000})" t/d/f
setfacl -m u:1:rwx,g:2:r-x,m:r-x t/d/f
setfacl -m u:3:rwx t/d
setfacl -d -m u:1:rx,g:5:rwx t/default # what is made in it inherits these
chmod 2775 t/d/sub
if ((EUID == 0)); then
    setfattr -n trusted.note -v text t/f t/d
    setfattr -h -n trusted.note -v link t/link
    setfattr -n trusted.note -v fifo t/fifo
fi

# metadata DIRECTORY: all ACLs and attributes, as the tools for them show them.
metadata() {
    (cd "$1" && find . ! -type l -print0 | sort -z | xargs -0 getfacl -n && find . -print0 | sort -z | xargs -0 getfattr -h -d -m - && facts .)
}
same() { diff <(metadata "$1") <(metadata "$2"); }
# like_cp OPTIONS: the same copy as cp's, in a new directory and in one whose default ACL says otherwise.
like_cp() {
    local into
    mkdir inherits && setfacl -d -m u:7:rwx,o::rwx inherits
    for into in . inherits; do
        "$aio" cp "$@" t $into/ours && cp "$@" t $into/theirs && same $into/ours $into/theirs || return 1
        rm -rf $into/ours $into/theirs
    done
    rm -r inherits
}
promise "cp -a keeps all" like_cp -a
promise "cp -rp keeps ACLs, but not attributes" like_cp -rp
promise "cp -p of a file" eval '"$aio" cp -p t/d/f f1 && cp -p t/d/f f2 && diff <(getfacl -c f1) <(getfacl -c f2) && [[ -z $(getfattr -d f1) ]]'
promise "cp -r keeps neither" eval 'mkdir p && "$aio" cp -r t p/ours && ! getfacl -R -n p/ours | grep -q user:1: && [[ -z $(getfattr -R -d p/ours) ]]'
promise "a file that is replaced hands its ACL on" eval '
    echo old >r && setfacl -m u:9:rw r && "$aio" cp t/f r && [[ $(<r) == text ]] && getfacl -n r | grep -q ^user:9:rw-'

# Another file system with attributes and ACLs: memory.
if [[ $trees == "$PWD" ]]; then skip "no other file system"; else
    if setfattr -n user.note -v x "$trees" 2>/dev/null; then
        cp -a t "$trees/like" # sizes in blocks are the file system's own business
        promise "cp -a to another file system" eval '"$aio" cp -a t "$trees/x" && same "$trees/x" "$trees/like" && rm -r "$trees/x"'
        promise "mv to another file system" eval '"$aio" mv t "$trees/x" && [[ ! -e t ]] && same "$trees/x" "$trees/like"'
        promise "and back" eval '"$aio" mv "$trees/x" t && cp -a "$trees/like" like && same t like'
    else
        skip "the other file system has no attributes of users"
    fi
fi

# What the destination cannot hold is said, and the content is there.
no_attributes() {
    local how=-rm
    ((EUID)) || how=-m
    unshare $how bash -c 'mkdir -p plain && mount -t ramfs none plain && "$0" cp -a t plain/t 2>said; status=$?
        ((status == 1)) && grep -q "^aio cp: setxattr plain/t/f: Operation not supported" said && [[ $(<plain/t/f) == text ]] ||
            { echo "status $status"; cat said; exit 1; }' "$aio"
}
# Without its ACL nobody but the owner may what it kept others from.
no_acl() {
    local how=-rm
    ((EUID)) || how=-m
    unshare $how bash -c 'mkdir -p plain && mount -t ramfs none plain && echo secret >kept && setfacl -m u:1:rw,g::-,m:rw kept && chmod o-r kept
        "$0" cp -p kept plain; (($? == 1)) && [[ $(stat -c %a kept plain/kept) == $'"'"'660\n600'"'"' ]]' "$aio"
}
if unshare -m true 2>/dev/null; then promise "what cannot be kept is named" no_attributes; promise "who was kept out stays out" no_acl; else skip "no mount namespace"; fi
# A group that the copy cannot have: it and others may do what both might, and those who are named what they could.
if ((EUID == 0)); then
    mkdir g && chmod 777 . g && echo text >g/f && chgrp 4242 g/f && chmod 664 g/f && setfacl -m u:4243:---,u:4244:rw,g::rw g/f
    shown() { getfacl -nc "$1" 2>/dev/null | tr '\n' ' '; }
    wanted='user::rw- user:4243:--- user:4244:rw- group::r-- mask::rw- other::r-- '
    promise "cp -p without the group" eval 'as_nobody "$aio" cp -p g/f g/copy && [[ $(shown g/copy) == "$wanted"* ]] || { shown g/copy; false; }'
fi
# Capabilities are root's to give.
mkdir cap && echo program >cap/f && chmod 777 . cap
if setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 cap/f 2>/dev/null; then
    promise "cp -a of a capability" eval '"$aio" cp -a cap cap1 && cp -a cap cap2 && same cap1 cap2 && getfattr -n security.capability cap1/f'
    promise "cp -a of one without the right to it" eval 'as_nobody "$aio" cp -a cap/f cap/copy && [[ $(<cap/copy) == program ]] &&
        ! getfattr -n security.capability cap/copy 2>/dev/null'
fi
finish
